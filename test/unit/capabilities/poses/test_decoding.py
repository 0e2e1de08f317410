"""Decoding of maps that are made by hand."""

from nn_perception.capabilities.poses.decoding import (
    decode_people,
    decode_single,
    mean_score,
    sigmoid,
)
from nn_perception.core.networks.movenet_heads import HEAD_CHANNELS, MULTI_POSE_HEADS
import numpy as np
import pytest

SURE = 1 / (1 + np.exp(-3.0))  # the score of the logit 3


def empty_maps(height=32, width=48):
    """Make the maps of an image without people."""
    maps = {
        head: np.zeros((HEAD_CHANNELS[head], height, width), np.float32)
        for head in MULTI_POSE_HEADS
    }
    maps['center'] -= 10
    maps['heatmap'] -= 10
    return maps


def put_person(maps, row, column, *, size=(20.0, 10.0), strength=3.0):
    """Add a person: keypoint k is k // 2 - 4 rows below the centre, one column to the right."""
    maps['center'][0, row, column] = strength
    maps['box_scale'][:, row, column] = size
    for joint in range(17):
        down, across = joint // 2 - 4, 1
        maps['regression'][2 * joint : 2 * joint + 2, row, column] = (down, across)
        maps['heatmap'][joint, row + down, column + across] = strength
        maps['offset'][2 * joint : 2 * joint + 2, row + down, column + across] = (0.25, 0.75)


def decode(maps, **options):
    options = {'max_count': 20, 'min_centre_score': 0.1, **options}
    return decode_people([maps[head] for head in MULTI_POSE_HEADS], **options)


def test_nobody_is_found_in_empty_maps():
    people = decode(empty_maps())
    assert people.keypoints.shape == (0, 17, 3)
    assert people.boxes.shape == (0, 4)
    assert people.scores.shape == (0,)


def test_a_person_is_found_where_it_was_put():
    maps = empty_maps()
    put_person(maps, 15, 20)
    people = decode(maps)
    expected = [((20 + 1 + 0.75) * 4, (15 + k // 2 - 4 + 0.25) * 4) for k in range(17)]
    np.testing.assert_allclose(people.keypoints[0, :, :2], expected, atol=1e-4)
    np.testing.assert_allclose(people.keypoints[0, :, 2], SURE, atol=1e-6)
    np.testing.assert_allclose(people.boxes, [(60, 20, 100, 100)])
    np.testing.assert_allclose(people.scores, SURE**2, rtol=1e-5)


def test_more_than_six_people_are_found_best_first():
    maps = empty_maps(64, 160)
    places = [(row, column) for row in (12, 40) for column in (10, 40, 70, 100, 130)]
    for index, (row, column) in enumerate(places):
        put_person(maps, row, column, strength=1.0 + index / 4)
    people = decode(maps)
    assert len(people.scores) == 10
    assert (np.diff(people.scores) < 0).all()
    assert len(decode(maps, max_count=3).scores) == 3
    np.testing.assert_allclose(decode(maps, max_count=3).boxes, people.boxes[:3])


def test_only_the_better_of_two_adjacent_centres_counts():
    maps = empty_maps()
    put_person(maps, 15, 20)
    maps['center'][0, 16, 21] = 2.0
    assert len(decode(maps).scores) == 1


def test_keypoints_of_a_neighbour_stay_with_the_neighbour():
    maps = empty_maps()
    put_person(maps, 15, 12, strength=2.0)
    put_person(maps, 15, 32, strength=4.0)
    weaker = decode(maps).keypoints[1]
    np.testing.assert_allclose(weaker[:, 0], (12 + 1 + 0.75) * 4)


@pytest.mark.parametrize('size', [(0.0, 0.0), (-3.0, 5.0)])
def test_a_box_without_cells_gives_keypoints_with_score_zero(size):
    maps = empty_maps()
    put_person(maps, 15, 20, size=size)
    maps['box_offset'][:, 15, 20] = 0.5
    people = decode(maps)
    assert people.keypoints[0, :, 2].max() == 0.0
    assert people.scores[0] == 0.0
    assert np.isfinite(people.keypoints).all()


def test_boxes_are_clipped_to_the_map():
    maps = empty_maps()
    put_person(maps, 4, 0, size=(100.0, 100.0))
    people = decode(maps)
    np.testing.assert_allclose(people.boxes, [(0, 0, 48 * 4, 32 * 4)])


def test_sigmoid_of_extreme_values_does_not_overflow():
    with np.errstate(over='raise', invalid='raise', divide='raise'):
        found = sigmoid(np.array([-1e4, -100, -20, 0, 20, 1e4], np.float32))
    np.testing.assert_allclose(found, [0, 0, 2e-9, 0.5, 1, 1], atol=1e-8)
    assert found.dtype == np.float32


def test_a_single_person_is_decoded_in_each_image_of_a_batch():
    one, other = empty_maps(64, 64), empty_maps(64, 64)
    put_person(one, 30, 30)
    put_person(other, 40, 20)
    heads = MULTI_POSE_HEADS[:4]
    both = decode_single([np.stack([one[head], other[head]]) for head in heads])
    assert both.shape == (2, 17, 3)
    np.testing.assert_allclose(both[:, 0, :2], [(127, 105), (87, 145)], atol=1e-3)
    alone = decode_single([other[head][None] for head in heads])
    np.testing.assert_allclose(alone[0], both[1])


def test_the_mean_score_ignores_low_scores():
    assert mean_score(np.array([0.1, 0.5, 0.7], np.float32)) == pytest.approx(0.6)
    assert mean_score(np.zeros(17, np.float32)) == 0.0
