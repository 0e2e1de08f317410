"""Labelled frames while they are captured: stored and embedded in threads of their own."""
