"""Results of the networks."""

from __future__ import annotations

from dataclasses import replace

from nn_perception.core.results import Keypoint, Person

PERSON = Person(
    0.75,
    (10.0, 20.0, 40.0, 100.0),
    tuple(Keypoint(10.0 + i, 20.0 + i, 0.5 + i / 100) for i in range(17)),
    'p3',
)


def test_uncertain_keypoints_are_hidden() -> None:
    person = PERSON.without_uncertain_keypoints(0.6)
    assert person.keypoints[:10] == (Keypoint(0.0, 0.0, 0.0),) * 10
    assert person.keypoints[10:] == PERSON.keypoints[10:]
    assert replace(person, keypoints=PERSON.keypoints) == PERSON
