"""Checkpoints, engines and the cache of exported networks."""
