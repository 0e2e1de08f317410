"""Recorded bags, without ROS: their images, and results beside them."""
