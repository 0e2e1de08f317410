#!/usr/bin/env python3
"""
Draw the map of the package, docs/images/layers.svg, from the imports of its code.

``python tools/draw_layers.py`` rewrites the picture; test/unit/tools/test_draw_layers.py fails
when it no longer shows the code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
import sys
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'nn_perception'
PICTURE = ROOT / 'docs' / 'images' / 'layers.svg'
# From top to bottom: each layer may import those below it, and never the other way round.
ROWS = ('cli', 'benchmark', 'ros', 'training', 'sources', 'bags', 'capabilities', 'core')
WIDTH, MARGIN, PADDING = 860, 16, 14
BOX_HEIGHT, ROW_GAP = 68, 26
LINE_PX = 19
STYLE = """
  text { font: 13px sans-serif; fill: #24292f }
  .name { font-weight: bold; font-size: 16px }
  .folders { fill: #57606a }
  rect { fill: #f6f8fa; stroke: #8c959f; stroke-width: 1.5 }
  path { fill: none; stroke: #0969da; stroke-width: 1.5; marker-end: url(#head) }
  #head path { fill: #0969da; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .folders { fill: #9198a1 }
    rect { fill: #161b22; stroke: #6e7681 }
    path { stroke: #4493f8 }
    #head path { fill: #4493f8 }
  }
"""


def read_imports(package: Path) -> dict[str, set[str]]:
    """
    Read which layers import which.

    :param package: its folders are the layers
    :returns: layer -> the other layers that it imports, lazily and for types too
    """
    layers = {path.parent.name for path in package.glob('*/__init__.py')}
    imports: dict[str, set[str]] = {layer: set() for layer in layers}
    for layer in layers:
        for path in sorted((package / layer).rglob('*.py')):
            found = set(_imported_layers(path, package.name))
            imports[layer] |= (found & layers) - {layer}
    return imports


def draw(package: Path = PACKAGE) -> str:
    """
    Draw the picture, as the text of an SVG file.

    :raises ValueError: if the folders of the package are not those of :data:`ROWS`
    """
    imports = read_imports(package)
    missing = imports.keys() ^ set(ROWS)
    if missing:
        raise ValueError(f'ROWS and the folders of {package} differ: {", ".join(sorted(missing))}')
    height = 2 * MARGIN + len(ROWS) * BOX_HEIGHT + (len(ROWS) - 1) * ROW_GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        '<title>The layers of nn_perception, and which imports which</title>',
        f'<style>{STYLE}</style>',
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>',
    ]
    for row, layer in enumerate(ROWS):
        top = MARGIN + row * (BOX_HEIGHT + ROW_GAP)
        below = [name for name in ROWS if name in imports[layer]]
        lines += _box(package / layer, top, below)
        if row + 1 < len(ROWS):
            end = top + BOX_HEIGHT
            lines.append(f'<path d="M{WIDTH // 2} {end}V{end + ROW_GAP - 2}"/>')
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


def _box(folder: Path, top: int, imported: list[str]) -> Iterator[str]:
    """
    Draw a layer: its name and folders, the first line of its docstring, and what it imports.

    :param top: upper edge in pixels
    :param imported: layers, in the order of :data:`ROWS`
    """
    tree = ast.parse((folder / '__init__.py').read_text(encoding='utf-8'))
    summary = (ast.get_docstring(tree) or '').split('\n')[0].replace('``', '')
    folders = sorted(path.parent.name for path in folder.glob('*/__init__.py'))
    left, right = MARGIN + PADDING, WIDTH - MARGIN - PADDING
    name_y, summary_y = top + 1.4 * LINE_PX, top + 2.6 * LINE_PX
    yield (
        f'<rect x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{BOX_HEIGHT}" rx="8"/>'
    )
    yield f'<text class="name" x="{left}" y="{name_y:g}">{folder.name}</text>'
    if folders:
        yield (
            f'<text class="folders" x="{right}" y="{name_y:g}" text-anchor="end">'
            f'{"   ".join(folders)}</text>'
        )
    yield f'<text x="{left}" y="{summary_y:g}">{escape(summary)}</text>'
    if imported:
        yield (
            f'<text class="folders" x="{right}" y="{summary_y:g}" text-anchor="end">'
            f'imports {", ".join(imported)}</text>'
        )


if __name__ == '__main__':
    PICTURE.write_text(draw(), encoding='utf-8')
    sys.stdout.write(f'{PICTURE}\n')
