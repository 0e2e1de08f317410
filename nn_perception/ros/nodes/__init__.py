"""The nodes, one module for each executable."""
