#!/usr/bin/env python3
"""
Draw the map of the package, docs/images/layers.svg, from the imports of its code.

``python tools/draw_layers.py`` rewrites the picture; test/unit/tools/test_draw_layers.py fails
when it no longer shows the code. It names folders and imports but counts nothing, so that it
changes only when the layout does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import sys
import textwrap
from typing import NamedTuple
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'nn_perception'
PICTURE = ROOT / 'docs' / 'images' / 'layers.svg'
# From top to bottom: the folders of a row may import those of the rows below it, and neighbours.
ROWS = (
    ('cli', 'benchmark', 'ros'),
    ('studio',),
    ('bags', 'sources', 'training'),
    ('capabilities',),
    ('core',),
)
NOTE = (
    'An arrow points from a folder to one that it imports; '
    'imports that follow from a path of arrows are not drawn.'
)
WIDTH, MARGIN, PADDING = 900, 16, 14
COLUMN_GAP, ROW_GAP = 44, 54
NAME_PX, LINE_PX = 24, 18
# What a character of the smaller text takes at most, on average.
CHARACTER_PX = 6.9
ARROW_SPACING_PX = 36
STYLE = """
  text { font: 13px sans-serif; fill: #24292f }
  .name { font-weight: bold; font-size: 16px }
  .folders { fill: #57606a; font-family: monospace; font-size: 12px }
  .note { fill: #768390; font-size: 12px }
  rect { fill: #f6f8fa; stroke: #8c959f; stroke-width: 1.5 }
  path { fill: none; stroke: #218bff; stroke-width: 1.5; marker-end: url(#head) }
  #head path { fill: #218bff; stroke: none; marker-end: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .folders { fill: #9198a1 }
    .note { fill: #768390 }
    rect { fill: #161b22; stroke: #6e7681 }
  }
"""

Edge = tuple[str, str]


class Place(NamedTuple):
    """The row and the column of a box."""

    row: int
    column: int


@dataclass(frozen=True)
class Box:
    """
    The box of a folder; lengths are in pixels.

    :ivar name: name of the folder
    :ivar summary: lines of the first sentence of its docstring
    :ivar folders: lines with the names of its folders
    """

    name: str
    summary: Sequence[str]
    folders: Sequence[str]
    left: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Return the lower edge."""
        return self.top + self.height


def read_imports(package: Path) -> dict[str, set[str]]:
    """
    Read which folders of a package import which.

    :param package: its folders
    :returns: folder -> the other folders that it imports, lazily and for types too
    """
    layers = {path.parent.name for path in package.glob('*/__init__.py')}
    imports: dict[str, set[str]] = {layer: set() for layer in layers}
    for layer in layers:
        for path in sorted((package / layer).rglob('*.py')):
            found = set(_imported_layers(path, package.name))
            imports[layer] |= (found & layers) - {layer}
    return imports


def select_arrows(
    imports: Mapping[str, Iterable[str]], rows: Sequence[Sequence[str]] = ROWS
) -> list[Edge]:
    """
    Select the imports to draw.

    Those between neighbours of a row and between one row and the next are drawn. One that goes
    further is drawn only if no path of those leads to the same folder.

    :param imports: folder -> the other folders that it imports
    :param rows: the folders of each row, from top to bottom
    :returns: (importing folder, imported folder), in the order of the rows
    """
    places = _places(rows)
    edges = [(a, b) for a in places for b in places if b in imports[a]]
    near = [(a, b) for a, b in edges if _is_near(places[a], places[b])]
    return [(a, b) for a, b in edges if (a, b) in near or b not in _reachable(a, near)]


def draw(package: Path = PACKAGE) -> str:
    """
    Draw the picture, as the text of an SVG file.

    :raises ValueError: if the folders of the package are not those of :data:`ROWS`
    """
    imports = read_imports(package)
    missing = imports.keys() ^ _places(ROWS).keys()
    if missing:
        raise ValueError(f'ROWS and the folders of {package} differ: {", ".join(sorted(missing))}')
    boxes = _lay_out(package)
    bottom = max(box.bottom for box in boxes.values())
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 40:g}" '
        'role="img">',
        '<title>The folders of nn_perception, and which imports which</title>',
        f'<style>{STYLE}</style>',
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>',
        # Behind the boxes, for an arrow that passes one.
        *_arrows(boxes, select_arrows(imports)),
    ]
    for box in boxes.values():
        lines += _draw_box(box)
    lines.append(f'<text class="note" x="{MARGIN}" y="{bottom + 26:g}">{escape(NOTE)}</text>')
    return '\n'.join([*lines, '</svg>', ''])


def _imported_layers(path: Path, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f'{node.module}.{alias.name}' for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split('.')
            if parts[0] == package and len(parts) > 1:
                yield parts[1]


def _places(rows: Sequence[Sequence[str]]) -> dict[str, Place]:
    return {
        name: Place(row, column)
        for row, names in enumerate(rows)
        for column, name in enumerate(names)
    }


def _is_near(a: Place, b: Place) -> bool:
    if a.row == b.row:
        return abs(a.column - b.column) == 1
    return abs(a.row - b.row) == 1


def _reachable(start: str, edges: Iterable[Edge]) -> set[str]:
    found, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        new = {b for a, b in edges if a == name} - found
        found |= new
        waiting += new
    return found


def _lay_out(package: Path) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    top = float(MARGIN)
    for names in ROWS:
        width = (WIDTH - 2 * MARGIN - COLUMN_GAP * (len(names) - 1)) / len(names)
        texts = [_texts(package / name, width) for name in names]
        lines = max(len(summary) + len(folders) for summary, folders in texts)
        height = PADDING + NAME_PX + lines * LINE_PX + PADDING / 2
        for column, (name, (summary, folders)) in enumerate(zip(names, texts, strict=True)):
            left = MARGIN + column * (width + COLUMN_GAP)
            boxes[name] = Box(name, summary, folders, left, top, width, height)
        top += height + ROW_GAP
    return boxes


def _texts(folder: Path, width: float) -> tuple[list[str], list[str]]:
    """Wrap the summary of a folder and the names of its folders to the width of its box."""
    columns = int((width - 2 * PADDING) / CHARACTER_PX)
    tree = ast.parse((folder / '__init__.py').read_text(encoding='utf-8'))
    summary = (ast.get_docstring(tree) or '').split('\n')[0].replace('``', '')
    folders = ' '.join(sorted(f'{path.parent.name}/' for path in folder.glob('*/__init__.py')))
    return textwrap.wrap(summary, columns), textwrap.wrap(folders, columns)


def _draw_box(box: Box) -> Iterator[str]:
    yield (
        f'<rect x="{box.left:g}" y="{box.top:g}" width="{box.width:g}" height="{box.height:g}" '
        'rx="8"/>'
    )
    x, y = box.left + PADDING, box.top + PADDING + 14
    yield f'<text class="name" x="{x:g}" y="{y:g}">{box.name}/</text>'
    y += NAME_PX - LINE_PX
    for style, lines in (('summary', box.summary), ('folders', box.folders)):
        for line in lines:
            y += LINE_PX
            yield f'<text class="{style}" x="{x:g}" y="{y:g}">{escape(line)}</text>'


def _arrows(boxes: Mapping[str, Box], edges: Sequence[Edge]) -> Iterator[str]:
    for edge in edges:
        a, b = boxes[edge[0]], boxes[edge[1]]
        if a.top != b.top:
            x1 = _port(boxes, edges, edge, 0)
            # A box as wide as the picture is entered straight from above.
            x2 = x1 if b.width > a.width else _port(boxes, edges, edge, 1)
            y1, y2 = a.bottom, b.top - 1
            middle = (y1 + y2) / 2
            yield f'<path d="M{x1:g} {y1:g}C{x1:g} {middle:g} {x2:g} {middle:g} {x2:g} {y2:g}"/>'
        else:
            rightwards = a.left < b.left
            x1, x2 = (a.left + a.width, b.left - 1) if rightwards else (a.left, b.left + b.width)
            yield f'<path d="M{x1:g} {a.top + a.height / 2:g}H{x2:g}"/>'


def _port(boxes: Mapping[str, Box], edges: Iterable[Edge], edge: Edge, end: int) -> float:
    """
    Find where an arrow leaves a box or enters one: side by side, in the order of their other ends.

    :param end: 0 to leave, 1 to enter
    :returns: x in pixels
    """
    box = boxes[edge[end]]
    others = sorted(
        (
            other
            for other in edges
            if other[end] == edge[end] and boxes[other[1 - end]].top != box.top
        ),
        key=lambda other: boxes[other[1 - end]].left,
    )
    offset = others.index(edge) - (len(others) - 1) / 2
    return box.left + box.width / 2 + offset * ARROW_SPACING_PX


if __name__ == '__main__':
    PICTURE.write_text(draw(), encoding='utf-8')
    sys.stdout.write(f'{PICTURE}\n')
