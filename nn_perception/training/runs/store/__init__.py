"""The runs in a folder, and the connections to their processes."""
