"""Places of an image that may be digits."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.capabilities.digits.foreground import Grey, Mask
from nn_perception.core.results import Box
import numpy as np
from numpy.typing import NDArray

# Left, top, width and height in pixels of a pyramid level.
LevelBox = tuple[int, int, int, int]


@dataclass(frozen=True)
class PyramidLevel:
    """
    The image in one size, and its foreground of one colour.

    :param grey: uint8, ``(H, W)``, the foreground is darker than the background
    :param scale: pixels of the image per pixel of this level
    :param min_height_px: minimum height of a digit at this level
    :param max_height_px: maximum height of a digit at this level
    :param mask: uint8, ``(H, W)``, 255 for foreground, ruling lines included
    :param labels: int32, ``(H, W)``, the connected component of each pixel, without ruling lines;
        0 for background
    :param stats: int32, ``(N, 5)``, left, top, width, height and area of each component
    """

    grey: Grey
    scale: float
    min_height_px: float
    max_height_px: float
    mask: Mask
    labels: NDArray[np.int32]
    stats: NDArray[np.int32]


@dataclass(frozen=True)
class Candidate:
    """
    A place that may be a digit.

    :param level: the pyramid level it was found at
    :param components: numbers of its connected components
    :param box: left, top, width and height in pixels of the level
    :param sharpness: mean contrast across its outline, in grey values
    """

    level: PyramidLevel
    components: tuple[int, ...]
    box: LevelBox
    sharpness: float

    @property
    def bbox(self) -> Box:
        """Its box in pixels of the image."""
        left, top, width, height = (value * self.level.scale for value in self.box)
        return Box(left, top, width, height)

    def mask(self, rows: slice, columns: slice) -> Mask:
        """
        Mark its components in a part of the level.

        :returns: uint8, 1 for its own foreground, 0 for everything else
        """
        labels = self.level.labels[rows, columns]
        own: Mask = (labels == self.components[0]).view(np.uint8)
        for component in self.components[1:]:
            own |= (labels == component).view(np.uint8)
        return own
