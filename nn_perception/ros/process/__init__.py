"""How a node process starts, runs and ends."""
