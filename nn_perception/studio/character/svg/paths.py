"""The attribute ``d`` of a path."""

from __future__ import annotations

import re

from nn_perception.studio.character.svg.limits import at, shown
from nn_perception.studio.character.svg.numbers import in_range, NUMBER
from nn_perception.studio.character.svg.outlines import Pen, Point

_BETWEEN = re.compile(r'[\s,]*')
_FLAG = re.compile(r'[01]')
# How many numbers a command takes.
_COUNTS = {'M': 2, 'L': 2, 'H': 1, 'V': 1, 'C': 6, 'S': 4, 'Q': 4, 'T': 2, 'A': 7, 'Z': 0}


class _PathReader:
    """Reads commands, and draws them."""

    def __init__(self, text: str, pen: Pen) -> None:
        self._text = text
        self._pen = pen
        self._position = 0
        # The last handle, which S and T mirror, and the kind of the curve that it belongs to.
        self._handle: Point = (0.0, 0.0)
        self._kind = ''

    def read(self) -> None:
        command = ''
        self._skip()
        while self._position < len(self._text):
            char = self._text[self._position]
            if char.upper() in _COUNTS:
                command = char
                self._position += 1
            elif not command or command in 'Zz':
                raise self._error('is not a command of a path')
            if not self._pen.outlines and command not in 'Mm':
                raise self._error('begins the path, but a path begins with M')
            self._draw(command)
            # Further pairs after M are lines.
            command = {'M': 'L', 'm': 'l'}.get(command, command)
            self._skip()

    def _error(self, message: str) -> Exception:
        return at(self._pen.line, f'{shown(self._text[self._position :])} {message}')

    def _skip(self) -> None:
        found = _BETWEEN.match(self._text, self._position)
        self._position = found.end() if found else self._position

    def _take(self, pattern: re.Pattern[str]) -> float:
        self._skip()
        found = pattern.match(self._text, self._position)
        if not found:
            raise self._error('is not a number of a path')
        self._position = found.end()
        return in_range(float(found.group()), self._pen.line)

    def _draw(self, command: str) -> None:
        kind = command.upper()
        # The flags of an arc may be written without anything between them.
        patterns = [_FLAG if kind == 'A' and i in (3, 4) else NUMBER for i in range(_COUNTS[kind])]
        values = [self._take(pattern) for pattern in patterns]
        if kind == 'Z':
            self._pen.close()
            self._kind = kind
            return
        x, y = self._pen.at if command.islower() else (0.0, 0.0)
        if kind == 'H':
            points = [(x + values[0], self._pen.at[1])]
        elif kind == 'V':
            points = [(self._pen.at[0], y + values[0])]
        else:
            pairs = values[5:] if kind == 'A' else values
            points = [(x + pairs[i], y + pairs[i + 1]) for i in range(0, len(pairs), 2)]
        for point in points:
            in_range(point[0], self._pen.line)
            in_range(point[1], self._pen.line)
        if kind == 'A':
            flags = (bool(values[3]), bool(values[4]))
            self._begin()
            self._pen.arc((values[0], values[1]), values[2], flags, points[0])
        else:
            self._draw_points(kind, points)
        self._kind = kind

    def _begin(self) -> None:
        """Start a new outline after Z, where the last one started."""
        if self._pen.outlines[-1].closed:
            self._pen.move(self._pen.at)

    def _draw_points(self, kind: str, points: list[Point]) -> None:
        pen = self._pen
        if kind == 'M':
            pen.move(points[0])
            return
        self._begin()
        if kind in 'LHV':
            pen.straight(points[0])
        elif kind in 'CS':
            first = points[0] if kind == 'C' else self._mirrored('CS')
            self._handle = points[-2]
            pen.curve(first, points[-2], points[-1])
        else:
            self._handle = points[0] if kind == 'Q' else self._mirrored('QT')
            pen.quadratic(self._handle, points[-1])

    def _mirrored(self, kinds: str) -> Point:
        x, y = self._pen.at
        if not self._kind or self._kind not in kinds:
            return x, y
        return 2 * x - self._handle[0], 2 * y - self._handle[1]


def draw_path(text: str, pen: Pen) -> None:
    """
    Draw the commands of a path.

    :param text: the attribute ``d``
    :raises FigureError: if it is not understood, or has too many curves or too large numbers
    """
    _PathReader(text, pen).read()
