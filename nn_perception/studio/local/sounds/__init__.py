"""Microphones and networks for sounds in the process of the page."""
