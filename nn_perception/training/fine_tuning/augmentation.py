"""Augmentation of images: position, distance, tilt, mirroring and light of a hand-held camera."""

from __future__ import annotations

import cv2
from nn_perception.core.imaging.preprocessing import Image
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

MIN_CROP = 0.65
MAX_CROP = 1.0
MAX_STRETCH = 1.25
MAX_TILT_DEG = 15.0
MAX_LIGHT = 0.3
MAX_TINT = 0.1
# A smallest crop gains nothing from more pixels than this multiple of the input's.
STORED_FACTOR = 1.6


def shrink(image_bgr: Image, size: int) -> Image:
    """
    Reduce an image to the pixels that :func:`augment` needs.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    :param size: width and height of the network's input in pixels
    """
    height, width = image_bgr.shape[:2]
    factor = STORED_FACTOR * size / min(height, width)
    if factor >= 1.0:
        return image_bgr
    shape = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(image_bgr, shape, interpolation=cv2.INTER_AREA), np.uint8)


def augment(image_bgr: Image, size: int, random: Generator, *, mirror: bool) -> Image:
    """
    Take a random crop, tilt, stretch and mirror it, and change its light.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    :param size: width and height of the result in pixels
    :param mirror: mirror every second image; not for digits, which mean something else then
    :returns: uint8, ``(size, size, 3)``
    """
    patch = cv2.warpAffine(
        image_bgr,
        _random_transform(image_bgr, size, random, mirror=mirror),
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    ).astype(np.float32)
    gain = np.exp(random.uniform(-MAX_LIGHT, MAX_LIGHT))
    tint = np.exp(random.uniform(-MAX_TINT, MAX_TINT, 3))
    grey = patch.mean()
    contrast = np.exp(random.uniform(-MAX_LIGHT, MAX_LIGHT))
    patch = ((patch - grey) * contrast + grey) * gain * tint
    return np.asarray(np.clip(patch, 0.0, 255.0), np.uint8)


def _random_transform(
    image_bgr: Image, size: int, random: Generator, *, mirror: bool
) -> NDArray[np.float64]:
    """Return the affine map from a pixel of the result to one of the image, ``(2, 3)``."""
    height, width = image_bgr.shape[:2]
    right, down = np.array([width, height]) * random.uniform(MIN_CROP, MAX_CROP)
    stretch = np.exp(random.uniform(-1.0, 1.0) * 0.5 * np.log(MAX_STRETCH))
    centre = np.array(
        [
            random.uniform(right / 2, width - right / 2),
            random.uniform(down / 2, height - down / 2),
        ]
    )
    tilt = np.deg2rad(random.uniform(-MAX_TILT_DEG, MAX_TILT_DEG))
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    turn *= np.array([right * stretch, down / stretch]) / size
    if mirror and random.random() < 0.5:
        turn[:, 0] *= -1.0
    shift = centre - turn @ np.full(2, (size - 1) / 2)
    return np.column_stack([turn, shift])
