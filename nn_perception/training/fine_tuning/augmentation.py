"""Vary pictures as a camera in a hand varies them: place, distance, tilt, side, light."""

from __future__ import annotations

import cv2
from nn_perception.core.imaging.image_files import Image
import numpy as np
from numpy.random import Generator

SMALLEST_CROP = 0.65
LARGEST_CROP = 1.0
LARGEST_STRETCH = 1.25
LARGEST_TILT_DEG = 15.0
LARGEST_LIGHT = 0.3
LARGEST_TINT = 0.1
# More pixels than this factor of the input's are of no use to such a crop.
STORED_FACTOR = 1.6


def shrunk(image_bgr: Image, size: int) -> Image:
    """
    Make a picture as small as it may be to be varied later.

    :param image_bgr: uint8, ``(H, W, 3)``
    :param size: of the network's input in pixels
    """
    height, width = image_bgr.shape[:2]
    factor = STORED_FACTOR * size / min(height, width)
    if factor >= 1.0:
        return image_bgr
    shape = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(image_bgr, shape, interpolation=cv2.INTER_AREA), np.uint8)


def varied(image_bgr: Image, size: int, random: Generator, *, mirror: bool) -> Image:
    """
    Cut out a random part of the picture's form, tilt and stretch it a little, mirror every second
    one, change the light.

    :param image_bgr: uint8, ``(H, W, 3)``
    :param size: width and height of the result in pixels
    :param mirror: whether things that are mirrored stay what they are; digits do not
    :returns: uint8, ``(size, size, 3)``
    """
    height, width = image_bgr.shape[:2]
    right, down = np.array([width, height]) * random.uniform(SMALLEST_CROP, LARGEST_CROP)
    stretch = np.exp(random.uniform(-1.0, 1.0) * 0.5 * np.log(LARGEST_STRETCH))
    centre = np.array(
        [
            random.uniform(right / 2, width - right / 2),
            random.uniform(down / 2, height - down / 2),
        ]
    )
    tilt = np.deg2rad(random.uniform(-LARGEST_TILT_DEG, LARGEST_TILT_DEG))
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    turn *= np.array([right * stretch, down / stretch]) / size
    if mirror and random.random() < 0.5:
        turn[:, 0] *= -1.0
    # From a pixel of the result to the one of the picture that it shows, (2, 3).
    shift = centre - turn @ np.full(2, (size - 1) / 2)
    patch = cv2.warpAffine(
        image_bgr,
        np.column_stack([turn, shift]),
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    ).astype(np.float32)
    gain = np.exp(random.uniform(-LARGEST_LIGHT, LARGEST_LIGHT))
    tint = np.exp(random.uniform(-LARGEST_TINT, LARGEST_TINT, 3))
    grey = patch.mean()
    contrast = np.exp(random.uniform(-LARGEST_LIGHT, LARGEST_LIGHT))
    patch = ((patch - grey) * contrast + grey) * gain * tint
    return np.asarray(np.clip(patch, 0.0, 255.0), np.uint8)
