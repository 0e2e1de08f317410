"""Curves of several runs in one graph, sent to the browser as they grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nicegui
from nicegui.element import Element

ECHARTS = Path(nicegui.__file__).parent / 'elements' / 'echart' / 'dist'
MODULES = {
    'nn-train': str(Path(__file__).parents[1] / 'modules'),
    'nicegui-echart': str(ECHARTS),
}


@dataclass(frozen=True)
class Line:
    """
    A curve.

    :param id: stays while the curve grows
    :param name: for people
    :param color: of CSS
    :param x: one coordinate of its points, growing
    :param y: the other
    :param dashed: drawn so
    """

    id: str
    name: str
    color: str
    x: Sequence[float]
    y: Sequence[float | None]
    dashed: bool = False


@dataclass(frozen=True)
class Axes:
    """
    What a graph shows.

    :param title: above it
    :param x: what its points are counted by
    :param y: what its points measure
    :param percent: they are shares
    :param hint: which line is which
    """

    title: str
    x: str
    y: str
    percent: bool = False
    hint: str = field(default='')


class Curves(Element, component='curves.js', esm=MODULES):
    """
    A graph with a table; only points that are new go to the browser.

    :param axes: what it shows
    """

    def __init__(self, axes: Axes) -> None:
        super().__init__()
        self._props.update(
            title=axes.title,
            hint=axes.hint,
            xName=axes.x,
            yName=axes.y,
            percent=axes.percent,
            smooth=False,
            log=False,
        )
        self._ready = False
        self._lines: Sequence[Line] = ()
        self._sent: dict[str, Line] = {}
        self.on('ready', self._on_ready)

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines, and no others."""
        self._lines = lines
        if self._ready and list(self._sent.values()) != list(lines):
            self.run_method('feed', [part(line, self._sent.get(line.id)) for line in lines])
            self._sent = {line.id: line for line in lines}

    def view(self, **properties: Any) -> None:
        """Change how it is drawn: ``smooth``, ``log``, ``xName``."""
        if any(self._props.get(key) != value for key, value in properties.items()):
            self._props.update(properties)
            self.update()

    def clear_graph(self) -> None:
        """Show only what comes from now on."""
        self.run_method('clear')

    def restore(self) -> None:
        """Show all points."""
        self.run_method('restore')

    def _on_ready(self) -> None:
        """Send everything to a browser that has nothing."""
        self._ready, self._sent = True, {}
        self.show(self._lines)


def part(line: Line, sent: Line | None) -> dict[str, Any]:
    """
    Return what a browser does not have of a line.

    :param sent: what it has
    """
    same = common(line, sent) if sent else 0
    return {
        'id': line.id,
        'name': line.name,
        'color': line.color,
        'dashed': line.dashed,
        'from': same,
        'x': list(line.x[same:]),
        'y': list(line.y[same:]),
    }


def common(line: Line, other: Line) -> int:
    """Return how many points two lines have in common at the beginning."""
    size = min(len(line.x), len(other.x))
    # Curves nearly always only grow.
    if line.x[:size] == other.x[:size] and line.y[:size] == other.y[:size]:
        return size
    pairs = zip(line.x, other.x, line.y, other.y, strict=False)
    for at, (x, other_x, y, other_y) in enumerate(pairs):
        if x != other_x or y != other_y:
            return at
    return size
