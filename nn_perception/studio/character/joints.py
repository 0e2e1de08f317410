"""The names that a drawing gives its joints."""

from __future__ import annotations

from collections.abc import Mapping
import re

from nn_perception.studio.character.svg.limits import FigureError

Point = tuple[float, float]

FACE = ('nose', 'leftEye', 'rightEye', 'leftEar', 'rightEar')
BODY = tuple(
    f'{side}{joint}'
    for joint in ('Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle')
    for side in ('left', 'right')
)
# In the order of the keypoints of COCO.
JOINTS = (*FACE, *BODY)
# The points of a face in files that are made for Pose Animator.
FACE_POINT = re.compile(
    r'topMid|jawMid|(left|right)(Top|Jaw|Brow|Eye)\d|nose\d|(left|right)Nose\d|'
    r'(left|right)MouthCorner|(left|right)MiddleLip|(left|right)?(upper|lower|Upper|Lower)Lip\w+'
)
# The parts of a figure that follow only some bones, by the id of their group.
PARTS = (
    'head',
    'face',
    'headBack',
    'torso',
    'torsoBack',
    'leftArm',
    'rightArm',
    'leftLeg',
    'rightLeg',
)
# A face without points has these, relative to the middle of the shoulders; unit: their distance.
_DEFAULT_FACE = {
    'nose': (0.0, -0.85),
    'leftEye': (0.13, -0.98),
    'rightEye': (-0.13, -0.98),
    'leftEar': (0.32, -0.92),
    'rightEar': (-0.32, -0.92),
}
# Editors append numbers to ids that are used twice: leftEye0_2_, leftWrist-1.
_SUFFIX = re.compile(r'([_-]\d+_?)+$|_$')


def plain_name(name: str) -> str:
    """Remove what editors append to an id, and turn ``left_wrist`` into ``leftWrist``."""
    name = _SUFFIX.sub('', name[:80].strip())
    words = re.split(r'[_ -]', name)
    if len(words) > 1:
        name = words[0].lower() + ''.join(word.capitalize() for word in words[1:])
    return name


def is_joint(name: str) -> bool:
    """Whether a plain name is that of a joint or of a point of a face."""
    return name in JOINTS or FACE_POINT.fullmatch(name) is not None


def part_of(names: set[str]) -> str:
    """Return the part of a figure that joints belong to; empty if it is not a single one."""
    if any(name in FACE or FACE_POINT.fullmatch(name) for name in names):
        return 'head'
    if {'leftShoulder', 'leftHip'} <= names or {'rightShoulder', 'rightHip'} <= names:
        return 'torso'
    for side in ('left', 'right'):
        arm = {f'{side}{joint}' for joint in ('Shoulder', 'Elbow', 'Wrist')}
        leg = {f'{side}{joint}' for joint in ('Hip', 'Knee', 'Ankle')}
        if names <= arm:
            return f'{side}Arm'
        if names <= leg:
            return f'{side}Leg'
    return ''


def skeleton_of(points: Mapping[str, Point]) -> dict[str, Point]:
    """
    Return the 17 joints of a skeleton.

    :param points: plain name -> position, also points of a face
    :raises FigureError: if a joint of the body is missing, or all are in one place
    """
    missing = [name for name in BODY if name not in points]
    if missing:
        raise FigureError(f'The group "skeleton" has no circle named {", ".join(missing)}.')
    joints = {name: points[name] for name in BODY}
    left, right = joints['leftShoulder'], joints['rightShoulder']
    width = max(abs(left[0] - right[0]), abs(left[1] - right[1]))
    height = max(abs(left[1] - joints['leftHip'][1]), abs(left[0] - joints['leftHip'][0]))
    if min(width, height) < 1e-3:
        raise FigureError('The shoulders and hips of the skeleton lie on one point.')
    joints.update(_face_of(points, left, right))
    return {name: joints[name] for name in JOINTS}


def _face_of(points: Mapping[str, Point], left: Point, right: Point) -> dict[str, Point]:
    """Return the five points of a head: as drawn, from the points of a face, or usual ones."""
    middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    span = left[0] - right[0], left[1] - right[1]
    sources = {
        'nose': ('nose', 'nose4', 'nose3'),
        'leftEye': ('leftEye', *(f'leftEye{i}' for i in range(6))),
        'rightEye': ('rightEye', *(f'rightEye{i}' for i in range(6))),
        'leftEar': ('leftEar', 'leftJaw2', 'leftJaw3'),
        'rightEar': ('rightEar', 'rightJaw2', 'rightJaw3'),
    }
    face = {}
    for name, names in sources.items():
        found = [points[other] for other in names if other in points]
        if name in points or (name == 'nose' and found):
            found = found[:1]
        if found:
            face[name] = _mean(found)
        else:
            x, y = _DEFAULT_FACE[name]
            face[name] = (
                middle[0] + x * span[0] - y * span[1],
                middle[1] + x * span[1] + y * span[0],
            )
    return face


def _mean(points: list[Point]) -> Point:
    return (
        sum(x for x, _ in points) / len(points),
        sum(y for _, y in points) / len(points),
    )
