"""The ROS side of fine-tuning."""
