"""Reproducible training of the digit reader's network, from scratch."""
