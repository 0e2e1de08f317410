"""The process of a run."""
