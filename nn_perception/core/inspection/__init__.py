"""A look inside a network: its layers, what they output for an input, and why."""
