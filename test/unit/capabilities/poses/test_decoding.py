"""From maps to people, on maps made by hand."""

from nn_perception.capabilities.poses.decoding import (
    decode_people,
    decode_single,
    mean_score,
    sigmoid,
)
from nn_perception.capabilities.poses.people import (
    as_persons,
    non_maximum_suppression,
    People,
    together,
)
from nn_perception.core.networks.movenet_heads import HEAD_CHANNELS, MULTI_POSE_HEADS
import numpy as np
import pytest

SURE = 1 / (1 + np.exp(-3.0))  # the score of the logit 3


def empty_maps(height=32, width=48):
    """Make maps of a picture without anybody."""
    maps = {
        head: np.zeros((HEAD_CHANNELS[head], height, width), np.float32)
        for head in MULTI_POSE_HEADS
    }
    maps['center'] -= 10
    maps['heatmap'] -= 10
    return maps


def put_person(maps, row, column, *, size=(20.0, 10.0), strength=3.0):
    """Put somebody in: joint k lies k / 2 - 4 rows below the middle, in the column beside it."""
    maps['center'][0, row, column] = strength
    maps['box_scale'][:, row, column] = size
    for joint in range(17):
        down, across = joint // 2 - 4, 1
        maps['regression'][2 * joint : 2 * joint + 2, row, column] = (down, across)
        maps['heatmap'][joint, row + down, column + across] = strength
        maps['offset'][2 * joint : 2 * joint + 2, row + down, column + across] = (0.25, 0.75)


def decode(maps, **options):
    options = {'most': 20, 'least_center': 0.1, **options}
    return decode_people([maps[head] for head in MULTI_POSE_HEADS], **options)


def test_nobody_is_found_in_an_empty_picture():
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


def test_more_than_six_people_are_found_the_best_first():
    maps = empty_maps(64, 160)
    places = [(row, column) for row in (12, 40) for column in (10, 40, 70, 100, 130)]
    for index, (row, column) in enumerate(places):
        put_person(maps, row, column, strength=1.0 + index / 4)
    people = decode(maps)
    assert len(people.scores) == 10
    assert (np.diff(people.scores) < 0).all()
    assert len(decode(maps, most=3).scores) == 3
    np.testing.assert_allclose(decode(maps, most=3).boxes, people.boxes[:3])


def test_of_two_middles_side_by_side_the_better_one_stays():
    maps = empty_maps()
    put_person(maps, 15, 20)
    maps['center'][0, 16, 21] = 2.0
    assert len(decode(maps).scores) == 1


def test_joints_of_a_neighbour_are_left_to_the_neighbour():
    maps = empty_maps()
    put_person(maps, 15, 12, strength=2.0)
    put_person(maps, 15, 32, strength=4.0)
    weaker = decode(maps).keypoints[1]
    np.testing.assert_allclose(weaker[:, 0], (12 + 1 + 0.75) * 4)


@pytest.mark.parametrize('size', [(0.0, 0.0), (-3.0, 5.0)])
def test_a_box_without_cells_gives_joints_without_a_score(size):
    maps = empty_maps()
    put_person(maps, 15, 20, size=size)
    maps['box_offset'][:, 15, 20] = 0.5
    people = decode(maps)
    assert people.keypoints[0, :, 2].max() == 0.0
    assert people.scores[0] == 0.0
    assert np.isfinite(people.keypoints).all()


def test_people_at_the_edge_are_kept_inside():
    maps = empty_maps()
    put_person(maps, 4, 0, size=(100.0, 100.0))
    people = decode(maps)
    np.testing.assert_allclose(people.boxes, [(0, 0, 48 * 4, 32 * 4)])


def test_extreme_values_overflow_nothing():
    with np.errstate(over='raise', invalid='raise', divide='raise'):
        found = sigmoid(np.array([-1e4, -100, -20, 0, 20, 1e4], np.float32))
    np.testing.assert_allclose(found, [0, 0, 2e-9, 0.5, 1, 1], atol=1e-8)
    assert found.dtype == np.float32


def test_a_person_alone_is_decoded_in_each_picture_of_a_batch():
    one, other = empty_maps(64, 64), empty_maps(64, 64)
    put_person(one, 30, 30)
    put_person(other, 40, 20)
    heads = MULTI_POSE_HEADS[:4]
    both = decode_single([np.stack([one[head], other[head]]) for head in heads])
    assert both.shape == (2, 17, 3)
    np.testing.assert_allclose(both[:, 0, :2], [(127, 105), (87, 145)], atol=1e-3)
    alone = decode_single([other[head][None] for head in heads])
    np.testing.assert_allclose(alone[0], both[1])


def test_the_mean_leaves_out_what_says_nothing():
    assert mean_score(np.array([0.1, 0.5, 0.7], np.float32)) == pytest.approx(0.6)
    assert mean_score(np.zeros(17, np.float32)) == 0.0


def a_person(x, score):
    joints = np.full((17, 3), 0.8, np.float32)
    joints[:, 0] = x + np.arange(17) * 2
    joints[:, 1] = np.arange(17) * 6
    boxes = np.array([[x, 0, x + 40, 100]], np.float32)
    return People(joints[None], boxes, np.array([score], np.float32))


@pytest.mark.parametrize(('apart', 'left'), [(0.5, 1), (100.0, 2)])
def test_who_is_found_twice_is_kept_once(apart, left):
    people = non_maximum_suppression(together([a_person(50, 0.4), a_person(50 + apart, 0.6)]), 0.8)
    assert len(people.scores) == left
    assert people.scores[0] == pytest.approx(0.6)


def half(people, seen, box):
    """Let only some joints of somebody be seen; the others are taken to be elsewhere."""
    keypoints = people.keypoints.copy()
    keypoints[:, [i for i in range(17) if i not in seen]] = (300.0, 200.0, 0.01)
    return people._replace(keypoints=keypoints, boxes=np.array([box], np.float32))


def test_an_upper_and_a_lower_half_are_joined():
    whole = a_person(50, 0.6)
    upper = half(whole, range(13), (50, 0, 90, 60))
    lower = half(a_person(52, 0.4), range(9, 17), (48, 40, 92, 100))
    (joined,) = as_persons(non_maximum_suppression(together([upper, lower]), 0.8), 640, 480)
    assert [joint.score for joint in joined.keypoints] == pytest.approx([0.8] * 17)
    assert joined.keypoints[0].x == 50.0
    assert joined.keypoints[16].x == 52.0 + 32
    assert joined.bbox == (48, 0, 44, 100)


def test_halves_of_two_people_stay_apart():
    upper = half(a_person(50, 0.6), range(13), (50, 0, 90, 60))
    lower = half(a_person(90, 0.4), range(9, 17), (88, 40, 132, 100))
    assert len(non_maximum_suppression(together([upper, lower]), 0.8).scores) == 2


def test_parts_with_hardly_a_joint_in_common_stay_apart():
    upper = half(a_person(50, 0.6), range(11), (50, 0, 90, 60))
    lower = half(a_person(50, 0.4), range(9, 17), (50, 60, 90, 100))
    assert len(non_maximum_suppression(together([upper, lower]), 0.8).scores) == 2


def test_results_end_at_the_edges_of_the_image():
    (person,) = as_persons(a_person(50, 0.6), 60, 80)
    assert person.bbox == pytest.approx((50, 0, 10, 80))
    assert person.score == pytest.approx(0.6)
    assert len(person.keypoints) == 17
    assert all(isinstance(value, float) for value in (person.score, person.keypoints[0].x))
    assert as_persons(a_person(0, 1).first(0), 60, 80) == []
