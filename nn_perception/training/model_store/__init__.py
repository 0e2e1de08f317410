"""Versions of fine-tuned models."""
