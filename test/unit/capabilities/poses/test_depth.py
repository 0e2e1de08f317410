"""From pixels to directions, and from depth images to places in space."""

import cv2
from nn_perception.capabilities.poses.depth import flat_positions, joint_positions
from nn_perception.core.imaging.camera_model import CameraModel
from nn_perception.core.results import Keypoint, Person
import numpy as np
import pytest

K = (500.0, 0.0, 320.0, 0.0, 400.0, 240.0, 0.0, 0.0, 1.0)
MATRIX = np.array(K).reshape(3, 3)
PLACES = np.array([(0.3, -0.2, 1.5), (0.0, 0.0, 2.0), (-0.6, 0.4, 3.0)])


def camera(d=(), model=''):
    return CameraModel.from_calibration(640, 480, K, d, model)


def person(points, *, score=0.9, height=200.0):
    """Somebody whose first joints are at these points; the others are not seen."""
    joints = [Keypoint(float(x), float(y), score) for x, y in points]
    joints += [Keypoint(0.0, 0.0, 0.0)] * (17 - len(joints))
    return Person(0.8, (0.0, 0.0, 50.0, height), tuple(joints))


@pytest.mark.parametrize(
    ('model', 'd'),
    [
        ('', ()),
        ('plumb_bob', (0.0,) * 5),
        ('plumb_bob', (-0.25, 0.08, 0.001, -0.002, 0.01)),
        ('rational_polynomial', (0.2, -0.1, 0.001, 0.0, 0.02, 0.3, -0.05, 0.01)),
        ('equidistant', (0.05, -0.01, 0.002, 0.0)),
    ],
)
def test_rays_undo_what_the_lens_does(model, d):
    coefficients = np.array(d or (0.0,) * 4)
    project = cv2.fisheye.projectPoints if model == 'equidistant' else cv2.projectPoints
    none = np.zeros(3)
    arguments = (none, none, MATRIX, coefficients)
    pixels = project(PLACES[:, None], *arguments)[0][:, 0]
    rays = camera(d, model).rays(pixels)
    np.testing.assert_allclose(rays, PLACES / PLACES[:, 2:], atol=1e-4)


@pytest.mark.parametrize(
    ('k', 'd', 'model', 'message'),
    [
        ((0.0,) * 9, (), '', 'not calibrated'),
        ((np.nan, *K[1:]), (), '', 'not calibrated'),
        (K, (0.1,) * 5, 'thin_prism', "'thin_prism' with 5 coefficients is not known"),
        (K, (0.1,) * 3, 'plumb_bob', 'with 3 coefficients'),
        (K, (0.1,) * 5, 'equidistant', 'with 5 coefficients'),
        (K, (0.1, np.inf, 0.0, 0.0), 'plumb_bob', 'not known'),
    ],
)
def test_what_cannot_be_undone_is_refused(k, d, model, message):
    with pytest.raises(ValueError, match=message):
        CameraModel.from_calibration(640, 480, k, d, model)


def test_the_assumed_camera_sees_sixty_degrees():
    left, right = CameraModel.assumed(640, 480).rays(np.array([(0.0, 240.0), (640.0, 240.0)]))
    assert np.degrees(np.arctan2(right[0] - left[0], 2.0) * 2) == pytest.approx(60.0)
    upper = CameraModel.assumed(480, 640).rays(np.array([(240.0, 0.0)]))[0]
    assert np.degrees(np.arctan(-upper[1])) == pytest.approx(30.0)


@pytest.mark.parametrize(('dtype', 'unit_m'), [(np.uint16, 0.001), (np.float32, 1.0)])
def test_joints_are_where_the_depth_says(dtype, unit_m):
    depth = np.full((480, 640), 2.0 / unit_m, dtype)
    depth[:, :300] = 1.25 / unit_m
    positions = joint_positions(person([(320, 240), (120, 40)]), depth, unit_m, camera())
    np.testing.assert_allclose(positions[0], (0.0, 0.0, 2.0))
    np.testing.assert_allclose(positions[1], (-0.5, -0.625, 1.25))
    assert np.isnan(positions[2:]).all()


@pytest.mark.parametrize('hole', [0.0, np.nan, np.inf, -np.inf, -1.0])
def test_what_was_not_measured_is_unknown(hole):
    depth = np.full((480, 640), 2.0, np.float32)
    depth[90:111, 90:111] = hole
    positions = joint_positions(person([(100, 100), (300, 100)]), depth, 1.0, camera())
    assert np.isnan(positions[0]).all()
    assert positions[1, 2] == 2.0


def test_single_holes_and_outliers_do_not_matter():
    depth = np.full((480, 640), 2.0, np.float32)
    depth[100, 100], depth[100, 101], depth[99, 99] = np.nan, 0.0, 9.0
    positions = joint_positions(person([(100, 100)]), depth, 1.0, camera())
    assert positions[0, 2] == 2.0


def test_the_larger_part_of_what_is_around_a_joint_counts():
    depth = np.full((480, 640), 2.0, np.float32)
    depth[:, :99] = 1.0
    depth[:, 102:] = 5.0
    positions = joint_positions(person([(100, 100)]), depth, 1.0, camera())
    assert positions[0, 2] == 2.0


def test_a_depth_between_two_things_is_never_made_up():
    depth = np.full((480, 640), 2.0, np.float32)
    depth[:, 100:] = 4.0
    depth[98:103, 100] = 0.0
    positions = joint_positions(person([(100, 100)]), depth, 1.0, camera())
    assert positions[0, 2] in (2.0, 4.0)


@pytest.mark.parametrize('point', [(-1, 100), (640, 100), (100, -0.5), (100, 480), (1e9, -1e9)])
def test_joints_outside_of_the_picture_are_unknown(point):
    depth = np.full((480, 640), 2.0, np.float32)
    assert np.isnan(joint_positions(person([point]), depth, 1.0, camera())[0]).all()


@pytest.mark.parametrize('point', [(0, 0), (639.9, 479.9), (0, 479)])
def test_joints_at_the_edge_are_known(point):
    depth = np.full((480, 640), 2.0, np.float32)
    assert joint_positions(person([point]), depth, 1.0, camera())[0, 2] == 2.0


@pytest.mark.parametrize('height', [1.0, 5.0, 4000.0])
def test_people_of_any_size(height):
    depth = np.full((480, 640), 2.0, np.float32)
    someone = person([(100, 100)], height=height)
    assert joint_positions(someone, depth, 1.0, camera())[0, 2] == 2.0


def test_flat_skeletons_hang_one_metre_ahead():
    positions = flat_positions(person([(320, 240), (820, 640)]), camera())
    np.testing.assert_allclose(positions[:2], [(0, 0, 1), (1, 1, 1)])
    assert np.isnan(positions[2:]).all()
