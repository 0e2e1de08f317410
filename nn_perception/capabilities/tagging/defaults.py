"""Defaults of image tagging; imports nothing, so that command-line parsers start at once."""

from __future__ import annotations

DEFAULT_MODEL = 'efficientnet_lite0'
TAG_TOP_K = 5
TAG_MIN_SCORE = 0.05
