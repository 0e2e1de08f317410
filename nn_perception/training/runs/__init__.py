"""Training runs that are watched and steered while they train, each in a process of its own."""
