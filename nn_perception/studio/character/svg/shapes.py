"""The shapes of SVG as outlines."""

from __future__ import annotations

from nn_perception.studio.character.svg.document import Node
from nn_perception.studio.character.svg.limits import at
from nn_perception.studio.character.svg.numbers import number, numbers
from nn_perception.studio.character.svg.outlines import CurveBudget, Outline, Pen
from nn_perception.studio.character.svg.paths import draw_path


def outlines_of(node: Node, budget: CurveBudget) -> list[Outline]:
    """
    Return the outlines of a shape, in its own coordinates.

    :param node: one of :data:`nn_perception.studio.character.svg.document.SHAPES`
    :returns: none for a shape without extent
    :raises FigureError: if its attributes are not understood
    """
    pen = Pen(budget, node.line)
    if node.tag == 'path':
        draw_path(node.attributes.get('d', ''), pen)
    elif node.tag in ('circle', 'ellipse'):
        _draw_ellipse(node, pen)
    elif node.tag == 'rect':
        _draw_rectangle(node, pen)
    elif node.tag == 'line':
        pen.move((_value(node, 'x1'), _value(node, 'y1')))
        pen.straight((_value(node, 'x2'), _value(node, 'y2')))
    else:
        _draw_polygon(node, pen)
    return [outline for outline in pen.outlines if len(outline.points) > 1]


def _value(node: Node, name: str, default: float = 0.0) -> float:
    text = node.attributes.get(name)
    return default if text is None else number(text, node.line)


def _draw_ellipse(node: Node, pen: Pen) -> None:
    x, y = _value(node, 'cx'), _value(node, 'cy')
    radius = _value(node, 'r')
    rx, ry = _value(node, 'rx', radius), _value(node, 'ry', radius)
    if rx <= 0 or ry <= 0:
        return
    pen.move((x + rx, y))
    pen.arc((rx, ry), 0, (False, True), (x - rx, y))
    pen.arc((rx, ry), 0, (False, True), (x + rx, y))
    pen.close()


def _draw_rectangle(node: Node, pen: Pen) -> None:
    x, y = _value(node, 'x'), _value(node, 'y')
    width, height = _value(node, 'width'), _value(node, 'height')
    if width <= 0 or height <= 0:
        return
    rx = _value(node, 'rx', _value(node, 'ry'))
    ry = _value(node, 'ry', rx)
    rx, ry = min(max(rx, 0.0), width / 2), min(max(ry, 0.0), height / 2)
    right, bottom = x + width, y + height
    if rx == 0 or ry == 0:
        pen.move((x, y))
        for corner in ((right, y), (right, bottom), (x, bottom)):
            pen.straight(corner)
        pen.close()
        return
    pen.move((x + rx, y))
    corners = (
        ((right - rx, y), (right, y + ry)),
        ((right, bottom - ry), (right - rx, bottom)),
        ((x + rx, bottom), (x, bottom - ry)),
        ((x, y + ry), (x + rx, y)),
    )
    for straight_to, arc_to in corners:
        pen.straight(straight_to)
        pen.arc((rx, ry), 0, (False, True), arc_to)
    pen.close()


def _draw_polygon(node: Node, pen: Pen) -> None:
    values = numbers(node.attributes.get('points', ''), node.line)
    if len(values) % 2:
        raise at(node.line, 'the points of a polygon come in pairs, but one number is left over')
    if not values:
        return
    pen.move((values[0], values[1]))
    for index in range(2, len(values), 2):
        pen.straight((values[index], values[index + 1]))
    if node.tag == 'polygon':
        pen.close()
