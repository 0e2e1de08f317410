"""The nodes, and what connects them to ROS."""
