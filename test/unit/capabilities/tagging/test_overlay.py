"""The panel with tags."""

from nn_perception.capabilities.tagging.overlay import draw_tags
from nn_perception.core.results import Tag
import numpy as np
import pytest

TAGS = [Tag('espresso', 0.94), Tag('cup', 0.04), Tag('a label that is much too long ' * 4, 0.01)]


@pytest.mark.parametrize(
    ('shape', 'expected'),
    [
        ((64, 64), (64, 64)),
        ((480, 640), (480, 640)),
        ((3000, 4000), (3000, 4000)),
        ((100, 1000), (100, 1000)),
        ((1, 1), (64, 64)),
        ((1, 500), (64, 500)),
    ],
)
def test_returns_an_annotated_copy(shape, expected):
    image = np.full((*shape, 3), 200, np.uint8)
    before = image.copy()
    drawn = draw_tags(image, TAGS)
    np.testing.assert_array_equal(image, before)
    assert drawn.shape == (*expected, 3)
    assert drawn.dtype == np.uint8
    assert (drawn[: expected[0] // 2] != 200).any()
    assert (drawn[-1] == 200).all()


def test_bars_are_as_long_as_scores():
    image = np.full((400, 1000, 3), 240, np.uint8)
    drawn = draw_tags(image, [Tag('', 0.25), Tag('', 0.5)])
    bars = [(drawn[row] == (120, 90, 20)).all(axis=1) for row in range(200)]
    lengths = {int(bar.nonzero()[0].max()) + 1 for bar in bars if bar.sum() > 100}
    assert lengths == {250, 500}


def test_accepts_views_and_read_only_images():
    image = np.full((80, 120, 3), 9, np.uint8)
    image.flags.writeable = False
    for view in (image, image[::-1, ::-1], image[..., ::-1], image[:, ::2]):
        assert draw_tags(view, TAGS).shape == (*view.shape[:2], 3) or min(view.shape[:2]) < 64


def test_the_panel_says_if_there_are_no_tags():
    image = np.full((200, 300, 3), 240, np.uint8)
    panel = draw_tags(image, [])[:20]
    assert panel.max() > 200  # letters
    assert panel.min() == 80  # on a third of the brightness


def test_rejects_arrays_that_are_not_images():
    with pytest.raises(ValueError, match='expected an image'):
        draw_tags(np.zeros((4, 4), np.uint8), TAGS)
