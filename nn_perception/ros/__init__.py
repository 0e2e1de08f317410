"""The ROS side: nodes and what they stand on."""
