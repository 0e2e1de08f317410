"""From pixels to rays."""

import cv2
from nn_perception.core.imaging.camera_model import CameraModel
import numpy as np
import pytest

K = (500.0, 0.0, 320.0, 0.0, 400.0, 240.0, 0.0, 0.0, 1.0)
MATRIX = np.array(K).reshape(3, 3)
POINTS = np.array([(0.3, -0.2, 1.5), (0.0, 0.0, 2.0), (-0.6, 0.4, 3.0)])


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
def test_rays_are_undistorted(model, d):
    coefficients = np.array(d or (0.0,) * 4)
    project = cv2.fisheye.projectPoints if model == 'equidistant' else cv2.projectPoints
    none = np.zeros(3)
    arguments = (none, none, MATRIX, coefficients)
    pixels = project(POINTS[:, None], *arguments)[0][:, 0]
    camera = CameraModel.from_calibration(640, 480, K, d, model)
    rays = camera.rays(pixels)
    np.testing.assert_allclose(rays, POINTS / POINTS[:, 2:], atol=1e-4)


@pytest.mark.parametrize(
    ('k', 'd', 'model', 'message'),
    [
        ((0.0,) * 9, (), '', 'not calibrated'),
        ((np.nan, *K[1:]), (), '', 'not calibrated'),
        (K, (0.1,) * 5, 'thin_prism', "'thin_prism' with 5 coefficients is not supported"),
        (K, (0.1,) * 3, 'plumb_bob', 'with 3 coefficients'),
        (K, (0.1,) * 5, 'equidistant', 'with 5 coefficients'),
        (K, (0.1, np.inf, 0.0, 0.0), 'plumb_bob', 'not supported'),
    ],
)
def test_unusable_calibrations_are_rejected(k, d, model, message):
    with pytest.raises(ValueError, match=message):
        CameraModel.from_calibration(640, 480, k, d, model)


def test_the_assumed_camera_has_a_field_of_view_of_sixty_degrees():
    left, right = CameraModel.assumed(640, 480).rays(np.array([(0.0, 240.0), (640.0, 240.0)]))
    assert np.degrees(np.arctan2(right[0] - left[0], 2.0) * 2) == pytest.approx(60.0)
    upper = CameraModel.assumed(480, 640).rays(np.array([(240.0, 0.0)]))[0]
    assert np.degrees(np.arctan(-upper[1])) == pytest.approx(30.0)
