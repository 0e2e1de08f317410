"""Merging of detections, and conversion to results."""

from nn_perception.capabilities.poses.people import (
    concatenate,
    non_maximum_suppression,
    People,
    to_persons,
)
import numpy as np
import pytest


def nobody():
    keypoints, boxes = np.zeros((0, 17, 3), np.float32), np.zeros((0, 4), np.float32)
    return People(keypoints, boxes, np.zeros(0, np.float32))


def a_person(x, score):
    keypoints = np.full((17, 3), 0.8, np.float32)
    keypoints[:, 0] = x + np.arange(17) * 2
    keypoints[:, 1] = np.arange(17) * 6
    boxes = np.array([[x, 0, x + 40, 100]], np.float32)
    return People(keypoints[None], boxes, np.array([score], np.float32))


@pytest.mark.parametrize(('distance', 'count'), [(0.5, 1), (100.0, 2)])
def test_a_duplicate_is_dropped(distance, count):
    people = non_maximum_suppression(
        concatenate([a_person(50, 0.4), a_person(50 + distance, 0.6)]), 0.8
    )
    assert len(people.scores) == count
    assert people.scores[0] == pytest.approx(0.6)


def half(people, seen, box):
    """Let only some keypoints be seen; the others have low scores elsewhere."""
    keypoints = people.keypoints.copy()
    keypoints[:, [i for i in range(17) if i not in seen]] = (300.0, 200.0, 0.01)
    return people._replace(keypoints=keypoints, boxes=np.array([box], np.float32))


def test_an_upper_and_a_lower_half_are_merged():
    whole = a_person(50, 0.6)
    upper = half(whole, range(13), (50, 0, 90, 60))
    lower = half(a_person(52, 0.4), range(9, 17), (48, 40, 92, 100))
    (merged,) = to_persons(non_maximum_suppression(concatenate([upper, lower]), 0.8), 640, 480)
    assert [point.score for point in merged.keypoints] == pytest.approx([0.8] * 17)
    assert merged.keypoints[0].x == 50.0
    assert merged.keypoints[16].x == 52.0 + 32
    assert merged.bbox == (48, 0, 44, 100)


def test_halves_of_two_people_are_not_merged():
    upper = half(a_person(50, 0.6), range(13), (50, 0, 90, 60))
    lower = half(a_person(90, 0.4), range(9, 17), (88, 40, 132, 100))
    assert len(non_maximum_suppression(concatenate([upper, lower]), 0.8).scores) == 2


def test_parts_with_few_common_keypoints_are_not_merged():
    upper = half(a_person(50, 0.6), range(11), (50, 0, 90, 60))
    lower = half(a_person(50, 0.4), range(9, 17), (50, 60, 90, 100))
    assert len(non_maximum_suppression(concatenate([upper, lower]), 0.8).scores) == 2


def test_boxes_are_clipped_to_the_image():
    (person,) = to_persons(a_person(50, 0.6), 60, 80)
    assert person.bbox == pytest.approx((50, 0, 10, 80))
    assert person.score == pytest.approx(0.6)
    assert len(person.keypoints) == 17
    assert all(isinstance(value, float) for value in (person.score, person.keypoints[0].x))
    assert to_persons(a_person(0, 1).first(0), 60, 80) == []


def test_nobody():
    assert len(non_maximum_suppression(nobody(), 0.8).scores) == 0
    assert len(concatenate([nobody(), nobody()]).scores) == 0
    assert to_persons(nobody(), 640, 480) == []
