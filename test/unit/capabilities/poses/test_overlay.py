"""Skeletons on images."""

from nn_perception.capabilities.poses.overlay import draw_poses, person_colour
from nn_perception.core.results import Keypoint, Person
import numpy as np
import pytest


def make_person(score=0.9, name='', at=(0.0, 0.0)):
    """Make a person whose keypoints form two columns, left and right."""
    keypoints = tuple(
        Keypoint(at[0] + 60.0 + 20.0 * (i % 2), at[1] + 20.0 + 5.0 * i, score) for i in range(17)
    )
    return Person(0.9, (at[0] + 50.0, at[1] + 10.0, 40.0, 100.0), keypoints, name)


def test_keypoints_are_drawn_in_the_colour_of_the_id():
    image = np.zeros((160, 200, 3), np.uint8)
    drawn = draw_poses(image, [make_person(name='p2')])
    assert not image.any()
    person = make_person()
    for point in person.keypoints:
        assert tuple(drawn[round(point.y), round(point.x)]) == person_colour('p2')
    # The colour depends on the id, not on the order of the people.
    other = draw_poses(image, [make_person(at=(100.0, 0.0)), make_person(name='p2')])
    assert tuple(other[20, 60]) == person_colour('p2') != person_colour('p3')


def test_uncertain_keypoints_are_not_drawn():
    image = np.full((160, 200, 3), 7, np.uint8)
    np.testing.assert_array_equal(draw_poses(image, [make_person(score=0.1)]), image)
    assert (draw_poses(image, [make_person(score=0.1)], min_score=0.05) != image).any()


@pytest.mark.parametrize('shape', [(1, 1), (1, 500), (500, 1), (64, 64)])
@pytest.mark.parametrize('offset', [0.0, -1e6, 1e9])
def test_people_may_be_far_outside_the_image(shape, offset):
    image = np.zeros((*shape, 3), np.uint8)
    drawn = draw_poses(image, [make_person(name='p1', at=(offset, offset))])
    assert min(drawn.shape[:2]) >= 64


def test_nobody():
    image = np.full((80, 90, 3), 9, np.uint8)
    drawn = draw_poses(image, [])
    np.testing.assert_array_equal(drawn, image)
    assert drawn is not image
