"""Boxes and labels of digits."""

from nn_perception.capabilities.digits.overlay import BOX_COLOUR, draw_digits
from nn_perception.core.results import Digit, DigitReading
import numpy as np
import pytest


def reading(*digits):
    return DigitReading((digits,), len(digits), False)


@pytest.mark.parametrize(
    ('shape', 'expected'),
    [
        ((64, 64), (64, 64)),
        ((480, 640), (480, 640)),
        ((3000, 4000), (3000, 4000)),
        ((100, 1000), (100, 1000)),
        ((28, 28), (64, 64)),
        ((1, 1), (64, 64)),
        ((1, 500), (64, 500)),
    ],
)
def test_boxes_are_where_the_digits_are(shape, expected):
    image = np.full((*shape, 3), 90, np.uint8)
    before = image.copy()
    bbox = (shape[1] / 4, shape[0] / 2, shape[1] / 2, shape[0] / 4)
    drawn = draw_digits(image, reading(Digit('7', 0.9, bbox)))
    np.testing.assert_array_equal(image, before)
    assert drawn.shape == (*expected, 3)
    assert drawn.dtype == np.uint8
    height, width = expected
    inside = drawn[height // 2 + height // 12 : height * 3 // 4 - height // 12, width // 2]
    assert (inside == 90).all()
    rows = (drawn == BOX_COLOUR).all(axis=2).any(axis=1).nonzero()[0]
    assert abs(rows.max() - height * 3 / 4) <= max(2, height / 40)
    # The label is above the box, and legible.
    label = drawn[: height // 2 - height // 100]
    assert rows.min() < height // 2 - 7
    assert light(label) >= 7


def light(picture):
    """Count the pixels of white letters."""
    return int((picture.min(axis=2) > 120).sum())


@pytest.mark.parametrize('bbox', [(0, 0, 20, 30), (100, 0, 28, 30), (0, 98, 5, 30)])
def test_labels_stay_inside_the_image(bbox):
    image = np.full((128, 128, 3), 90, np.uint8)
    drawn = draw_digits(image, reading(Digit('8', 1.0, bbox)))
    # As many light pixels as in the middle of the image: nothing of the 8 is cut off.
    middle = draw_digits(image, reading(Digit('8', 1.0, (50, 50, *bbox[2:]))))
    assert light(drawn) == light(middle) > 7


@pytest.mark.parametrize(
    'bbox', [(-5, -5, 3, 3), (-9, 2, 500, 500), (10, 10, 0, 0), (0.4, 0.4, 0.2, 0.2), (1e6,) * 4]
)
@pytest.mark.parametrize('shape', [(1, 1), (30, 40), (70, 90)])
def test_unusual_boxes_are_accepted(shape, bbox):
    image = np.zeros((*shape, 3), np.uint8)
    image.flags.writeable = False
    assert draw_digits(image[::-1], reading(Digit('?', 0.5, bbox))).dtype == np.uint8


def test_no_digits():
    image = np.full((80, 90, 3), 9, np.uint8)
    drawn = draw_digits(image, DigitReading((), 5, True))
    np.testing.assert_array_equal(drawn, image)
    assert drawn is not image


def test_rejects_arrays_that_are_not_images():
    with pytest.raises(ValueError, match='expected an image'):
        draw_digits(np.zeros((4, 4), np.uint8), reading())
