"""Where joints are in space, from a depth image that is aligned with the picture."""

from __future__ import annotations

from nn_perception.capabilities.poses.skeleton import joints_of
from nn_perception.core.imaging.camera_model import CameraModel
from nn_perception.core.results import Person
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# A joint's depth is the median of a square as large as this share of the person: a limb's width,
# so that the ground beside the limb is rarely the larger part of it.
PATCH_SHARE = 0.02
LARGEST_PATCH_PX = 15
# With fewer values than this share of the square there is no telling what was measured.
LEAST_MEASURED = 0.3


def joint_positions(
    person: Person,
    depth: NDArray[np.uint16] | NDArray[np.float32],
    unit_m: float,
    camera: CameraModel,
) -> Floats:
    """
    Place a person's joints in space.

    What is measured is the skin or the clothes, so joints lie some centimetres behind. A joint
    that is not seen (score 0), lies outside of the picture, or has no depth, is unknown.

    :param person: in pixels of the depth image
    :param depth: distance along the optical axis, ``(H, W)``; 0, NaN and infinity: not measured
    :param unit_m: metres that a value of 1 means
    :param camera: of the depth image
    :returns: x to the right, y down, z ahead of the camera, in metres, ``(17, 3)``; NaN where
        unknown
    """
    side = PATCH_SHARE * max(person.bbox[2:])
    reach = int(min(side, LARGEST_PATCH_PX) // 2)
    distances = np.array(
        [
            _distance(depth, joint.x, joint.y, reach) if joint.score > 0.0 else np.nan
            for joint in person.keypoints
        ]
    )
    positions: Floats = camera.rays(joints_of(person)[:, :2]) * (unit_m * distances)[:, None]
    return positions


def flat_positions(person: Person, camera: CameraModel) -> Floats:
    """
    Place a person's joints on a picture that hangs 1 m in front of the camera.

    :param person: in pixels of the camera's images
    :returns: x to the right, y down, z ahead of the camera, in metres, ``(17, 3)``; NaN where not
        seen
    """
    joints = joints_of(person)
    positions = camera.rays(joints[:, :2])
    positions[joints[:, 2] <= 0.0] = np.nan
    return positions


def _distance(
    depth: NDArray[np.uint16] | NDArray[np.float32], x: float, y: float, reach: int
) -> float:
    """Take the median of what was measured around a place; NaN if that is too little."""
    height, width = depth.shape
    column, row = int(np.floor(x)), int(np.floor(y))
    if not (0 <= column < width and 0 <= row < height):
        return float('nan')
    patch = depth[
        max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1
    ]
    measured = patch[np.isfinite(patch) & (patch > 0)]
    if measured.size < LEAST_MEASURED * patch.size:
        return float('nan')
    # The lower middle one, so that it is a distance that was measured.
    return float(np.sort(measured)[(measured.size - 1) // 2])
