"""Map results from an upright image to the image as stored, which EXIF may rotate."""

from __future__ import annotations

from dataclasses import replace
import os
import struct
import warnings

from nn_perception.core.results import Box, Keypoint, Person

UPRIGHT = 1
ORIENTATION_TAG = 0x0112
# EXIF orientations whose stored image is mirrored, upside down or transposed.
MIRRORED = (2, 3, 6, 7)
UPSIDE_DOWN = (3, 4, 7, 8)
TRANSPOSED = (5, 6, 7, 8)


def read_orientation(path: str | os.PathLike[str]) -> int:
    """
    Read the orientation of an image file from its EXIF data.

    :returns: 1 to 8, as EXIF defines them; 1, which is upright, if there is no valid entry
    """
    from PIL import Image as Pillow

    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # about large images and damaged EXIF data
            with Pillow.open(path) as picture:
                orientation = picture.getexif().get(ORIENTATION_TAG, UPRIGHT)
    except (OSError, SyntaxError, ValueError, struct.error, Pillow.DecompressionBombError):
        return UPRIGHT
    return orientation if orientation in range(1, 9) else UPRIGHT


def to_stored(bbox: Box, orientation: int, size: tuple[int, int]) -> Box:
    """
    Map a box from an upright image to the image as stored.

    :param bbox: in pixels of the upright image
    :param orientation: see :func:`read_orientation`
    :param size: width and height of the upright image in pixels
    :returns: in pixels of the stored image
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
    Map a person from an upright image to the image as stored.

    :param person: in pixels of the upright image
    :param orientation: see :func:`read_orientation`
    :param size: width and height of the upright image in pixels
    :returns: in pixels of the stored image
    """
    keypoints = []
    for point in person.keypoints:
        x, y, _, _ = to_stored(Box(point.x, point.y, 0.0, 0.0), orientation, size)
        keypoints.append(Keypoint(x, y, point.score))
    bbox = to_stored(person.bbox, orientation, size)
    return replace(person, bbox=bbox, keypoints=tuple(keypoints))
