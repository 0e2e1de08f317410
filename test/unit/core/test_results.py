"""Results as values."""

from __future__ import annotations

from dataclasses import replace

from nn_perception.core.results import Keypoint, Person

PERSON = Person(
    0.75,
    (10.0, 20.0, 40.0, 100.0),
    tuple(Keypoint(10.0 + i, 20.0 + i, 0.5 + i / 100) for i in range(17)),
    'p3',
)


def test_unsure_joints_are_not_seen() -> None:
    found = PERSON.without_uncertain_keypoints(0.6)
    assert found.keypoints[:10] == (Keypoint(0.0, 0.0, 0.0),) * 10
    assert found.keypoints[10:] == PERSON.keypoints[10:]
    assert replace(found, keypoints=PERSON.keypoints) == PERSON
