"""The parts of a view that teaches."""
