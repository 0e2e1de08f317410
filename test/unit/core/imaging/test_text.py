"""Text that OpenCV can draw, and images that are large enough for it."""

from nn_perception.core.imaging.text import ascii_text, enlarged_copy
import numpy as np
import pytest


@pytest.mark.parametrize(
    ('label', 'expected'),
    [('espresso', 'espresso'), ('Käse crème', 'Kase creme'), ('杯子', '??'), ('a\nb\t', 'a?b?'),
     ('ﬁne', 'fine'), ('', '')],
)  # fmt: skip
def test_ascii_text(label, expected):
    assert ascii_text(label) == expected


@pytest.mark.parametrize(
    ('shape', 'expected'),
    [((64, 64), (64, 64)), ((1, 1), (64, 64)), ((1, 500), (64, 500)), ((20_000, 1), (16_384, 64))],
)
def test_small_images_are_enlarged(shape, expected):
    image = np.full((*shape, 3), 7, np.uint8)
    copy = enlarged_copy(image)
    assert copy.shape == (*expected, 3)
    assert copy is not image
    assert (copy == 7).all()
