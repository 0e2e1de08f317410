"""Drawings are read as they are drawn: curves, transforms, paint and joints."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
import re
from typing import Any

from hostile_svg import drawing, SKELETON, XMLNS
from nn_perception.studio.character.figures import FOLDER, shipped_figures, TITLES
from nn_perception.studio.character.joints import BODY, JOINTS, part_of, PARTS, plain_name
from nn_perception.studio.character.svg.limits import FigureError
from nn_perception.studio.character.svg_file import read_figure
import pytest

Points = list[tuple[float, float]]


def shape(markup: str, before: str = '') -> dict[str, Any]:
    """Read the only shape of a drawing."""
    shapes = read_figure(drawing(markup, before))['shapes']
    assert len(shapes) == 1
    found: dict[str, Any] = shapes[0]
    return found


def outline(markup: str) -> Points:
    """Read the points of the only outline of a shape."""
    (found,) = shape(markup)['outlines']
    points = found['points']
    return list(zip(points[::2], points[1::2], strict=True))


def near(points: Points, expected: Points) -> bool:
    return len(points) == len(expected) and all(
        math.dist(*pair) < 1e-3 for pair in zip(points, expected, strict=True)
    )


def anchors(markup: str) -> Points:
    """Read the points through which an outline goes."""
    return outline(markup)[::3]


def on_curves(points: Points, steps: int = 20) -> Points:
    """Compute points on the curves of an outline."""
    result = []
    for start in range(0, len(points) - 1, 3):
        curve = points[start : start + 4]
        for step in range(steps + 1):
            t = step / steps
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            x, y = (
                sum(w * p[axis] for w, p in zip(weights, curve, strict=True)) for axis in (0, 1)
            )
            result.append((x, y))
    return result


def path(d: str) -> str:
    return f'<path d="{d}"/>'


@pytest.mark.parametrize(
    ('d', 'expected'),
    [
        ('M1 2L3 4', [(1, 2), (3, 4)]),
        ('M1,2 3,4 5,6', [(1, 2), (3, 4), (5, 6)]),
        ('m1 2 3 4 5 6', [(1, 2), (4, 6), (9, 12)]),
        ('M0 0h5v6H1V2', [(0, 0), (5, 0), (5, 6), (1, 6), (1, 2)]),
        ('M.5.5-1.5-2', [(0.5, 0.5), (-1.5, -2)]),
        (
            'M1.5.5-3 1e1-2e-1',
            [
                (1.5, 0.5),
                (-3, 10),
            ],
        ),
        ('M0 0l1-1.5.5.25', [(0, 0), (1, -1.5), (1.5, -1.25)]),
        ('M1 1h2v2z', [(1, 1), (3, 1), (3, 3), (1, 1)]),
    ],
)
def test_commands(d: str, expected: Points) -> None:
    if d.endswith('-2e-1'):
        # An odd number is left over.
        with pytest.raises(FigureError, match='not a number'):
            read_figure(drawing(path(d)))
        return
    assert anchors(path(d)) == expected


def test_relative_after_end() -> None:
    """After Z a relative command starts where the outline started."""
    model = shape(path('M10 10h5v5zl1 1'))
    assert model['outlines'][1]['points'][:2] == [10, 10]
    assert model['outlines'][1]['points'][-2:] == [11, 11]


def test_straight_lines_have_handles_on_them() -> None:
    assert outline(path('M0 0L9 3')) == [(0, 0), (3, 1), (6, 2), (9, 3)]


def test_curves() -> None:
    assert outline(path('M0 0C1 2 3 4 5 6')) == [(0, 0), (1, 2), (3, 4), (5, 6)]
    assert outline(path('M1 1c1 2 3 4 5 6')) == [(1, 1), (2, 3), (4, 5), (6, 7)]
    # S mirrors the last handle, without one it starts at the point.
    assert outline(path('M0 0C1 2 3 4 5 6S9 9 10 6'))[4] == (7, 8)
    assert outline(path('M0 0S9 9 10 6'))[1] == (0, 0)


def test_quadratic_curves() -> None:
    assert outline(path('M0 0Q3 6 6 0')) == [(0, 0), (2, 4), (4, 4), (6, 0)]
    smooth = outline(path('M0 0Q3 6 6 0T12 0'))
    assert smooth[4] == pytest.approx((8, -4))


@pytest.mark.parametrize(('large', 'sweep'), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_arcs(large: int, sweep: int) -> None:
    """All four arcs of a circle of radius 10 through two points, with compact flags."""
    points = outline(path(f'M10 0A10 10 0 {large}{sweep}0 10'))
    assert points[-1] == (0, 10)
    centre = (0, 0) if bool(large) != bool(sweep) else (10, 10)
    curve = on_curves(points)
    for point in curve:
        assert math.dist(point, centre) == pytest.approx(10, abs=0.01)
    length = sum(math.dist(*pair) for pair in itertools.pairwise(curve))
    assert length == pytest.approx(10 * math.pi / 2 * (3 if large else 1), rel=0.01)


def test_turned_ellipse() -> None:
    """A half ellipse of 20 x 10, turned by 30 degrees: radii that are too small grow."""
    cos, sin = math.cos(math.radians(30)), math.sin(math.radians(30))
    end = (40 * cos, 40 * sin)
    for point in on_curves(outline(path(f'M0 0A2 1 30 0 1 {end[0]} {end[1]}'))):
        x, y = point[0] - end[0] / 2, point[1] - end[1] / 2
        along, across = cos * x + sin * y, -sin * x + cos * y
        assert math.hypot(along / 20, across / 10) == pytest.approx(1, abs=0.001)


def test_circle_and_rectangle() -> None:
    for point in on_curves(outline('<circle cx="5" cy="6" r="7"/>')):
        assert math.dist(point, (5, 6)) == pytest.approx(7, abs=0.01)
    assert anchors('<rect x="1" y="2" width="3" height="4"/>') == [
        (1, 2),
        (4, 2),
        (4, 6),
        (1, 6),
        (1, 2),
    ]
    round_corners = on_curves(outline('<rect width="10" height="10" rx="2"/>'))
    assert min(math.dist(point, (0, 0)) for point in round_corners) == pytest.approx(
        2 * (math.sqrt(2) - 1), abs=0.01
    )
    assert anchors('<polygon points="0,0 4,0 4,4"/>')[-1] == (0, 0)
    assert anchors('<polyline points="0 0 4-1"/>') == [(0, 0), (4, -1)]
    assert anchors('<line x1="1px" x2="5" y2="2" stroke="red"/>') == [(1, 0), (5, 2)]


def test_transforms() -> None:
    """Transforms of groups and shapes are applied from the inside to the outside."""
    markup = (
        '<g transform="translate(10 20)"><g transform="rotate(90)scale(2,3)">'
        '<path d="M1 0L0 1"/></g></g>'
    )
    assert near(anchors(markup), [(10, 22), (7, 20)])
    turned = anchors('<path transform="rotate(180 5 5)" d="M0 0L5 5"/>')
    assert near(turned, [(10, 10), (5, 5)])
    assert anchors('<path transform="matrix(1 2 3 4 5 6)" d="M1 1L0 0"/>') == [(9, 12), (5, 6)]
    skewed = anchors('<path transform="skewX(45)" d="M0 1L0 0"/>')
    assert near(skewed, [(1, 1), (0, 0)])


def test_paint() -> None:
    """The nearest word counts: style, then class, then attribute, then the group."""
    sheet = '<style>.a, .b { fill: #0f0; stroke: rgb(0, 0, 255) } /* x */ .c{opacity:.5}</style>'
    group = '<g fill="red" opacity="0.5"><path class="{}" style="{}" d="M0 0L1 0L1 1Z"/></g>'
    assert shape(group.format('', ''))['fill'] == ['#ff0000', 0.5]
    assert shape(group.format('b', ''), sheet)['fill'] == ['#00ff00', 0.5]
    assert shape(group.format('b', 'fill:blue'), sheet)['fill'] == ['#0000ff', 0.5]
    assert shape(group.format('a c', ''), sheet)['stroke'] == ['#0000ff', 0.25]
    assert shape('<path d="M0 0L1 0L1 1Z"/>')['fill'] == ['#000000', 1.0]


def test_stroke_width_follows_the_scale() -> None:
    markup = '<g transform="scale(3)"><path stroke="red" stroke-width="2px" d="M0 0L1 1"/></g>'
    assert shape(markup)['width'] == 6


def test_invisible_shapes_are_left_out() -> None:
    markup = (
        '<path d="M0 0L1 1" fill="none"/><g display="none"><path d="M0 0L1 1"/></g>'
        '<path d="M0 0L1 1" opacity="0"/><path d="M0 0L9 9L0 9Z" fill="red"/>'
    )
    assert shape(markup)['fill'] == ['#ff0000', 1.0]


def test_gradient_is_its_mean_colour() -> None:
    defs = (
        '<defs><linearGradient id="stops"><stop stop-color="#000"/>'
        '<stop offset="1" style="stop-color:#fff"/></linearGradient>'
        '<radialGradient id="g" xlink:href="#stops"/></defs>'
    )
    assert shape('<path d="M0 0L1 1L2 0Z" fill="url(#g)"/>', defs)['fill'] == ['#808080', 1.0]


def test_parts() -> None:
    """Groups that are named like parts, and joints that are marked in a group."""
    assert shape('<g id="leftArm_1_"><g><path d="M0 0L1 1"/></g></g>')['part'] == 'leftArm'
    marked = '<g><circle id="leftEye0_2_" cx="1" cy="1" r="0.8"/><path d="M0 0L1 1"/></g>'
    assert shape(marked)['part'] == 'head'
    large = '<g><circle id="nose" cx="1" cy="1" r="80"/></g>'
    assert shape(large)['part'] == ''
    assert part_of({'leftShoulder', 'leftHip', 'rightHip'}) == 'torso'
    assert part_of({'leftElbow', 'leftWrist'}) == 'leftArm'
    assert part_of({'leftElbow', 'rightKnee'}) == ''


@pytest.mark.parametrize(
    ('name', 'plain'),
    [
        ('leftWrist', 'leftWrist'),
        ('leftWrist_1_', 'leftWrist'),
        ('leftEye0-2', 'leftEye0'),
        ('left_wrist', 'leftWrist'),
        ('Left Wrist', 'leftWrist'),
        ('', ''),
    ],
)
def test_names(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def pose_animator_file() -> bytes:
    """Make a file as Illustrator saves those that are drawn for Pose Animator."""
    face = {'nose4': (120, 20), 'nose3': (120, 15)}
    face |= {f'leftEye{i}': (130 + i, 10) for i in range(6)}
    face |= {f'rightEye{i}': (110 - i, 10) for i in range(6)}
    face |= {'leftJaw2': (150, 12), 'leftJaw3': (150, 16)}
    face |= {'rightJaw2': (90, 12), 'rightJaw3': (90, 16), 'jawMid': (120, 40)}
    marks = ''.join(
        f'<circle id="{name}_1_" cx="{x}" cy="{y}" r="0.8"/>' for name, (x, y) in face.items()
    )
    skeleton = SKELETON.replace('</g>', f'<polyline class="st1" points="1,1 2,2 "/>{marks}</g>')
    return (
        '<?xml version="1.0" encoding="utf-8"?><!-- Generator -->'
        f'<svg {XMLNS} id="Layer_1" x="0px" style="enable-background:new 0 0 9 9;" '
        'xml:space="preserve"><style type="text/css">\n\t.st0{fill:#F0AEB6;}\n\t'
        '.st1{fill:none;stroke:#000000;stroke-miterlimit:10;}\n</style>'
        f'<g id="illustration_1_"><polygon class="st0" points="0,0 1,0 1,1 \t"/></g>'
        f'{skeleton.replace("skeleton", "skeleton_1_")}</svg>'
    ).encode()


def test_pose_animator() -> None:
    model = read_figure(pose_animator_file())
    assert model['shapes'][0]['fill'] == ['#f0aeb6', 1.0]
    assert model['joints']['nose'] == [120, 20]
    assert model['joints']['leftEye'] == [132.5, 10]
    assert model['joints']['rightEar'] == [90, 14]


def test_layers_of_inkscape() -> None:
    data = drawing('<path d="M0 0L1 1"/>').decode()
    labelled = data.replace(
        'id="illustration"',
        'xmlns:i="http://www.inkscape.org/namespaces/inkscape" id="layer1" i:label="Illustration"',
    )
    assert len(read_figure(labelled.encode())['shapes']) == 1


def test_face_without_points() -> None:
    """The head of a figure whose skeleton has no face is where heads are: above the shoulders."""
    joints = read_figure(drawing('<path d="M0 0L1 1"/>'))['joints']
    middle = (joints['leftShoulder'][1] + joints['rightShoulder'][1]) / 2
    assert all(joints[name][1] < middle for name in ('nose', 'leftEye', 'rightEar'))
    assert joints['leftEye'][0] > joints['rightEye'][0]


def test_missing_joints_are_named() -> None:
    data = drawing('<path d="M0 0L1 1"/>').replace(b'id="leftWrist"', b'id="lefWrist"')
    with pytest.raises(FigureError, match='no circle named leftWrist'):
        read_figure(data)


@pytest.mark.parametrize('name', list(TITLES))
def test_shipped(name: str) -> None:
    """Each figure that ships has all joints, all parts, and a licence."""
    figure = {each['name']: each for each in shipped_figures()}[name]
    assert set(figure['joints']) == set(JOINTS)
    assert {each['part'] for each in figure['shapes']} == set(PARTS)
    assert 'Apache-2.0' in (FOLDER / f'{name}.svg').read_text()
    assert len(BODY) == 12


def test_example_of_the_guide(repository: Path) -> None:
    """The drawing in docs/character.md loads, with its parts."""
    guide = (repository / 'docs/character.md').read_text()
    found = re.search('```xml\n(.*?)```', guide, re.DOTALL)
    assert found
    model = read_figure(found.group(1).encode())
    assert {each['part'] for each in model['shapes']} >= {'head', 'face', 'torso', 'leftArm'}
