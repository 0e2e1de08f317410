"""What every sense stands on: files, images, networks and how they run; no ROS."""
