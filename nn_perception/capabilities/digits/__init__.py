"""Digits in whole camera images."""
