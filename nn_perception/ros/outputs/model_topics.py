"""The latched topics that describe the model of a node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nn_perception.ros.outputs.headers import current_header
from nn_perception.ros.outputs.qos import LATCHED_QOS
from rclpy.node import Node
from std_msgs.msg import Header
from vision_msgs.msg import LabelInfo, VisionClass, VisionInfo


@dataclass(frozen=True)
class ModelDescription:
    """
    What a node publishes about its model.

    :ivar title: name of the network and the version of its weights
    :ivar labels: all labels that it can give
    :ivar path: file of the checkpoint
    """

    title: str
    labels: Sequence[str]
    path: Path


class ModelTopics:
    """
    The topics ``~/label_info`` and ``~/vision_info`` of a node.

    :param node: node that publishes them
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._version = 0
        self._label_info = node.create_publisher(LabelInfo, '~/label_info', LATCHED_QOS)
        self._vision_info = node.create_publisher(VisionInfo, '~/vision_info', LATCHED_QOS)

    def publish(self, model: ModelDescription, min_score: float, *, loaded: bool = False) -> None:
        """
        Publish the labels and the origin of a model.

        :param model: the model that the node runs
        :param min_score: results below this score are not published
        :param loaded: whether it was just loaded, which increases the version
        """
        self._version += loaded
        header = current_header(self._node)
        self._label_info.publish(label_info(model.labels, min_score, header))
        self._vision_info.publish(vision_info(model.title, str(model.path), self._version, header))


def label_info(labels: Sequence[str], threshold: float, header: Header) -> LabelInfo:
    """
    Build the map from ids to labels; the ids are the places in the list.

    :param labels: of the model
    :param threshold: results below this score are not published
    :param header: header of the message
    """
    classes = [VisionClass(class_id=i, class_name=label) for i, label in enumerate(labels)]
    return LabelInfo(header=header, class_map=classes, threshold=float(threshold))


def vision_info(method: str, location: str, version: int, header: Header) -> VisionInfo:
    """
    Build the description of a model.

    :param method: name of the network and the version of its weights
    :param location: file of the checkpoint
    :param version: increases whenever the node loads a model
    :param header: header of the message
    """
    return VisionInfo(
        header=header, method=method, database_location=location, database_version=version
    )
