"""Microphones, results and taught sounds of a ROS graph, for the page."""
