"""Tracking and removal of keypoints, with an estimator that returns given people."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from nn_perception.capabilities.poses.pipeline import PoseOptions, PosePipeline
from nn_perception.core.frame import Frame
from nn_perception.core.results import Keypoint, Person
import numpy as np
import pytest

IMAGE = np.zeros((100, 100, 3), np.uint8)


def person(score: float, left: float = 10.0, joint_score: float = 0.9) -> Person:
    joints = [Keypoint(left + i, 20.0 + 3 * i, 0.9) for i in range(17)]
    joints[4] = Keypoint(left, 20.0, joint_score)
    return Person(score, (left, 20.0, 20.0, 60.0), tuple(joints))


def pipeline(
    *people: Person, options: PoseOptions | None = None
) -> tuple[PosePipeline, list[Any]]:
    """Build a pipeline that finds these people in every frame, and the list of its calls."""
    calls: list[Any] = []

    def estimate_all(images: list[Any], **limits: Any) -> list[list[Person]]:
        calls.append(limits)
        return [list(people) for _ in images]

    return PosePipeline(SimpleNamespace(estimate_all=estimate_all), options), calls


def frame(stamp_s: float, source: str = '') -> Frame:
    return Frame(IMAGE, source=source, stamp_s=stamp_s)


def test_ids_are_persistent_and_start_with_the_source() -> None:
    poses, _ = pipeline(person(0.9))
    for stamp_s in (0.0, 0.1, 0.2):
        both = poses.process([frame(stamp_s), frame(stamp_s, 'front')])
        assert [[found.id for found in of] for of in both] == [['p1'], ['front_p1']]


def test_a_tracked_person_needs_less_than_a_new_one() -> None:
    poses, calls = pipeline(options=PoseOptions(min_score=0.5, max_people=3))
    assert poses.update(frame(0.0), [person(0.4)]) == []
    assert len(poses.update(frame(0.1), [person(0.6)])) == 1
    assert len(poses.update(frame(0.2), [person(0.4)])) == 1
    poses.process([frame(0.3)])
    assert calls == [{'min_score': pytest.approx(0.3), 'max_people': 3}]


def test_uncertain_keypoints_are_removed() -> None:
    poses, _ = pipeline(person(0.9, joint_score=0.19))
    ((found,),) = poses.process([frame(0.0)])
    assert found.keypoints[4] == Keypoint(0.0, 0.0, 0.0)
    assert found.keypoints[3].score == 0.9
    poses.options = PoseOptions(min_joint_score=0.1)
    ((found,),) = poses.process([frame(0.1)])
    assert found.keypoints[4].score == 0.19


def test_a_person_who_is_hidden_for_too_long_gets_a_new_id() -> None:
    poses, _ = pipeline(options=PoseOptions(max_age_s=0.5))
    poses.update(frame(0.0), [person(0.9)])
    assert poses.update(frame(0.4), []) == []
    assert poses.update(frame(0.5), [person(0.9)])[0].id == 'p1'
    assert poses.update(frame(1.2), [person(0.9)])[0].id == 'p2'


def test_nobody() -> None:
    poses, _ = pipeline()
    assert poses.process([frame(0.0)]) == [[]]
