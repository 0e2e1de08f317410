"""From pixels to directions: what a camera's calibration says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The names of sensor_msgs/CameraInfo.
DISTORTION_MODELS = ('plumb_bob', 'rational_polynomial', 'equidistant')
ASSUMED_FIELD_OF_VIEW_DEG = 60.0


@dataclass(frozen=True)
class CameraModel:
    """
    A calibrated camera.

    :param width: of the images that it was calibrated for, in pixels
    :param height: of the same
    :param matrix: ``(3, 3)``, focal lengths and principal point in pixels
    :param distortion: coefficients of OpenCV's model; empty: none
    :param fisheye: whether they are of the equidistant model
    """

    width: int
    height: int
    matrix: Floats
    distortion: Floats
    fisheye: bool = False

    @classmethod
    def from_calibration(
        cls, width: int, height: int, k: Sequence[float], d: Sequence[float], model: str
    ) -> CameraModel:
        """
        Read the fields of sensor_msgs/CameraInfo.

        :param k: nine numbers, row by row
        :param d: distortion coefficients
        :param model: name of the distortion model; may be empty where nothing is distorted
        :raises ValueError: if the camera is not calibrated or its distortion cannot be undone
        """
        matrix = np.array(k, np.float64).reshape(3, 3)
        if not np.isfinite(matrix).all() or matrix[0, 0] <= 0.0 or matrix[1, 1] <= 0.0:
            raise ValueError(
                f'the camera is not calibrated: its focal lengths are {matrix[0, 0]:g} and '
                f'{matrix[1, 1]:g}'
            )
        distortion = np.array(d, np.float64)
        if not distortion.any():
            return cls(width, height, matrix, np.zeros(0))
        fisheye = model == 'equidistant'
        fits = len(distortion) == 4 if fisheye else len(distortion) in (4, 5, 8, 12, 14)
        if model not in DISTORTION_MODELS or not fits or not np.isfinite(distortion).all():
            raise ValueError(
                f'the distortion {model!r} with {len(distortion)} coefficients is not known; '
                f'known are {", ".join(DISTORTION_MODELS)}'
            )
        return cls(width, height, matrix, distortion, fisheye)

    @classmethod
    def assumed(cls, width: int, height: int) -> CameraModel:
        """Assume a camera of 60 degrees' field of view across the longer side."""
        focal = max(width, height) / (2.0 * math.tan(math.radians(ASSUMED_FIELD_OF_VIEW_DEG / 2)))
        matrix = np.array([(focal, 0.0, width / 2), (0.0, focal, height / 2), (0.0, 0.0, 1.0)])
        return cls(width, height, matrix, np.zeros(0))

    def rays(self, points: Floats) -> Floats:
        """
        Find the directions in which pixels look.

        :param points: x and y in pixels, ``(N, 2)``
        :returns: the place where each ray is at a distance of 1 along the optical axis, x to the
            right, y down, z ahead, ``(N, 3)``
        """
        places = np.ascontiguousarray(points, np.float64)[:, None]
        undistort = cv2.fisheye.undistortPoints if self.fisheye else cv2.undistortPoints
        ahead = undistort(places, self.matrix, self.distortion)
        return np.column_stack([ahead[:, 0], np.ones(len(points))])
