"""Recorded bags, read, annotated and written without ROS."""
