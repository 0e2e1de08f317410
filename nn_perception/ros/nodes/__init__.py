"""The nodes, one file an executable."""
