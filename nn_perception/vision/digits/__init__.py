"""Digits in whole camera images: find what may be one, classify, and put it in reading order."""
