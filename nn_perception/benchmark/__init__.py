"""What ``nn_perception bench`` and the soak test measure with."""
