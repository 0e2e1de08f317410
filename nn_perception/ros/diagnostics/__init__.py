"""Counts, rates and warnings of the nodes, and the diagnostics that report them."""
