from nn_perception.vision.draw import ascii_text, BOX, draw_digits, draw_tags
from nn_perception.vision.results import Digit, DigitReading, Tag
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
def test_gives_an_annotated_copy(shape, expected):
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


def test_takes_views_and_read_only_images():
    image = np.full((80, 120, 3), 9, np.uint8)
    image.flags.writeable = False
    for view in (image, image[::-1, ::-1], image[..., ::-1], image[:, ::2]):
        assert draw_tags(view, TAGS).shape == (*view.shape[:2], 3) or min(view.shape[:2]) < 64


def test_without_tags_the_panel_says_so():
    image = np.full((200, 300, 3), 240, np.uint8)
    panel = draw_tags(image, [])[:20]
    assert panel.max() > 200  # letters
    assert panel.min() == 80  # on a third of the brightness


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
    rows = (drawn == BOX).all(axis=2).any(axis=1).nonzero()[0]
    assert abs(rows.max() - height * 3 / 4) <= max(2, height / 40)
    # The label is above the box, with letters that can be read.
    label = drawn[: height // 2 - height // 100]
    assert rows.min() < height // 2 - 7
    assert light(label) >= 7


def light(picture):
    """Count the pixels of white letters."""
    return int((picture.min(axis=2) > 120).sum())


@pytest.mark.parametrize('bbox', [(0, 0, 20, 30), (100, 0, 28, 30), (0, 98, 5, 30)])
def test_labels_stay_in_the_picture(bbox):
    image = np.full((128, 128, 3), 90, np.uint8)
    drawn = draw_digits(image, reading(Digit('8', 1.0, bbox)))
    # As many light pixels as in the middle of the picture: nothing of the 8 is cut off.
    middle = draw_digits(image, reading(Digit('8', 1.0, (50, 50, *bbox[2:]))))
    assert light(drawn) == light(middle) > 7


@pytest.mark.parametrize(
    'bbox', [(-5, -5, 3, 3), (-9, 2, 500, 500), (10, 10, 0, 0), (0.4, 0.4, 0.2, 0.2), (1e6,) * 4]
)
@pytest.mark.parametrize('shape', [(1, 1), (30, 40), (70, 90)])
def test_odd_boxes_are_no_error(shape, bbox):
    image = np.zeros((*shape, 3), np.uint8)
    image.flags.writeable = False
    assert draw_digits(image[::-1], reading(Digit('?', 0.5, bbox))).dtype == np.uint8


def test_no_digits_no_boxes():
    image = np.full((80, 90, 3), 9, np.uint8)
    drawn = draw_digits(image, DigitReading((), 5, True))
    np.testing.assert_array_equal(drawn, image)
    assert drawn is not image


def test_digits_refuse_what_is_no_image():
    with pytest.raises(ValueError, match='expected an image'):
        draw_digits(np.zeros((4, 4), np.uint8), reading())


@pytest.mark.parametrize(
    ('label', 'expected'),
    [('espresso', 'espresso'), ('Käse crème', 'Kase creme'), ('杯子', '??'), ('a\nb\t', 'a?b?'),
     ('ﬁne', 'fine'), ('', '')],
)  # fmt: skip
def test_labels_in_ascii(label, expected):
    assert ascii_text(label) == expected


def test_refuses_what_is_no_image():
    with pytest.raises(ValueError, match='expected an image'):
        draw_tags(np.zeros((4, 4), np.uint8), TAGS)
