"""Photographs, videos, bags and webcams as frames."""
