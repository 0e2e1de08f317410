"""The samples of training runs."""
