"""Tabs of the view Train that look inside a run: its layers, its test samples, its results."""
