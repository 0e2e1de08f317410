"""ROS side of ``nn_perception bench``: what is measured between processes."""
