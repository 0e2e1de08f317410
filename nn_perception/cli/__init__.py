"""The command ``nn_perception``."""
