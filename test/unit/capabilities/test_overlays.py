from nn_perception.capabilities.digits.overlay import BOX_COLOUR, draw_digits
from nn_perception.capabilities.poses.overlay import draw_poses, person_colour
from nn_perception.capabilities.tagging.overlay import draw_tags
from nn_perception.core.imaging.text import ascii_text
from nn_perception.core.results import Digit, DigitReading, Keypoint, Person, Tag
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
    rows = (drawn == BOX_COLOUR).all(axis=2).any(axis=1).nonzero()[0]
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


def someone(score=0.9, name='', at=(0.0, 0.0)):
    """Make somebody whose joints stand in a column; left and right are apart."""
    joints = tuple(
        Keypoint(at[0] + 60.0 + 20.0 * (i % 2), at[1] + 20.0 + 5.0 * i, score) for i in range(17)
    )
    return Person(0.9, (at[0] + 50.0, at[1] + 10.0, 40.0, 100.0), joints, name)


def test_poses_are_drawn_at_their_joints_in_the_colour_of_their_id():
    image = np.zeros((160, 200, 3), np.uint8)
    drawn = draw_poses(image, [someone(name='p2')])
    assert not image.any()
    person = someone()
    for joint in person.keypoints:
        assert tuple(drawn[round(joint.y), round(joint.x)]) == person_colour('p2')
    # Another id, another colour; the place among the people does not matter.
    other = draw_poses(image, [someone(at=(100.0, 0.0)), someone(name='p2')])
    assert tuple(other[20, 60]) == person_colour('p2') != person_colour('p3')


def test_joints_that_are_not_seen_are_not_drawn():
    image = np.full((160, 200, 3), 7, np.uint8)
    np.testing.assert_array_equal(draw_poses(image, [someone(score=0.1)]), image)
    assert (draw_poses(image, [someone(score=0.1)], min_score=0.05) != image).any()


@pytest.mark.parametrize('shape', [(1, 1), (1, 500), (500, 1), (64, 64)])
@pytest.mark.parametrize('far', [0.0, -1e6, 1e9])
def test_poses_may_lie_anywhere(shape, far):
    image = np.zeros((*shape, 3), np.uint8)
    drawn = draw_poses(image, [someone(name='p1', at=(far, far))])
    assert min(drawn.shape[:2]) >= 64
