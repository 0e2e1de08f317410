"""Labelled frames, fine-tuning and model versions."""
