"""Image tags, handwritten digits and human poses for robots that see with a camera."""

__version__ = '0.1.0'
