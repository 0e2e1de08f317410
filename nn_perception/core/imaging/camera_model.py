"""The camera models of ROS, pinhole and fisheye: from pixels to rays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import cv2
from nn_perception.core.quoting import quoted
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The names in sensor_msgs/CameraInfo.
DISTORTION_MODELS = ('plumb_bob', 'rational_polynomial', 'equidistant')
# Drivers that do not use the name of sensor_msgs use one of these for the same model.
_EQUIDISTANT_NAMES = frozenset(
    {'equidistant', 'fisheye', 'kannala_brandt', 'kannala_brandt4', 'kannalabrandt4'}
)
_EQUIDISTANT_COEFFICIENTS = 4
_PINHOLE_COEFFICIENTS = (4, 5, 8, 12, 14)
# A ray has a point at depth 1 only if it is ahead of the camera; near the limit, a fraction of a
# pixel moves that point by metres.
MAX_ANGLE_DEG = 89.0
ASSUMED_FIELD_OF_VIEW_DEG = 60.0


@dataclass(frozen=True)
class CameraModel:
    """
    A calibrated camera.

    :param width: width of the calibrated images in pixels
    :param height: height of the calibrated images in pixels
    :param matrix: focal lengths and principal point in pixels, ``(3, 3)``
    :param distortion: distortion coefficients of OpenCV; empty: none, of a pinhole camera
    :param fisheye: whether it projects as the equidistant model does, with four coefficients
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
        Create from the fields of sensor_msgs/CameraInfo.

        :param width: width of the images in pixels
        :param height: height of the images in pixels
        :param k: camera matrix, nine values in row-major order
        :param d: distortion coefficients
        :param model: name of the distortion model; may be empty without distortion
        :raises ValueError: if the camera is not calibrated or the distortion is not supported
        """
        matrix = np.array(k, np.float64).reshape(3, 3)
        if not np.isfinite(matrix).all() or matrix[0, 0] <= 0.0 or matrix[1, 1] <= 0.0:
            raise ValueError(
                f'the camera is not calibrated: its focal lengths are {matrix[0, 0]:g} and '
                f'{matrix[1, 1]:g}'
            )
        distortion = np.array(d, np.float64)
        name = model.strip().lower()
        fisheye = name in _EQUIDISTANT_NAMES
        if not distortion.any():
            # Without distortion, a fisheye lens still does not project as a pinhole does.
            number = _EQUIDISTANT_COEFFICIENTS if fisheye else 0
            return cls(width, height, matrix, np.zeros(number), fisheye)
        supported = fisheye or name in DISTORTION_MODELS
        lengths = (_EQUIDISTANT_COEFFICIENTS,) if fisheye else _PINHOLE_COEFFICIENTS
        if not supported or len(distortion) not in lengths or not np.isfinite(distortion).all():
            raise ValueError(
                f'the distortion {quoted(model)} with {len(distortion)} coefficients is not '
                f'supported; supported are {", ".join(DISTORTION_MODELS)}'
            )
        return cls(width, height, matrix, distortion, fisheye)

    @classmethod
    def assumed(cls, width: int, height: int) -> CameraModel:
        """Create a camera with a field of view of 60 degrees along the longer side."""
        focal = max(width, height) / (2.0 * math.tan(math.radians(ASSUMED_FIELD_OF_VIEW_DEG / 2)))
        matrix = np.array([(focal, 0.0, width / 2), (0.0, focal, height / 2), (0.0, 0.0, 1.0)])
        return cls(width, height, matrix, np.zeros(0))

    def rays(self, points: Floats) -> Floats:
        """
        Compute the viewing rays of pixels.

        :param points: x and y in pixels, ``(N, 2)``
        :returns: the point of each ray at depth 1, ``(N, 3)``: x right, y down, z forward; NaN
            where the lens looks to the side or behind
        """
        pixels = np.ascontiguousarray(points, np.float64)[:, None]
        if not self.fisheye:
            undistorted = cv2.undistortPoints(pixels, self.matrix, self.distortion)
            return np.column_stack([undistorted[:, 0], np.ones(len(points))])
        undistorted = cv2.fisheye.undistortPoints(pixels, self.matrix, self.distortion)[:, 0]
        rays = np.column_stack([undistorted, np.ones(len(points))])
        # OpenCV takes a pixel that is more than 90 degrees from the centre for one at 90 degrees.
        offsets = (pixels[:, 0] - self.matrix[:2, 2]) / np.diagonal(self.matrix)[:2]
        sideways = np.hypot(*undistorted.T) > math.tan(math.radians(MAX_ANGLE_DEG))
        rays[sideways | (np.hypot(*offsets.T) > math.pi / 2)] = np.nan
        return rays
