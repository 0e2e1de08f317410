"""The topics that an annotated bag gets: their names, types and quality of service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nn_perception.bags.storage.qos import FOREVER, Qos
from nn_perception.capabilities.messages import (
    CLASSIFICATION,
    DETECTIONS,
    HUMAN_POSES,
    STRING,
)

# Of each node, its name and outputs, as it publishes them.
TAG_TOPICS: Mapping[str, str] = {'tagger/tags': CLASSIFICATION}
DIGIT_TOPICS: Mapping[str, str] = {'digit_reader/digits': DETECTIONS, 'digit_reader/text': STRING}
POSE_TOPICS: Mapping[str, str] = {'pose_estimator/poses': HUMAN_POSES}
SOUND_TOPICS: Mapping[str, str] = {'sound_tagger/tags': CLASSIFICATION}


class ResultTopics:
    """
    The topics of the results for some cameras.

    :ivar of: for each camera, the topics of its results, and their types
    :ivar all: the topics of all cameras, and their types

    :param cameras: topics of their images
    :param outputs: topics without a leading slash and a camera, and their types
    """

    def __init__(self, cameras: Sequence[str], outputs: Mapping[str, str]) -> None:
        self.of: dict[str, dict[str, str]] = {}
        self.all: dict[str, str] = {}
        for camera, prefix in camera_prefixes(cameras).items():
            topics = {}
            for topic, kind in outputs.items():
                node, _, output = topic.partition('/')
                topics[f'/{node}/{prefix}{output}'] = kind
            self.of[camera] = topics
            self.all.update(topics)


def camera_prefixes(cameras: Sequence[str]) -> dict[str, str]:
    """
    Name cameras as a node with several of them does: ``front/`` for ``/front/image_raw``.

    :param cameras: topics of their images
    :returns: for each topic, what its outputs' names start with: the namespace, or the whole
        topic where namespaces are not unique; nothing for a single camera
    """
    if len(cameras) == 1:
        return {cameras[0]: ''}
    names = [topic.removesuffix('/compressed').rpartition('/')[0] for topic in cameras]
    if len(set(names)) < len(names) or not all(names):
        names = list(cameras)
    return {topic: name.strip('/') + '/' for topic, name in zip(cameras, names, strict=True)}


def result_qos() -> Qos:
    """Return the QoS profile that the nodes publish their results with: reliable, depth 10."""
    return Qos(
        history='keep_last',
        depth=10,
        reliability='reliable',
        durability='volatile',
        deadline=FOREVER,
        lifespan=FOREVER,
        liveliness='automatic',
        liveliness_lease_duration=FOREVER,
        avoid_ros_namespace_conventions=False,
    )
