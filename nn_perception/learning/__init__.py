"""Labelled frames, fine-tuning and model versions; knows nothing of ROS."""
