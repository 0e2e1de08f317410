"""What a node tells of the model that it runs: on latched topics, and in the diagnostics."""

from __future__ import annotations

from typing import Protocol

from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.engine import Engine
from nn_perception.ros.outputs import conversions
from nn_perception.ros.outputs.qos import LATCHED_QOS
from rclpy.node import Node
from vision_msgs.msg import LabelInfo, VisionInfo


class Model(Protocol):
    """A network that gives labels: a tagger, a reader of digits."""

    checkpoint: Checkpoint
    engine: Engine

    @property
    def labels(self) -> tuple[str, ...]:
        """All the labels that it may give."""
        ...


class ModelTopics:
    """
    The topics ``~/label_info`` and ``~/vision_info`` of a node.

    :param node: publishes them
    """

    def __init__(self, node: Node) -> None:
        self._clock = node.get_clock()
        self._version = 0
        self._label_info = node.create_publisher(LabelInfo, '~/label_info', LATCHED_QOS)
        self._vision_info = node.create_publisher(VisionInfo, '~/vision_info', LATCHED_QOS)

    def tell(self, model: Model, min_score: float, *, loaded: bool = False) -> None:
        """
        Publish what the model is and from which score on its labels are reported.

        :param loaded: it was just loaded, so the version goes up
        """
        self._version += loaded
        header = conversions.header(self._clock.now().to_msg(), '')
        self._label_info.publish(conversions.label_info(model.labels, min_score, header))
        self._vision_info.publish(
            conversions.vision_info(
                title(model), str(model.checkpoint.path), self._version, header
            )
        )


def title(model: Model) -> str:
    """Name a model's network and which training its weights come from."""
    return f'{model.checkpoint.network} {model.checkpoint.version}'


def model_figures(model: Model | None, asked_for: str) -> dict[str, object]:
    """
    Describe a model for the diagnostics.

    :param model: None while nothing is loaded
    :param asked_for: the model that the parameters name
    """
    if model is None:
        return {'model': asked_for, 'device': 'not loaded'}
    return {'model': title(model), 'device': model.engine.description}
