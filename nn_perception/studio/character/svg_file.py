"""
Drawings of figures: SVG files, read into plain numbers and colours.

The browser gets nothing else of a file: no markup, no style, no name that is not one of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import math
from typing import Any

from nn_perception.studio.character.joints import is_joint, part_of, PARTS, plain_name, skeleton_of
from nn_perception.studio.character.svg.colors import Color
from nn_perception.studio.character.svg.document import Node, read_document, SHAPES
from nn_perception.studio.character.svg.limits import at, FigureError, MAX_SHAPES
from nn_perception.studio.character.svg.numbers import (
    IDENTITY,
    in_range,
    Matrix,
    multiply,
    scale_of,
    transform,
)
from nn_perception.studio.character.svg.outlines import (
    bounds,
    CurveBudget,
    Outline,
    Point,
    transformed,
)
from nn_perception.studio.character.svg.shapes import outlines_of
from nn_perception.studio.character.svg.styles import Paint, read_styles, Styles

# A shape that is named like a joint and not larger than this share of the drawing marks the joint.
MARK_SIZE = 0.03


PLAIN = Paint()


@dataclass(frozen=True)
class _Place:
    """Where the shapes of a group are."""

    matrix: Matrix = IDENTITY
    paint: Paint = PLAIN
    part: str = ''


@dataclass
class _Drawing:
    """Collects the shapes of a file."""

    styles: Styles
    size: float
    budget: CurveBudget = field(default_factory=CurveBudget)
    joints: dict[str, Point] = field(default_factory=dict)
    shapes: list[dict[str, Any]] = field(default_factory=list)

    def place(self, node: Node, parent: _Place) -> _Place:
        """Return where the content of an element is."""
        matrix = parent.matrix
        if 'transform' in node.attributes:
            matrix = multiply(matrix, transform(node.attributes['transform'], node.line))
            for value in matrix:
                in_range(value, node.line)
        return _Place(matrix, self.styles.paint(node, parent.paint), parent.part)

    def outlines(self, node: Node, place: _Place) -> list[Outline]:
        """Return the outlines of a shape in the coordinates of the drawing."""
        return [
            transformed(outline, place.matrix, node.line)
            for outline in outlines_of(node, self.budget)
        ]

    def read_skeleton(self, node: Node, parent: _Place) -> None:
        """Collect the joints of a group."""
        for child in node.children:
            place = self.place(child, parent)
            name = _name(child)
            if child.tag == 'g':
                self.read_skeleton(child, place)
            elif child.tag in SHAPES and is_joint(name):
                self._mark(name, child, place, self.joints)

    def _mark(self, name: str, node: Node, place: _Place, found: dict[str, Point]) -> float:
        """Note the centre of a mark; :returns: its size."""
        outlines = self.outlines(node, place)
        if not outlines:
            raise at(node.line, f'the joint {name} has no size')
        left, top, right, bottom = bounds(outlines)
        found.setdefault(name, ((left + right) / 2, (top + bottom) / 2))
        return max(right - left, bottom - top)

    def read_illustration(self, node: Node, parent: _Place) -> None:
        """Collect the shapes of a group."""
        part = _name(node)
        marks: list[Node] = []
        if part in PARTS:
            parent = _Place(parent.matrix, parent.paint, part)
        elif not parent.part and not part.startswith('illustration'):
            marks, names = self._marks(node, parent)
            if names:
                parent = _Place(parent.matrix, parent.paint, part_of(names))
        for child in node.children:
            if any(child is mark for mark in marks):
                continue
            place = self.place(child, parent)
            if child.tag == 'g':
                self.read_illustration(child, place)
            elif child.tag in SHAPES:
                self._add(child, place)

    def _marks(self, node: Node, parent: _Place) -> tuple[list[Node], set[str]]:
        """Find the joints that are marked in a group: its shapes follow these only."""
        marks, names = [], set()
        for child in node.children:
            name = _name(child)
            if child.tag in SHAPES and is_joint(name):
                size = self._mark(name, child, self.place(child, parent), {})
                if size < MARK_SIZE * self.size:
                    marks.append(child)
                    names.add(name)
        return marks, names

    def _add(self, node: Node, place: _Place) -> None:
        paint = place.paint
        fill = _faded(paint.fill, paint.fill_opacity * paint.opacity)
        stroke = _faded(paint.stroke, paint.stroke_opacity * paint.opacity)
        width = paint.stroke_width * scale_of(place.matrix)
        if paint.hidden or not (fill or (stroke and width)):
            return
        outlines = self.outlines(node, place)
        if not outlines:
            return
        if len(self.shapes) >= MAX_SHAPES:
            raise at(node.line, f'the drawing has more than {MAX_SHAPES} shapes')
        self.shapes.append(
            {
                'part': place.part,
                'fill': fill,
                'stroke': stroke if width else None,
                'width': round(in_range(width, node.line), 3),
                'rule': paint.fill_rule,
                'cap': paint.linecap,
                'join': paint.linejoin,
                'miter': paint.miterlimit,
                'outlines': [
                    {
                        'closed': outline.closed,
                        'points': [round(value, 3) for point in outline.points for value in point],
                    }
                    for outline in outlines
                ],
            }
        )


def _faded(color: Color | None, opacity: float) -> list[Any] | None:
    if color is None or color[1] * opacity <= 0:
        return None
    return [color[0], round(color[1] * opacity, 4)]


def _name(node: Node) -> str:
    return plain_name(node.attributes.get('id', '')) or plain_name(node.label)


def _find(node: Node, prefix: str, drawing: _Drawing, place: _Place) -> tuple[Node, _Place] | None:
    """Find the first group whose name begins with a word, and where it is."""
    for child in node.children:
        if child.tag != 'g':
            continue
        inner = drawing.place(child, place)
        for name in (child.attributes.get('id', ''), child.label):
            if name.lower().startswith(prefix):
                return child, inner
        found = _find(child, prefix, drawing, inner)
        if found:
            return found
    return None


def read_figure(data: bytes) -> dict[str, Any]:
    """
    Read a drawing of a figure.

    :param data: content of the SVG file
    :returns: ``joints``: name -> [x, y] of the 17 joints; ``bounds``: [left, top, right, bottom];
        ``shapes``: each with ``part``, ``fill`` and ``stroke`` as [colour, opacity] or None,
        and ``outlines`` of cubic Bezier curves: ``points`` is a start (x, y), then six numbers
        for each curve. All coordinates are absolute.
    :raises FigureError: if the file is not accepted; says why, in a sentence
    """
    root = read_document(data)
    styles = read_styles(root)
    drawing = _Drawing(styles, size=1.0)
    groups = {}
    for name in ('skeleton', 'illustration'):
        groups[name] = _find(root, name, drawing, drawing.place(root, _Place()))
        if groups[name] is None:
            raise FigureError(f'The drawing has no group <g id="{name}">.')
    drawing.read_skeleton(*groups['skeleton'])  # type: ignore[misc]
    joints = skeleton_of(drawing.joints)
    drawing.size = max(math.dist(joints['leftShoulder'], joint) for joint in joints.values())
    drawing.read_illustration(*groups['illustration'])  # type: ignore[misc]
    if not drawing.shapes:
        raise FigureError('The group "illustration" has no shape that can be seen.')
    return {
        'joints': {name: [round(x, 3), round(y, 3)] for name, (x, y) in joints.items()},
        'bounds': _bounds(drawing.shapes),
        'shapes': drawing.shapes,
    }


def _bounds(shapes: list[dict[str, Any]]) -> list[float]:
    values = [outline['points'] for shape in shapes for outline in shape['outlines']]
    xs = [x for points in values for x in points[::2]]
    ys = [y for points in values for y in points[1::2]]
    return [min(xs), min(ys), max(xs), max(ys)]
