"""Networks and what they need on plain numpy images; knows nothing of ROS."""
