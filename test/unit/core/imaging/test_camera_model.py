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
        # A fisheye lens without distortion is no pinhole.
        ('equidistant', (0.0, 0.0, 0.0, 0.0)),
        ('equidistant', ()),
        ('equidistant', (0.0,) * 5),
        ('fisheye', (0.0,) * 4),
        ('fisheye', (0.05, -0.01, 0.002, 0.0)),
        ('Kannala_Brandt4', (-0.0,) * 4),
    ],
)
def test_rays_are_undistorted(model, d):
    pinhole = model in ('', 'plumb_bob', 'rational_polynomial')
    coefficients = np.array(d if np.any(d) else (0.0,) * 4)
    project = cv2.projectPoints if pinhole else cv2.fisheye.projectPoints
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


def test_a_fisheye_lens_measures_angles():
    """One focal length beside the centre is one radian to the side, whatever the coefficients."""
    pixels = np.array([(820.0, 240.0), (320.0, 440.0)])
    for d in ((), (0.0,) * 4, (1e-9, 0.0, 0.0, 0.0)):
        rays = CameraModel.from_calibration(1600, 480, K, d, 'equidistant').rays(pixels)
        np.testing.assert_allclose(rays[0], (np.tan(1.0), 0.0, 1.0), atol=1e-4)
        np.testing.assert_allclose(rays[1], (0.0, np.tan(0.5), 1.0), atol=1e-4)


@pytest.mark.parametrize('d', [(), (0.0,) * 4, (0.02, 0.0, 0.0, 0.0)])
def test_what_a_fisheye_lens_sees_beside_or_behind_it_has_no_point_ahead(d):
    # 1.6 and 3 radians to the side, and straight ahead.
    pixels = np.array([(320.0 + 500.0 * 1.6, 240.0), (320.0 - 1500.0, 240.0), (320.0, 240.0)])
    rays = CameraModel.from_calibration(4000, 480, K, d, 'equidistant').rays(pixels)
    assert np.isnan(rays[:2]).all()
    np.testing.assert_allclose(rays[2], (0.0, 0.0, 1.0), atol=1e-9)


def test_the_assumed_camera_has_a_field_of_view_of_sixty_degrees():
    left, right = CameraModel.assumed(640, 480).rays(np.array([(0.0, 240.0), (640.0, 240.0)]))
    assert np.degrees(np.arctan2(right[0] - left[0], 2.0) * 2) == pytest.approx(60.0)
    upper = CameraModel.assumed(480, 640).rays(np.array([(240.0, 0.0)]))[0]
    assert np.degrees(np.arctan(-upper[1])) == pytest.approx(30.0)
