"""Outlines of cubic Bezier curves."""

from __future__ import annotations

from dataclasses import dataclass, field
import math

from nn_perception.studio.character.svg.limits import at, MAX_CURVES
from nn_perception.studio.character.svg.numbers import apply, in_range, Matrix

Point = tuple[float, float]


@dataclass
class Outline:
    """
    A line of cubic Bezier curves.

    :param points: the start, then for each curve two handles and its end
    :param closed: whether it ends where it starts
    """

    points: list[Point]
    closed: bool = False


@dataclass
class CurveBudget:
    """How many curves a drawing may still have."""

    left: int = MAX_CURVES

    def spend(self, count: int, line: int) -> None:
        """Count curves; :raises FigureError: if there are too many."""
        self.left -= count
        if self.left < 0:
            raise at(line, f'the drawing has more than {MAX_CURVES} curves')


@dataclass
class Pen:
    """Draws outlines; coordinates are absolute."""

    budget: CurveBudget
    line: int
    outlines: list[Outline] = field(default_factory=list)
    at: Point = (0.0, 0.0)

    def move(self, point: Point) -> None:
        """Begin a new outline."""
        self.budget.spend(1, self.line)
        self.outlines.append(Outline([point]))
        self.at = point

    def curve(self, first: Point, second: Point, end: Point) -> None:
        """Draw a cubic curve."""
        self.budget.spend(1, self.line)
        self.outlines[-1].points += [first, second, end]
        self.at = end

    def straight(self, end: Point) -> None:
        """Draw a straight line."""
        self.curve(_between(self.at, end, 1 / 3), _between(self.at, end, 2 / 3), end)

    def quadratic(self, handle: Point, end: Point) -> None:
        """Draw a quadratic curve."""
        first = _between(self.at, handle, 2 / 3)
        self.curve(first, _between(end, handle, 2 / 3), end)

    def close(self) -> None:
        """Return to the start of the outline."""
        self.budget.spend(1, self.line)
        outline = self.outlines[-1]
        if math.dist(self.at, outline.points[0]) > 1e-6:
            self.straight(outline.points[0])
        outline.closed = True
        self.at = outline.points[0]

    def arc(self, radii: Point, degrees: float, flags: tuple[bool, bool], end: Point) -> None:
        """
        Draw a part of an ellipse.

        :param radii: both radii
        :param degrees: by which the ellipse is turned
        :param flags: whether it is the larger part, and whether it runs clockwise on the screen
        """
        rx, ry = abs(radii[0]), abs(radii[1])
        if rx < 1e-9 or ry < 1e-9 or math.dist(self.at, end) < 1e-9:
            self.straight(end)
            return
        turn = math.radians(degrees)
        cos, sin = math.cos(turn), math.sin(turn)
        # To the frame in which the ellipse is a unit circle; see the notes of SVG 1.1 on arcs.
        half_x, half_y = (self.at[0] - end[0]) / 2, (self.at[1] - end[1]) / 2
        x, y = cos * half_x + sin * half_y, -sin * half_x + cos * half_y
        grow = max(1.0, math.hypot(x / rx, y / ry))
        rx, ry = rx * grow, ry * grow
        x, y = x / rx, y / ry
        length = math.hypot(x, y)
        off = math.sqrt(max(0.0, 1 - length**2)) / length * (-1 if flags[0] == flags[1] else 1)
        centre = (off * y, -off * x)
        start = math.atan2(y - centre[1], x - centre[0])
        sweep = math.atan2(-y - centre[1], -x - centre[0]) - start
        if flags[1] and sweep < 0:
            sweep += 2 * math.pi
        elif not flags[1] and sweep > 0:
            sweep -= 2 * math.pi
        middle = (self.at[0] + end[0]) / 2, (self.at[1] + end[1]) / 2
        frame = (cos * rx, sin * rx, -sin * ry, cos * ry, *middle)
        self._turn(frame, centre, start, sweep)
        self.outlines[-1].points[-1] = end
        self.at = end

    def _turn(self, frame: Matrix, centre: Point, start: float, sweep: float) -> None:
        """Draw a part of a unit circle, seen through a transform."""
        count = max(1, math.ceil(abs(sweep) / (math.pi / 2) - 1e-9))
        step = sweep / count
        handle = 4 / 3 * math.tan(step / 4)
        for index in range(count):
            angle, end = start + index * step, start + (index + 1) * step
            x, y = math.cos(angle), math.sin(angle)
            end_x, end_y = math.cos(end), math.sin(end)
            points = (
                (x - handle * y, y + handle * x),
                (end_x + handle * end_y, end_y - handle * end_x),
                (end_x, end_y),
            )
            first, second, last = (
                apply(frame, px + centre[0], py + centre[1]) for px, py in points
            )
            self.curve(first, second, last)


def _between(first: Point, second: Point, share: float) -> Point:
    return (
        first[0] + (second[0] - first[0]) * share,
        first[1] + (second[1] - first[1]) * share,
    )


def transformed(outline: Outline, matrix: Matrix, line: int) -> Outline:
    """Transform an outline."""
    points = [apply(matrix, x, y) for x, y in outline.points]
    for x, y in points:
        in_range(x, line)
        in_range(y, line)
    return Outline(points, outline.closed)


def bounds(outlines: list[Outline]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the points of outlines, handles included."""
    points = [point for outline in outlines for point in outline.points]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)
