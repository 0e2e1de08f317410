"""What all capabilities build on: files, images, networks and how they run; no ROS."""
