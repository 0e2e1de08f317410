"""
Annotators: the pipelines that run over the images of a bag, and the messages of their results.

Each annotator gives what the node of the same kind publishes with its default parameters. What a
network finds is kept as plain JSON, since it must survive an interruption; the messages are made
from it afterwards, in the order of the images, since people are tracked in that order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from nn_perception.bags.message_definitions import result_messages
from nn_perception.bags.recorded_images import RecordedFrame
from nn_perception.bags.topics import DIGIT_TOPICS, POSE_TOPICS, TAG_TOPICS
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.digits.pipeline import DigitPipeline
from nn_perception.capabilities.poses.pipeline import PosePipeline
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.tagging.pipeline import TaggingPipeline
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.frame import Frame
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.results import Box, Digit, DigitReading, Keypoint, Person, Tag


class Annotator(Protocol):
    """One kind of results."""

    @property
    def outputs(self) -> Mapping[str, str]:
        """Topics of its messages, as those of the node, and their types."""
        ...

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the results beside the image, as JSON."""
        ...

    def analyse(self, frame: Frame) -> Any:
        """
        Process one image.

        :returns: what was found, as JSON
        :raises ValueError: if the image cannot be used
        """
        ...

    def messages(self, found: Any, frame: RecordedFrame) -> list[Any]:
        """
        Make the messages of the next image.

        :param found: result of :meth:`analyse`
        :param frame: the image; its pixels are not used
        :returns: one for each of :attr:`outputs`
        """
        ...


def open_annotators(
    results: Sequence[str], model: str, preset: str, options: RunOptions
) -> dict[str, Annotator]:
    """
    Open the networks of some kinds of results.

    :param results: ``tags``, ``digits`` or ``poses``
    :param model: for the tags
    :param preset: for the poses
    :param options: how the networks are run
    :raises OSError: if a file cannot be read or weights are unavailable
    :raises ValueError: if a checkpoint is not usable
    :raises RuntimeError: if a network cannot be loaded
    """
    annotators: dict[str, Annotator] = {}
    if 'tags' in results:
        annotators['tags'] = TagAnnotator(TaggingPipeline(Tagger.open(model, options)))
    if 'digits' in results:
        annotators['digits'] = DigitAnnotator(DigitPipeline(DigitReader.open(options=options)))
    if 'poses' in results:
        annotators['poses'] = PoseAnnotator(PoseEstimator.open(preset, options))
    return annotators


class TagAnnotator:
    """What the node ``tagger`` publishes."""

    outputs = TAG_TOPICS

    def __init__(self, pipeline: TaggingPipeline) -> None:
        self._pipeline = pipeline

    @property
    def identity(self) -> dict[str, Any]:
        """The model and the limits."""
        options = self._pipeline.options
        model = self._pipeline.tagger.checkpoint.sha256
        return {'model': model, 'top_k': options.top_k, 'min_score': options.min_score}

    def analyse(self, frame: Frame) -> Any:
        """Tag one image."""
        (tags,) = self._pipeline.process([frame])
        return [[tag.label, tag.score] for tag in tags]

    def messages(self, found: Any, frame: RecordedFrame) -> list[Any]:
        """Make vision_msgs/Classification."""
        messages = result_messages()
        tags = [Tag(*tag) for tag in found]
        return [messages.classification(tags, messages.header(frame.stamp, frame.frame_id))]


class DigitAnnotator:
    """What the node ``digit_reader`` publishes."""

    outputs = DIGIT_TOPICS

    def __init__(self, pipeline: DigitPipeline) -> None:
        self._pipeline = pipeline

    @property
    def identity(self) -> dict[str, Any]:
        """The model."""
        return {'model': self._pipeline.reader.checkpoint.sha256}

    def analyse(self, frame: Frame) -> Any:
        """Read one image."""
        (reading,) = self._pipeline.process([frame])
        return [
            [[digit.label, float(digit.score), _floats(digit.bbox)] for digit in row]
            for row in reading.rows
        ]

    def messages(self, found: Any, frame: RecordedFrame) -> list[Any]:
        """Make vision_msgs/Detection2DArray and std_msgs/String."""
        messages = result_messages()
        rows = tuple(tuple(Digit(d[0], d[1], Box(*d[2])) for d in row) for row in found)
        reading = DigitReading(rows, candidates=0, capped=False)
        header = messages.header(frame.stamp, frame.frame_id)
        return [messages.detections(reading.digits, header), messages.text(reading.lines)]


class PoseAnnotator:
    """What the node ``pose_estimator`` publishes."""

    outputs = POSE_TOPICS

    def __init__(self, estimator: PoseEstimator) -> None:
        self._estimator = estimator
        # One per camera, so that the ids of each begin with p1.
        self._pipelines = defaultdict[str, PosePipeline](lambda: PosePipeline(estimator))

    @property
    def identity(self) -> dict[str, Any]:
        """The preset, its networks and the limits."""
        options = PosePipeline(self._estimator).options
        return {
            'preset': self._estimator.preset,
            'networks': [model.checkpoint.sha256 for model in self._estimator.detector.models],
            'min_score': options.min_score,
            'min_joint_score': options.min_joint_score,
        }

    def analyse(self, frame: Frame) -> Any:
        """Find the people of one image, also those who only count while they are tracked."""
        (people,) = self._pipelines[frame.source].infer([frame])
        return [
            [
                float(person.score),
                _floats(person.bbox),
                [_floats((joint.x, joint.y, joint.score)) for joint in person.keypoints],
            ]
            for person in people
        ]

    def messages(self, found: Any, frame: RecordedFrame) -> list[Any]:
        """Track the people and make nn_perception_interfaces/HumanPoseArray."""
        messages = result_messages()
        people = [
            Person(score, Box(*bbox), tuple(Keypoint(*joint) for joint in joints))
            for score, bbox, joints in found
        ]
        tracked = self._pipelines[frame.source].update(replace(frame, source=''), people)
        return [messages.human_poses(tracked, messages.header(frame.stamp, frame.frame_id))]


def _floats(values: Iterable[float]) -> list[float]:
    return [float(value) for value in values]
