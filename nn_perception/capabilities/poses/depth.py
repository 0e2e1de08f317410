"""Positions of keypoints in space, from a depth image that is registered to the image."""

from __future__ import annotations

from nn_perception.capabilities.poses.skeleton import keypoint_array
from nn_perception.core.imaging.camera_model import CameraModel
from nn_perception.core.results import Person
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The depth of a keypoint is the median of a square of this share of the person's size: about the
# width of a limb, so that the background rarely covers most of it.
PATCH_SHARE = 0.02
MAX_PATCH_PX = 15
# With a smaller share of valid depths, a keypoint has none.
MIN_VALID_SHARE = 0.3


def keypoint_positions(
    person: Person,
    depth: NDArray[np.uint16] | NDArray[np.float32],
    unit_m: float,
    camera: CameraModel,
) -> Floats:
    """
    Compute the positions of a person's keypoints in space.

    Depth cameras measure skin or clothes, so joints lie some centimetres behind their positions. A
    keypoint that is not seen (score 0), is outside the image, or has no valid depth, is unknown.

    :param person: in pixels of the depth image
    :param depth: distance along the optical axis, ``(H, W)``; 0, NaN and infinity are invalid
    :param unit_m: metres per unit of depth
    :param camera: of the depth image
    :returns: x to the right, y down, z ahead of the camera, in metres, ``(17, 3)``; NaN where
        unknown
    """
    side = PATCH_SHARE * max(person.bbox[2:])
    reach = int(min(side, MAX_PATCH_PX) // 2)
    distances = np.array(
        [
            _median_depth(depth, point.x, point.y, reach) if point.score > 0.0 else np.nan
            for point in person.keypoints
        ]
    )
    rays = camera.rays(keypoint_array(person)[:, :2])
    positions: Floats = rays * (unit_m * distances)[:, None]
    return positions


def flat_positions(person: Person, camera: CameraModel) -> Floats:
    """
    Compute the positions of a person's keypoints on a plane 1 m in front of the camera.

    :param person: in pixels of the camera's images
    :returns: x to the right, y down, z ahead of the camera, in metres, ``(17, 3)``; NaN where not
        seen
    """
    keypoints = keypoint_array(person)
    positions = camera.rays(keypoints[:, :2])
    positions[keypoints[:, 2] <= 0.0] = np.nan
    return positions


def _median_depth(
    depth: NDArray[np.uint16] | NDArray[np.float32], x: float, y: float, reach: int
) -> float:
    """Return the median of the valid depths around a point; NaN if too few are valid."""
    height, width = depth.shape
    column, row = int(np.floor(x)), int(np.floor(y))
    if not (0 <= column < width and 0 <= row < height):
        return float('nan')
    patch = depth[
        max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1
    ]
    valid = patch[np.isfinite(patch) & (patch > 0)]
    if valid.size < MIN_VALID_SHARE * patch.size:
        return float('nan')
    # The lower median: a mean of two would be a depth that nothing has.
    return float(np.sort(valid)[(valid.size - 1) // 2])
