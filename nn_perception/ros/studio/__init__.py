"""The page on a ROS graph: its cameras, and the nodes that process their images."""
