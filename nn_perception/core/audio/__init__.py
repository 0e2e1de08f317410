"""Sounds: samples, sampling rates, files and windows."""
