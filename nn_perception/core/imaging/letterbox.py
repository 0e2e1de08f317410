"""Fit images, or square crops of them, into the input of a network, and map results back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
from nn_perception.core.imaging.preprocessing import Batch, Image, Preprocessing
from nn_perception.core.networks.movenet_heads import SIZE_STEP
import numpy as np
from numpy.typing import NDArray

# Scaling down by more than this averages areas; below, that would only blur and take longer.
MIN_AREA_FACTOR = 2.0


class Placement(NamedTuple):
    """
    Where an image, or a crop, is in the input of a network: ``input = image * scale + shift``.

    Coordinates are those of COCO: the upper left corner of a pixel has integer coordinates.
    """

    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float

    def to_image(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """
        Map points to the image.

        :param points: x and y in pixels of the network's input, ``(..., 2)``
        :returns: in pixels of the image, float64
        """
        shifted = points - np.array((self.shift_x, self.shift_y))
        mapped: NDArray[np.float64] = shifted / np.array((self.scale_x, self.scale_y))
        return mapped


def letterbox(
    image_bgr: Image, long_side: int, preprocessing: Preprocessing
) -> tuple[Batch, Placement]:
    """
    Resize an image and pad it with black to multiples of the network's step.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    :param long_side: length of the longer side after resizing, in pixels
    :param preprocessing: provides mean and standard deviation
    :returns: the normalised image, float32, ``(1, 3, H', W')``, red first; and its placement
    """
    height, width = image_bgr.shape[:2]
    scale = long_side / max(height, width)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    columns, rows = (-(-side // SIZE_STEP) * SIZE_STEP for side in inner)
    left, top = (columns - inner[0]) // 2, (rows - inner[1]) // 2
    canvas = np.zeros((rows, columns, 3), np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = resize(image_bgr, *inner)
    placement = Placement(inner[0] / width, inner[1] / height, left, top)
    return to_batch([canvas], preprocessing), placement


def crop_square(
    image_bgr: Image, left: int, top: int, side: int, size: int
) -> tuple[Image, Placement]:
    """
    Crop a square from an image and resize it; outside the image it is black.

    :param image_bgr: uint8, ``(H, W, 3)``
    :param left: left edge of the square in pixels; may be negative
    :param top: upper edge of the square in pixels; may be negative
    :param side: side of the square in pixels, at least 1
    :param size: side after resizing in pixels
    :returns: uint8, ``(size, size, 3)``; and the placement of the square
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
    """Resize an image ``(H, W, 3)``; average areas if it becomes less than half as large."""
    factor = max(image.shape[1] / width, image.shape[0] / height)
    interpolation = cv2.INTER_AREA if factor > MIN_AREA_FACTOR else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


def to_batch(images_bgr: Sequence[Image], preprocessing: Preprocessing) -> Batch:
    """
    Normalise images of equal size, without resizing.

    :param images_bgr: uint8, ``(H, W, 3)`` each, blue first
    :returns: float32, ``(N, 3, H, W)``, red first
    """
    height, width = images_bgr[0].shape[:2]
    batch = np.empty((len(images_bgr), 3, height, width), np.float32)
    mean_std = list(zip(preprocessing.mean, preprocessing.std, strict=True))
    factors = [np.float32(1.0 / std) for _, std in mean_std]
    offsets = [np.float32(-mean / std) for mean, std in mean_std]
    for planes, image in zip(batch, images_bgr, strict=True):
        for channel, values in enumerate(reversed(cv2.split(image))):
            np.multiply(values, factors[channel], out=planes[channel])
            planes[channel] += offsets[channel]
    return batch
