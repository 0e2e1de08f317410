"""
Annotators: what finds the results for the images of a bag, and makes their messages.

Each annotator gives what the node of the same kind publishes with its default parameters. What a
network finds is kept as plain JSON, since it must survive an interruption; the messages are made
from it afterwards, in the order of the images, since people are tracked in that order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from nn_perception.bags.messages import classification, detections, human_poses, text
from nn_perception.bags.topics import DIGIT_TOPICS, POSE_TOPICS, TAG_TOPICS
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.poses.defaults import POSE_MIN_JOINT_SCORE, POSE_MIN_SCORE
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.poses.tracker import FOLLOWED_SHARE, Tracker
from nn_perception.capabilities.tagging.defaults import TAG_MIN_SCORE, TAG_TOP_K
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.imaging.image_files import Image
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.results import Digit, DigitReading, Keypoint, Person, Tag

Messages = list[Any]


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

    def analyse(self, image_bgr: Image) -> Any:
        """
        Process one image.

        :returns: what was found, as JSON
        :raises ValueError: if the image cannot be used
        """
        ...

    def messages(self, found: Any, header: Any, camera: str, stamp_s: float) -> Messages:
        """
        Make the messages of the next image.

        :param found: result of :meth:`analyse`
        :param header: of the image
        :param camera: topic of the images
        :param stamp_s: time at which the image was taken
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
        annotators['tags'] = TagAnnotator(Tagger.open(model, options))
    if 'digits' in results:
        annotators['digits'] = DigitAnnotator(DigitReader.open(options=options))
    if 'poses' in results:
        annotators['poses'] = PoseAnnotator(PoseEstimator.open(preset, options))
    return annotators


class TagAnnotator:
    """What the node ``tagger`` publishes."""

    outputs = TAG_TOPICS

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger

    @property
    def identity(self) -> dict[str, Any]:
        """The model and the limits."""
        model = self._tagger.checkpoint.sha256
        return {'model': model, 'top_k': TAG_TOP_K, 'min_score': TAG_MIN_SCORE}

    def analyse(self, image_bgr: Image) -> Any:
        """Tag one image."""
        top_k = min(TAG_TOP_K, len(self._tagger.labels))
        tags = self._tagger.tag(image_bgr, top_k=top_k, min_score=TAG_MIN_SCORE)
        return [[tag.label, tag.score] for tag in tags]

    def messages(self, found: Any, header: Any, camera: str, stamp_s: float) -> Messages:  # noqa: ARG002
        """Make vision_msgs/Classification."""
        return [classification([Tag(*tag) for tag in found], header)]


class DigitAnnotator:
    """What the node ``digit_reader`` publishes."""

    outputs = DIGIT_TOPICS

    def __init__(self, reader: DigitReader) -> None:
        self._reader = reader

    @property
    def identity(self) -> dict[str, Any]:
        """The model."""
        return {'model': self._reader.checkpoint.sha256}

    def analyse(self, image_bgr: Image) -> Any:
        """Read one image."""
        rows = self._reader.read(image_bgr).rows
        return [[[d.label, float(d.score), _floats(d.bbox)] for d in row] for row in rows]

    def messages(self, found: Any, header: Any, camera: str, stamp_s: float) -> Messages:  # noqa: ARG002
        """Make vision_msgs/Detection2DArray and std_msgs/String."""
        rows = tuple(tuple(Digit(d[0], d[1], tuple(d[2])) for d in row) for row in found)
        reading = DigitReading(rows, candidates=0, capped=False)
        return [detections(reading.digits, header), text(reading.lines)]


class PoseAnnotator:
    """What the node ``pose_estimator`` publishes."""

    outputs = POSE_TOPICS

    def __init__(self, estimator: PoseEstimator) -> None:
        self._estimator = estimator
        self._trackers: defaultdict[str, Tracker] = defaultdict(
            lambda: Tracker(start_score=POSE_MIN_SCORE)
        )

    @property
    def identity(self) -> dict[str, Any]:
        """The preset, its networks and the limits."""
        networks = [model.checkpoint.sha256 for model in self._estimator.finder.models]
        limits = {'min_score': POSE_MIN_SCORE, 'min_joint_score': POSE_MIN_JOINT_SCORE}
        return {'preset': self._estimator.preset, 'networks': networks, **limits}

    def analyse(self, image_bgr: Image) -> Any:
        """Find the people of one image, also those that only count if they are tracked."""
        people = self._estimator.estimate(image_bgr, min_score=FOLLOWED_SHARE * POSE_MIN_SCORE)
        return [
            [
                float(person.score),
                _floats(person.bbox),
                [_floats((joint.x, joint.y, joint.score)) for joint in person.keypoints],
            ]
            for person in people
        ]

    def messages(self, found: Any, header: Any, camera: str, stamp_s: float) -> Messages:
        """Track the people and make nn_perception_interfaces/HumanPoseArray."""
        people = [
            Person(score, tuple(bbox), tuple(Keypoint(*joint) for joint in joints))
            for score, bbox, joints in found
        ]
        followed = self._trackers[camera].update(people, stamp_s)
        sure = [person.without_unsure_joints(POSE_MIN_JOINT_SCORE) for person in followed]
        return [human_poses(sure, header)]


def _floats(values: tuple[float, ...]) -> list[float]:
    return [float(value) for value in values]
