"""Where a place of an upright picture lies in its file, which may hold the picture turned."""

from __future__ import annotations

from dataclasses import replace
import os
import struct
import warnings

from nn_perception.core.results import Box, Keypoint, Person

UPRIGHT = 1
ORIENTATION_TAG = 0x0112
# EXIF orientations whose stored picture is mirrored left to right, upside down, and transposed.
MIRRORED = (2, 3, 6, 7)
UPSIDE_DOWN = (3, 4, 7, 8)
TRANSPOSED = (5, 6, 7, 8)


def read_orientation(path: str | os.PathLike[str]) -> int:
    """
    Read from a picture's EXIF data how it is stored.

    :returns: 1 to 8, as EXIF numbers them; 1, which is upright, where nothing is said
    """
    from PIL import Image as Pillow

    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of large pictures and damaged EXIF data
            with Pillow.open(path) as picture:
                orientation = picture.getexif().get(ORIENTATION_TAG, UPRIGHT)
    except (OSError, SyntaxError, ValueError, struct.error, Pillow.DecompressionBombError):
        return UPRIGHT
    return orientation if orientation in range(1, 9) else UPRIGHT


def to_stored(bbox: Box, orientation: int, size: tuple[int, int]) -> Box:
    """
    Find a box of an upright picture in the picture as it is stored.

    :param bbox: left, top, width and height in pixels of the upright picture
    :param orientation: see :func:`read_orientation`
    :param size: width and height of the upright picture in pixels
    :returns: left, top, width and height in pixels of the stored picture
    """
    left, top, width, height = bbox
    if orientation in MIRRORED:
        left = size[0] - left - width
    if orientation in UPSIDE_DOWN:
        top = size[1] - top - height
    if orientation in TRANSPOSED:
        return Box(top, left, height, width)
    return Box(left, top, width, height)


def person_to_stored(person: Person, orientation: int, size: tuple[int, int]) -> Person:
    """
    Find a person of an upright picture in the picture as it is stored.

    :param person: in pixels of the upright picture
    :param orientation: see :func:`read_orientation`
    :param size: width and height of the upright picture in pixels
    :returns: in pixels of the stored picture
    """
    joints = []
    for joint in person.keypoints:
        x, y, _, _ = to_stored(Box(joint.x, joint.y, 0.0, 0.0), orientation, size)
        joints.append(Keypoint(x, y, joint.score))
    return replace(person, bbox=to_stored(person.bbox, orientation, size), keypoints=tuple(joints))
