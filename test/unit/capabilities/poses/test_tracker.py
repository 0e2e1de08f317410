"""Persistent ids of people."""

from dataclasses import replace

from nn_perception.capabilities.poses.skeleton import keypoint_array
from nn_perception.capabilities.poses.tracker import box_iou, Tracker
from nn_perception.core.results import Keypoint, Person
import numpy as np
import pytest

RATE_HZ = 10.0
# A standing person of height 1, keypoints in COCO's order.
STANDING = np.array(
    [(0, 0.08), (0.02, 0.06), (-0.02, 0.06), (0.05, 0.07), (-0.05, 0.07)]
    + [(0.12, 0.2), (-0.12, 0.2), (0.16, 0.36), (-0.16, 0.36), (0.17, 0.5), (-0.17, 0.5)]
    + [(0.08, 0.53), (-0.08, 0.53), (0.08, 0.74), (-0.08, 0.74), (0.08, 0.95), (-0.08, 0.95)]
)


def person(x, y=50.0, height=200.0, *, score=0.6, seen=0.8, pose=STANDING):
    """Make a person whose centre is at x and whose head is at y."""
    keypoints = pose * height + (x, y)
    keypoints = tuple(Keypoint(float(a), float(b), seen) for a, b in keypoints)
    return Person(score, (x - 0.2 * height, y, 0.4 * height, height), keypoints)


def ids(tracker, *frames):
    """Track people through frames, and list the ids in each."""
    return [
        [person.id for person in tracker.update(people, number / RATE_HZ)]
        for number, people in enumerate(frames)
    ]


def test_a_walking_person_keeps_an_id_that_starts_with_a_letter():
    found = ids(Tracker(), *([person(100 + 20 * i)] for i in range(30)))
    assert len({name for (name,) in found}) == 1
    assert found[0][0][0].isalpha()


def test_results_come_in_the_order_of_the_people():
    tracker = Tracker()
    one, other = person(100), person(400, score=0.5)
    first = [found.id for found in tracker.update([one, other], 0.0)]
    second = tracker.update([other, one], 0.1)
    assert [found.id for found in second] == first[::-1]
    assert second[0] == replace(other, id=first[1])


@pytest.mark.parametrize(('hidden', 'same'), [(3, True), (8, True), (12, False), (40, False)])
def test_an_id_survives_only_short_occlusions(hidden, same):
    frames = [[person(200 + 2 * i)] for i in range(10)] + [[]] * hidden + [[person(224)]]
    found = ids(Tracker(max_age_s=1.0), *frames)
    assert found[10] == []
    assert (found[-1] == found[0]) is same


def test_tracks_time_out_by_stamps_and_not_by_frames():
    tracker = Tracker(max_age_s=1.0)
    (one,) = tracker.update([person(200)], 0.0)
    (other,) = tracker.update([person(200)], 1.5)
    assert other.id != one.id


def test_ids_are_never_reused():
    frames = []
    for _ in range(5):
        frames += [[person(200)]] * 3 + [[]] * 15
    found = [names for names in ids(Tracker(), *frames) if names]
    assert len({name for (name,) in found}) == 5


def test_people_who_cross_keep_their_ids():
    # The rear one is hidden while they pass each other.
    frames = []
    for i in range(31):
        front, back = 100 + 12 * i, 460 - 12 * i
        people = [person(front, y=60, height=220)]
        if abs(front - back) > 50:
            people.append(person(back, y=40, height=200))
        frames.append(people)
    found = ids(Tracker(), *frames)
    assert len(found[0]) == len(found[-1]) == 2
    assert found[-1] == found[0]
    assert all(len(set(names)) == len(names) for names in found)


def test_another_person_does_not_take_over_the_id_of_a_hidden_one():
    # One disappears on the left; another one enters on the right and stops beside that place.
    frames = [[person(150)]] * 5 + [[person(640 - 40 * i)] for i in range(9)]
    found = ids(Tracker(max_age_s=2.0), *frames)
    assert found[4] != found[5]
    assert len({name for (name,) in found[5:]}) == 1


def test_a_person_who_comes_near_a_hidden_one_keeps_the_id():
    tracker = Tracker()
    hidden, other = tracker.update([person(175), person(100)], 0.0)
    tracker.update([person(100)], 0.1)
    (found,) = tracker.update([person(145)], 0.2)
    assert found.id == other.id != hidden.id


@pytest.mark.parametrize('distance', [150.0, 400.0])
def test_a_person_who_jumps_is_another_person(distance):
    (one,), (other,) = ids(Tracker(), [person(100)], [person(100 + distance)])
    assert one != other


def test_a_low_score_continues_a_track_but_does_not_start_one():
    tracker = Tracker(start_score=0.3)
    found = ids(
        tracker, [person(100, score=0.2)], [person(100, score=0.4)], [person(100, score=0.2)]
    )
    assert found[0] == []
    assert found[1] == found[2] != []


def test_a_duplicate_of_a_tracked_person_is_no_new_one():
    tracker = Tracker()
    found = ids(tracker, [person(100)], [person(100), person(104, score=0.2)])
    assert found == [['p1'], ['p1']]


def test_boxes_are_compared_without_keypoints():
    found = ids(Tracker(), *([person(100 + 10 * i, seen=0.0)] for i in range(10)))
    assert len({name for (name,) in found}) == 1


def test_a_jump_back_in_time_drops_all_tracks():
    tracker = Tracker()
    (one,) = tracker.update([person(100)], 10.0)
    (other,) = tracker.update([person(100)], 5.0)
    assert one.id != other.id


def test_two_frames_may_have_the_same_stamp():
    tracker = Tracker(smoothing=True)
    (one,) = tracker.update([person(100)], 1.0)
    (other,) = tracker.update([person(102)], 1.0)
    assert one.id == other.id


def test_smoothing_moves_only_the_keypoints():
    tracker = Tracker(smoothing=True)
    tracker.update([person(100)], 0.0)
    (found,) = tracker.update([person(103)], 0.1)
    raw = person(103)
    assert found.bbox == raw.bbox
    assert found.score == raw.score
    before, after = keypoint_array(person(100)), keypoint_array(found)
    assert ((after[:, 0] > before[:, 0]) & (after[:, 0] < keypoint_array(raw)[:, 0])).all()


@pytest.mark.parametrize(
    'arguments', [{'max_age_s': -1.0}, {'max_age_s': np.inf}, {'start_score': 2}]
)
def test_arguments_out_of_range_are_rejected(arguments):
    with pytest.raises(ValueError, match='must be'):
        Tracker(**arguments)


def test_iou_of_boxes():
    box = np.array([0.0, 0.0, 10.0, 10.0])
    boxes = np.array([(0, 0, 10, 10), (5, 0, 10, 10), (20, 20, 5, 5), (0, 0, 0, 0)], float)
    np.testing.assert_allclose(box_iou(box, boxes), [1.0, 1 / 3, 0.0, 0.0])
    assert box_iou(box, np.zeros((0, 4))).shape == (0,)


def test_nobody():
    assert ids(Tracker(), [], []) == [[], []]
