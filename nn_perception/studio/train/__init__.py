"""The view Train: networks that train before your eyes, and runs to compare."""
