"""Subscriptions to images and depth, and their decoding."""
