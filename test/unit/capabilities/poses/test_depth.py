"""From depth images to positions in space."""

from nn_perception.capabilities.poses.depth import flat_positions, keypoint_positions
from nn_perception.core.imaging.camera_model import CameraModel
from nn_perception.core.results import Keypoint, Person
import numpy as np
import pytest

K = (500.0, 0.0, 320.0, 0.0, 400.0, 240.0, 0.0, 0.0, 1.0)
CAMERA = CameraModel.from_calibration(640, 480, K, (), '')


def person(points, *, score=0.9, height=200.0):
    """Make a person with the first keypoints at these points; the others are not seen."""
    keypoints = [Keypoint(float(x), float(y), score) for x, y in points]
    keypoints += [Keypoint(0.0, 0.0, 0.0)] * (17 - len(keypoints))
    return Person(0.8, (0.0, 0.0, 50.0, height), tuple(keypoints))


@pytest.mark.parametrize(('dtype', 'unit_m'), [(np.uint16, 0.001), (np.float32, 1.0)])
def test_positions_follow_the_depth(dtype, unit_m):
    depth = np.full((480, 640), 2.0 / unit_m, dtype)
    depth[:, :300] = 1.25 / unit_m
    positions = keypoint_positions(person([(320, 240), (120, 40)]), depth, unit_m, CAMERA)
    np.testing.assert_allclose(positions[0], (0.0, 0.0, 2.0))
    np.testing.assert_allclose(positions[1], (-0.5, -0.625, 1.25))
    assert np.isnan(positions[2:]).all()


@pytest.mark.parametrize('hole', [0.0, np.nan, np.inf, -np.inf, -1.0])
def test_keypoints_without_valid_depth_are_unknown(hole):
    depth = np.full((480, 640), 2.0, np.float32)
    depth[90:111, 90:111] = hole
    positions = keypoint_positions(person([(100, 100), (300, 100)]), depth, 1.0, CAMERA)
    assert np.isnan(positions[0]).all()
    assert positions[1, 2] == 2.0


def test_single_holes_and_outliers_do_not_matter():
    depth = np.full((480, 640), 2.0, np.float32)
    depth[100, 100], depth[100, 101], depth[99, 99] = np.nan, 0.0, 9.0
    positions = keypoint_positions(person([(100, 100)]), depth, 1.0, CAMERA)
    assert positions[0, 2] == 2.0


def test_the_surface_that_covers_most_of_the_patch_counts():
    depth = np.full((480, 640), 2.0, np.float32)
    depth[:, :99] = 1.0
    depth[:, 102:] = 5.0
    positions = keypoint_positions(person([(100, 100)]), depth, 1.0, CAMERA)
    assert positions[0, 2] == 2.0


def test_no_depth_between_two_surfaces_is_made_up():
    depth = np.full((480, 640), 2.0, np.float32)
    depth[:, 100:] = 4.0
    depth[98:103, 100] = 0.0
    positions = keypoint_positions(person([(100, 100)]), depth, 1.0, CAMERA)
    assert positions[0, 2] in (2.0, 4.0)


@pytest.mark.parametrize('point', [(-1, 100), (640, 100), (100, -0.5), (100, 480), (1e9, -1e9)])
def test_keypoints_outside_the_image_are_unknown(point):
    depth = np.full((480, 640), 2.0, np.float32)
    assert np.isnan(keypoint_positions(person([point]), depth, 1.0, CAMERA)[0]).all()


@pytest.mark.parametrize('point', [(0, 0), (639.9, 479.9), (0, 479)])
def test_keypoints_at_the_edge_are_known(point):
    depth = np.full((480, 640), 2.0, np.float32)
    assert keypoint_positions(person([point]), depth, 1.0, CAMERA)[0, 2] == 2.0


@pytest.mark.parametrize('height', [1.0, 5.0, 4000.0])
def test_people_of_any_size(height):
    depth = np.full((480, 640), 2.0, np.float32)
    someone = person([(100, 100)], height=height)
    assert keypoint_positions(someone, depth, 1.0, CAMERA)[0, 2] == 2.0


def test_flat_skeletons_are_one_metre_ahead():
    positions = flat_positions(person([(320, 240), (820, 640)]), CAMERA)
    np.testing.assert_allclose(positions[:2], [(0, 0, 1), (1, 1, 1)])
    assert np.isnan(positions[2:]).all()
