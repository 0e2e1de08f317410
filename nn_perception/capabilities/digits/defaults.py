"""Defaults of digit reading; imports nothing, so that command-line parsers start at once."""

from __future__ import annotations

DEFAULT_DIGIT_MODEL = 'digit_cnn'
INKS = ('auto', 'dark', 'light')
DIGIT_MIN_SCORE = 0.7
DIGIT_MAX_CANDIDATES = 400
DIGIT_MIN_HEIGHT_PX = 14
