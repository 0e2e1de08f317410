"""Rotate images as EXIF says, and map results from them to the image as stored."""

from __future__ import annotations

from dataclasses import replace
import os

from nn_perception.core.imaging.formats.container import UPRIGHT
from nn_perception.core.imaging.formats.sniffing import read_container
from nn_perception.core.imaging.formats.stored_image import read_stored_image
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.results import Box, Keypoint, Person
import numpy as np

# EXIF orientations whose stored image is mirrored, upside down or transposed.
MIRRORED = (2, 3, 6, 7)
UPSIDE_DOWN = (3, 4, 7, 8)
TRANSPOSED = (5, 6, 7, 8)


def read_orientation(path: str | os.PathLike[str]) -> int:
    """
    Read the orientation of an image file from its EXIF data.

    :returns: 1 to 8, as EXIF defines them; 1, which is upright, if there is no valid entry
    """
    try:
        return read_container(memoryview(read_stored_image(path))).orientation
    except (OSError, ValueError):
        return UPRIGHT


def to_upright(image: Image, orientation: int) -> Image:
    """
    Rotate and mirror an image as stored, so that it is upright.

    :param image: uint8, ``(H, W, 3)``
    :param orientation: see :func:`read_orientation`
    :returns: uint8, of the same shape, or with its sides swapped
    """
    if orientation in TRANSPOSED:
        image = image.transpose(1, 0, 2)
    if orientation in MIRRORED:
        image = image[:, ::-1]
    if orientation in UPSIDE_DOWN:
        image = image[::-1]
    return np.ascontiguousarray(image)


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
