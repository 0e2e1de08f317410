"""Ids that stay with a person, and joints that tremble less."""

from dataclasses import replace

from nn_perception.capabilities.poses.one_euro_filter import OneEuroFilter
from nn_perception.capabilities.poses.skeleton import joints_of
from nn_perception.capabilities.poses.tracker import box_iou, Tracker
from nn_perception.core.results import Keypoint, Person
import numpy as np
import pytest

RATE_HZ = 10.0
# A standing person of height 1, joints in COCO's order.
STANDING = np.array(
    [(0, 0.08), (0.02, 0.06), (-0.02, 0.06), (0.05, 0.07), (-0.05, 0.07)]
    + [(0.12, 0.2), (-0.12, 0.2), (0.16, 0.36), (-0.16, 0.36), (0.17, 0.5), (-0.17, 0.5)]
    + [(0.08, 0.53), (-0.08, 0.53), (0.08, 0.74), (-0.08, 0.74), (0.08, 0.95), (-0.08, 0.95)]
)


def person(x, y=50.0, height=200.0, *, score=0.6, seen=0.8, pose=STANDING):
    """Somebody whose middle is at x and whose head is at y."""
    joints = pose * height + (x, y)
    keypoints = tuple(Keypoint(float(a), float(b), seen) for a, b in joints)
    return Person(score, (x - 0.2 * height, y, 0.4 * height, height), keypoints)


def ids(tracker, *pictures):
    """Show pictures one after the other: the ids found in each."""
    return [
        [someone.id for someone in tracker.update(people, number / RATE_HZ)]
        for number, people in enumerate(pictures)
    ]


def test_a_walking_person_keeps_an_id_that_begins_with_a_letter():
    found = ids(Tracker(), *([person(100 + 20 * i)] for i in range(30)))
    assert len({name for (name,) in found}) == 1
    assert found[0][0][0].isalpha()


def test_results_come_in_the_order_of_the_people():
    tracker = Tracker()
    one, other = person(100), person(400, score=0.5)
    first = [someone.id for someone in tracker.update([one, other], 0.0)]
    second = tracker.update([other, one], 0.1)
    assert [someone.id for someone in second] == first[::-1]
    assert second[0] == replace(other, id=first[1])


@pytest.mark.parametrize(('hidden', 'same'), [(3, True), (8, True), (12, False), (40, False)])
def test_an_id_outlives_a_short_occlusion_only(hidden, same):
    pictures = [[person(200 + 2 * i)] for i in range(10)] + [[]] * hidden + [[person(224)]]
    found = ids(Tracker(max_age_s=1.0), *pictures)
    assert found[10] == []
    assert (found[-1] == found[0]) is same


def test_tracks_age_by_time_and_not_by_pictures():
    tracker = Tracker(max_age_s=1.0)
    (one,) = tracker.update([person(200)], 0.0)
    (other,) = tracker.update([person(200)], 1.5)
    assert other.id != one.id


def test_an_id_is_never_given_a_second_time():
    pictures = []
    for _ in range(5):
        pictures += [[person(200)]] * 3 + [[]] * 15
    found = [names for names in ids(Tracker(), *pictures) if names]
    assert len({name for (name,) in found}) == 5


def test_people_who_cross_keep_their_ids():
    # The one behind is hidden while they pass each other.
    pictures = []
    for i in range(31):
        front, back = 100 + 12 * i, 460 - 12 * i
        people = [person(front, y=60, height=220)]
        if abs(front - back) > 50:
            people.append(person(back, y=40, height=200))
        pictures.append(people)
    found = ids(Tracker(), *pictures)
    assert len(found[0]) == len(found[-1]) == 2
    assert found[-1] == found[0]
    assert all(len(set(names)) == len(names) for names in found)


def test_somebody_else_does_not_take_over_the_id_of_who_is_hidden():
    # One vanishes on the left; another one comes in from the right and stops beside that place.
    pictures = [[person(150)]] * 5 + [[person(640 - 40 * i)] for i in range(9)]
    found = ids(Tracker(max_age_s=2.0), *pictures)
    assert found[4] != found[5]
    assert len({name for (name,) in found[5:]}) == 1


def test_who_comes_near_somebody_hidden_keeps_the_own_id():
    tracker = Tracker()
    hidden, other = tracker.update([person(175), person(100)], 0.0)
    tracker.update([person(100)], 0.1)
    (found,) = tracker.update([person(145)], 0.2)
    assert found.id == other.id != hidden.id


