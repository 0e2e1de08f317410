"""Fit whole pictures, or squares of them, into a network's input, and map results back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
from nn_perception.core.imaging.preprocessing import Batch, Image, Preprocessing
from nn_perception.core.networks.movenet_heads import SIZE_STEP
import numpy as np
from numpy.typing import NDArray

# Shrinking by more than this averages areas; below, it would only blur and take longer.
AREA_FROM = 2.0


class Placement(NamedTuple):
    """
    Where a part of the image lies in the network's input, as ``input = image * scale + shift``.

    Coordinates are those of COCO: a pixel's left upper corner has whole numbers.
    """

    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float

    def to_image(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """
        Map points back.

        :param points: ``(..., 2)``, x and y in pixels of the network's input
        :returns: float64, in pixels of the image
        """
        shifted = points - np.array((self.shift_x, self.shift_y))
        mapped: NDArray[np.float64] = shifted / np.array((self.scale_x, self.scale_y))
        return mapped


def letterbox(image_bgr: Image, long_side: int, how: Preprocessing) -> tuple[Batch, Placement]:
    """
    Resize a whole picture and pad it with black to multiples of the network's step.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    :param long_side: the picture's long side in the input in pixels
    :returns: float32, ``(1, 3, rows, columns)``, red first, normalised; and where the picture is
    """
    height, width = image_bgr.shape[:2]
    scale = long_side / max(height, width)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    columns, rows = (-(-side // SIZE_STEP) * SIZE_STEP for side in inner)
    left, top = (columns - inner[0]) // 2, (rows - inner[1]) // 2
    canvas = np.zeros((rows, columns, 3), np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = resize(image_bgr, *inner)
    placement = Placement(inner[0] / width, inner[1] / height, left, top)
    return to_batch([canvas], how), placement


def crop_square(
    image_bgr: Image, left: int, top: int, side: int, size: int
) -> tuple[Image, Placement]:
    """
    Cut a square out of an image and resize it; what lies outside of the image is black.

    :param left: of the square, in whole pixels; may be negative, as ``top``
    :param side: of the square, at least 1
    :param size: what it is resized to
    :returns: uint8, ``(size, size, 3)``; and where the square is
    """
    height, width = image_bgr.shape[:2]
    x, y = max(0, left), max(0, top)
    inside = image_bgr[y : max(y, top + side), x : max(x, left + side)]
    right, bottom = max(0, left + side - width), max(0, top + side - height)
    square = cv2.copyMakeBorder(
        inside, y - top, bottom, x - left, right, cv2.BORDER_CONSTANT, value=(0, 0, 0)
    )
    scale = size / side
    return resize(np.asarray(square, np.uint8), size, size), Placement(
        scale, scale, -left * scale, -top * scale
    )


def resize(image: Image, width: int, height: int) -> Image:
    """Resize an image ``(H, W, 3)``; shrinking it a lot averages areas."""
    shrinking = max(image.shape[1] / width, image.shape[0] / height)
    how = cv2.INTER_AREA if shrinking > AREA_FROM else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def to_batch(images_bgr: Sequence[Image], how: Preprocessing) -> Batch:
    """
    Normalise images of one size.

    :param images_bgr: uint8, ``(H, W, 3)`` each, blue first
    :returns: float32, ``(N, 3, H, W)``, red first
    """
    height, width = images_bgr[0].shape[:2]
    batch = np.empty((len(images_bgr), 3, height, width), np.float32)
    factors = [np.float32(1.0 / std) for std in how.std]
    offsets = [np.float32(-mean / std) for mean, std in zip(how.mean, how.std, strict=True)]
    for planes, image in zip(batch, images_bgr, strict=True):
        for channel, values in enumerate(reversed(cv2.split(image))):
            np.multiply(values, factors[channel], out=planes[channel])
            planes[channel] += offsets[channel]
    return batch
