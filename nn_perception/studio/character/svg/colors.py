"""Colours of SVG as hexadecimal numbers and opacity."""

from __future__ import annotations

import re

from nn_perception.studio.character.svg.limits import at, shown
from nn_perception.studio.character.svg.numbers import numbers
from PIL.ImageColor import colormap

# '#rrggbb', and opacity in [0, 1].
Color = tuple[str, float]
BLACK: Color = ('#000000', 1.0)
_HEX = re.compile(r'#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})')
_RGB = re.compile(r'rgba?\(([^()]*)\)')


def color(text: str, line: int) -> Color | None:
    """
    Parse a colour.

    :returns: None for ``none``
    :raises FigureError: if it is not a colour
    """
    text = text.strip().lower()
    if text in ('none', 'transparent'):
        return None
    if text == 'currentcolor':
        return BLACK
    if _HEX.fullmatch(text):
        digits = text[1:]
        if len(digits) < 6:
            digits = ''.join(char * 2 for char in digits)
        return f'#{digits[:6]}', int(digits[6:] or 'ff', 16) / 255
    found = _RGB.fullmatch(text)
    if found:
        return _from_parts(found.group(1), line)
    name = colormap.get(text)
    if isinstance(name, str):
        return name.lower(), 1.0
    raise at(line, f'{shown(text)} is not a colour')


def _from_parts(text: str, line: int) -> Color:
    parts = numbers(
        text.replace('/', ' ').replace('%', ' % ').replace(' %', '%').replace('%', ''), line
    )
    if len(parts) not in (3, 4):
        raise at(line, f'{shown(text)} is not a colour')
    factor = 2.55 if '%' in text else 1.0
    channels = [min(max(round(part * factor), 0), 255) for part in parts[:3]]
    opacity = min(max(parts[3], 0.0), 1.0) if len(parts) == 4 else 1.0
    return '#{:02x}{:02x}{:02x}'.format(*channels), opacity


def mean(colors: list[Color]) -> Color | None:
    """Return the mean of colours; None if there are none."""
    if not colors:
        return None
    count = len(colors)
    channels = [
        round(sum(int(code[i : i + 2], 16) for code, _ in colors) / count) for i in (1, 3, 5)
    ]
    return '#{:02x}{:02x}{:02x}'.format(*channels), sum(alpha for _, alpha in colors) / count
