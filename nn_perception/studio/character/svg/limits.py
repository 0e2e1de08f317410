"""What a drawing may contain at most, and the error that says what is wrong with it."""

from __future__ import annotations

MAX_BYTES = 1_000_000
MAX_ELEMENTS = 5_000
MAX_DEPTH = 40
MAX_SHAPES = 2_000
# Curves of all paths together.
MAX_CURVES = 20_000
# No coordinate of a drawing is farther from the origin.
MAX_NUMBER = 1e5
MAX_RULES = 500
MAX_NAME = 80


class FigureError(ValueError):
    """A drawing that is not accepted; the text says why, and in which line."""


def at(line: int, message: str) -> FigureError:
    """Make the error for a line of the file."""
    return FigureError(f'Line {line}: {message}.')


def shown(text: str) -> str:
    """Quote what a file says, short and printable."""
    printable = ''.join(char if char.isprintable() else '?' for char in text[:40])
    return f'"{printable}{"..." if len(text) > 40 else ""}"'
