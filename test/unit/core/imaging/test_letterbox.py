"""Letterbox and crops, and the mapping back to the image."""

import cv2
from nn_perception.core.imaging.letterbox import crop_square, letterbox, Placement, to_batch
from nn_perception.core.imaging.preprocessing import Preprocessing
import numpy as np
import pytest

PREPROCESSING = Preprocessing(
    size=256, crop=1.0, interpolation='linear', mean=(127.5,) * 3, std=(127.5,) * 3
)
SIZES = [
    (480, 640),
    (640, 480),
    (425, 637),
    (1080, 1920),
    (33, 31),
    (1, 1),
    (1, 640),
    (640, 1),
    (3, 4000),
    (100, 100),
]


@pytest.mark.parametrize(('height', 'width'), SIZES)
@pytest.mark.parametrize('long_side', [256, 384])
def test_inputs_are_multiples_of_the_step(height, width, long_side):
    batch, _ = letterbox(np.full((height, width, 3), 255, np.uint8), long_side, PREPROCESSING)
    assert batch.dtype == np.float32
    assert batch.shape[:2] == (1, 3)
    assert max(batch.shape[2:]) == long_side
    assert all(side % 32 == 0 for side in batch.shape[2:])
    # The image is white, and the padding is black and less than a step.
    white = batch[0] > 0
    assert white.any()
    rows, columns = white.any(axis=(0, 2)).sum(), white.any(axis=(0, 1)).sum()
    assert batch.shape[2] - rows < 32
    assert batch.shape[3] - columns < 32
    assert set(np.unique(batch)) <= {-1.0, 1.0}


@pytest.mark.parametrize(('height', 'width'), SIZES)
def test_mapping_back_is_exact(height, width):
    _, placement = letterbox(np.zeros((height, width, 3), np.uint8), 384, PREPROCESSING)
    corners = np.array([(0.0, 0.0), (width, height), (width / 3, height / 7)])
    there = corners * (placement.scale_x, placement.scale_y)
    there += (placement.shift_x, placement.shift_y)
    np.testing.assert_allclose(placement.to_image(there), corners, atol=1e-9)


@pytest.mark.parametrize(('height', 'width'), [(480, 640), (640, 480), (611, 377), (120, 160)])
def test_a_bright_spot_is_mapped_back(height, width):
    image = np.zeros((height, width, 3), np.uint8)
    x, y = 0.7 * width, 0.3 * height
    cv2.circle(image, (round(x - 0.5), round(y - 0.5)), 8, (255, 255, 255), cv2.FILLED)
    batch, placement = letterbox(image, 384, PREPROCESSING)
    assert placement.to_image(_middle(batch[0, 0])) == pytest.approx((x, y), abs=1.0)
    square, placement = crop_square(image, round(x) - 50, round(y) - 70, 100, 256)
    batch = to_batch([square], PREPROCESSING)
    assert placement.to_image(_middle(batch[0, 0])) == pytest.approx((x, y), abs=1.0)


def _middle(plane):
    """Locate the centre of the bright pixels; corners of pixels have whole coordinates."""
    rows, columns = np.nonzero(plane > 0)
    return np.array((columns.mean() + 0.5, rows.mean() + 0.5))


@pytest.mark.parametrize(
    ('left', 'top', 'side'),
    [(0, 0, 100), (-50, -50, 100), (60, 40, 100), (-30, 10, 300), (10, -5, 16), (500, 500, 50)],
)
def test_crops_may_exceed_the_image(left, top, side):
    image = np.full((80, 120, 3), 200, np.uint8)
    square, placement = crop_square(image, left, top, side, 64)
    assert square.shape == (64, 64, 3)
    inside = np.zeros((side, side))
    inside[max(0, -top) : max(0, 80 - top), max(0, -left) : max(0, 120 - left)] = 1
    assert (square > 100).mean() == pytest.approx(inside.mean(), abs=0.05)
    np.testing.assert_allclose(placement.to_image(np.zeros(2)), (left, top), atol=1e-9)
    np.testing.assert_allclose(placement.to_image(np.full(2, 64.0)), (left + side, top + side))


def test_red_first_and_normalised():
    image = np.zeros((64, 64, 3), np.uint8)
    image[..., 2] = 255  # red in BGR
    image[..., 1] = 51
    batch, _ = letterbox(image, 64, PREPROCESSING)
    np.testing.assert_allclose(batch[0, :, 10, 10], (1.0, -0.6, -1.0), atol=1e-6)


def test_points_of_any_shape_are_mapped():
    placement = Placement(2.0, 4.0, 10.0, 20.0)
    points = np.full((3, 17, 2), 30.0)
    assert placement.to_image(points).shape == (3, 17, 2)
    np.testing.assert_allclose(placement.to_image(points)[0, 0], (10.0, 2.5))