@pytest.mark.parametrize('far', [150.0, 400.0])
def test_a_jump_is_somebody_else(far):
    (one,), (other,) = ids(Tracker(), [person(100)], [person(100 + far)])
    assert one != other


def test_somebody_weak_is_followed_but_not_begun():
    tracker = Tracker(start_score=0.3)
    found = ids(
        tracker, [person(100, score=0.2)], [person(100, score=0.4)], [person(100, score=0.2)]
    )
    assert found[0] == []
    assert found[1] == found[2] != []


def test_a_second_finding_of_a_followed_person_is_no_new_one():
    tracker = Tracker()
    found = ids(tracker, [person(100)], [person(100), person(104, score=0.2)])
    assert found == [['p1'], ['p1']]


def test_without_joints_the_boxes_do():
    found = ids(Tracker(), *([person(100 + 10 * i, seen=0.0)] for i in range(10)))
    assert len({name for (name,) in found}) == 1


def test_time_that_jumps_back_begins_anew():
    tracker = Tracker()
    (one,) = tracker.update([person(100)], 10.0)
    (other,) = tracker.update([person(100)], 5.0)
    assert one.id != other.id


def test_the_same_stamp_twice_is_no_trouble():
    tracker = Tracker(smoothing=True)
    (one,) = tracker.update([person(100)], 1.0)
    (other,) = tracker.update([person(102)], 1.0)
    assert one.id == other.id


def test_smoothing_moves_the_joints_only():
    tracker = Tracker(smoothing=True)
    tracker.update([person(100)], 0.0)
    (found,) = tracker.update([person(103)], 0.1)
    raw = person(103)
    assert found.bbox == raw.bbox
    assert found.score == raw.score
    before, after = joints_of(person(100)), joints_of(found)
    assert ((after[:, 0] > before[:, 0]) & (after[:, 0] < joints_of(raw)[:, 0])).all()


@pytest.mark.parametrize(
    'arguments', [{'max_age_s': -1.0}, {'max_age_s': np.inf}, {'start_score': 2}]
)
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match='must be'):
        Tracker(**arguments)


def test_overlaps_of_boxes():
    box = np.array([0.0, 0.0, 10.0, 10.0])
    boxes = np.array([(0, 0, 10, 10), (5, 0, 10, 10), (20, 20, 5, 5), (0, 0, 0, 0)], float)
    np.testing.assert_allclose(box_iou(box, boxes), [1.0, 1 / 3, 0.0, 0.0])
    assert box_iou(box, np.zeros((0, 4))).shape == (0,)


def smooth(points, **settings):
    """Run one point along a path at 30 Hz, for a body of 100 pixels."""
    one_euro = OneEuroFilter(**settings)
    seen = np.ones(1, bool)
    return np.array([one_euro.update(point[None], seen, 1 / 30, 100.0)[0] for point in points])


def test_tremble_is_smoothed_at_rest():
    noise = np.random.default_rng(0).normal(0.0, 1.0, (300, 2))
    smoothed = smooth(noise)[30:]
    assert np.diff(smoothed, axis=0).std() < 0.5 * np.diff(noise, axis=0).std()


@pytest.mark.parametrize('step_px', [1.0, 5.0, 20.0, 100.0])
def test_the_lag_is_bounded(step_px):
    path = np.stack([np.arange(60) * step_px, np.zeros(60)], axis=1)
    lag = np.abs(path - smooth(path)).max()
    assert lag <= 3.0 + 1e-6  # 0.03 lengths
    assert np.abs(path - smooth(path, most_apart=1e-6)).max() < 1e-3


def test_a_point_that_was_not_seen_is_given_as_it_is():
    one_euro = OneEuroFilter()
    points = np.zeros((2, 2))
    one_euro.update(points, np.array([True, False]), 0.1, 100.0)
    found = one_euro.update(points + 2.0, np.array([True, True]), 0.1, 100.0)
    assert found[0, 0] < 2.0
    assert found[1, 0] == 2.0
    found = one_euro.update(points + 9.0, np.array([False, False]), 0.1, 100.0)
    np.testing.assert_array_equal(found, points + 9.0)


@pytest.mark.parametrize('name', ['rest_hz', 'speed_factor', 'speed_hz', 'most_apart'])
def test_settings_of_the_filter_are_positive(name):
    with pytest.raises(ValueError, match=f'{name} must be positive'):
        OneEuroFilter(**{name: 0.0})
