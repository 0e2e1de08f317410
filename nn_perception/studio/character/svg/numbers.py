"""Numbers, lengths and transforms, with limits."""

from __future__ import annotations

from collections.abc import Sequence
import math
import re

from nn_perception.studio.character.svg.limits import at, MAX_NUMBER, shown

NUMBER = re.compile(r'[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?')
MAX_DIGITS = 60
_BETWEEN = re.compile(r'[\s,]*')
_TRANSFORM = re.compile(r'[\s,]*(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^()]*)\)')
_COUNTS = {
    'matrix': (6,),
    'translate': (1, 2),
    'scale': (1, 2),
    'rotate': (1, 3),
    'skewX': (1,),
    'skewY': (1,),
}

# x' = a x + c y + e, y' = b x + d y + f
Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def number(text: str, line: int) -> float:
    """Parse a number; ``px`` may follow it."""
    text = text.strip().removesuffix('px')
    # The length keeps the match from trying each way to split a long row of digits.
    if len(text) > MAX_DIGITS or not NUMBER.fullmatch(text):
        raise at(line, f'{shown(text)} is not a number in pixels')
    return in_range(float(text), line)


def in_range(value: float, line: int) -> float:
    """Return a number that is neither infinite nor too large."""
    if not abs(value) <= MAX_NUMBER:
        raise at(line, f'a number is larger than {MAX_NUMBER:.0f}')
    return value


def numbers(text: str, line: int) -> list[float]:
    """Parse numbers that are separated by spaces and commas, or by nothing but their signs."""
    values = []
    position = _skip(text, 0)
    while position < len(text):
        found = NUMBER.match(text, position)
        if not found:
            raise at(line, f'{shown(text[position:])} is not a number')
        values.append(in_range(float(found.group()), line))
        position = _skip(text, found.end())
    return values


def _skip(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    return found.end() if found else position


def multiply(first: Matrix, second: Matrix) -> Matrix:
    """Return the transform that does the second, then the first."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (
        a * g + c * h,
        b * g + d * h,
        a * i + c * j,
        b * i + d * j,
        a * k + c * m + e,
        b * k + d * m + f,
    )


def apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """Transform a point."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def scale_of(matrix: Matrix) -> float:
    """Return by how much a transform widens a line, on average."""
    a, b, c, d, _, _ = matrix
    return math.sqrt(abs(a * d - b * c))


def transform(text: str, line: int) -> Matrix:
    """Parse the attribute ``transform``."""
    result = IDENTITY
    position = 0
    text = text.strip()
    while position < len(text):
        found = _TRANSFORM.match(text, position)
        if not found:
            raise at(line, f'{shown(text[position:])} is not a transform')
        kind, values = found.group(1), numbers(found.group(2), line)
        if len(values) not in _COUNTS[kind]:
            raise at(line, f'{kind} with {len(values)} numbers is not a transform')
        result = multiply(result, _single(kind, values))
        for value in result:
            in_range(value, line)
        position = found.end()
    return result


def _single(kind: str, values: Sequence[float]) -> Matrix:
    first = values[0]
    if kind == 'matrix':
        a, b, c, d, e, f = values
        return (a, b, c, d, e, f)
    if kind == 'translate':
        return (1.0, 0.0, 0.0, 1.0, first, values[1] if len(values) > 1 else 0.0)
    if kind == 'scale':
        return (first, 0.0, 0.0, values[1] if len(values) > 1 else first, 0.0, 0.0)
    if kind == 'skewX':
        return (1.0, 0.0, math.tan(math.radians(first)), 1.0, 0.0, 0.0)
    if kind == 'skewY':
        return (1.0, math.tan(math.radians(first)), 0.0, 1.0, 0.0, 0.0)
    cos, sin = math.cos(math.radians(first)), math.sin(math.radians(first))
    turn: Matrix = (cos, sin, -sin, cos, 0.0, 0.0)
    if len(values) == 1:
        return turn
    there: Matrix = (1.0, 0.0, 0.0, 1.0, values[1], values[2])
    back: Matrix = (1.0, 0.0, 0.0, 1.0, -values[1], -values[2])
    return multiply(multiply(there, turn), back)
