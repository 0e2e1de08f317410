"""The ROS side: the only place of the package that imports ROS."""
