"""The node ``digit_reader``: camera images in, digits with their boxes and lines of text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nn_perception.capabilities.digits.defaults import (
    DEFAULT_DIGIT_MODEL,
    DIGIT_MAX_CANDIDATES,
    DIGIT_MIN_SCORE,
    INKS,
    LOWEST_DIGIT_PX,
)
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.digits.overlay import draw_digits
from nn_perception.core.results import DigitReading
from nn_perception.ros.base.camera import Camera, View
from nn_perception.ros.base.camera_node import CameraNode, SharedResources
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import parameter
from nn_perception.ros.diagnostics.digit_statistics import DigitStatistics
from nn_perception.ros.outputs import conversions
from nn_perception.ros.outputs.model_topics import model_figures, ModelTopics
from nn_perception.ros.outputs.qos import RESULT_QOS
import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.publisher import Publisher
from std_msgs.msg import String
from vision_msgs.msg import Detection2DArray


@dataclass(frozen=True)
class DigitReaderParameters(CameraParameters):
    """Parameters of the node ``digit_reader``."""

    model: str = parameter(
        DEFAULT_DIGIT_MODEL, 'a shipped digit model, or a checkpoint file', read_only=True
    )
    min_score: float = parameter(
        DIGIT_MIN_SCORE, 'digits below this score are left out', minimum=0.0, maximum=1.0
    )
    ink: str = parameter(
        'auto',
        'whether the writing is darker or lighter than its ground; auto looks for both',
        choices=INKS,
    )
    min_height: int = parameter(
        LOWEST_DIGIT_PX,
        'writing lower than this is left out',
        unit='px',
        minimum=8,
        maximum=1000,
    )
    max_candidates: int = parameter(
        DIGIT_MAX_CANDIDATES,
        'places of an image that the network looks at, at most',
        minimum=1,
        maximum=2048,
    )


class DigitOutputs:
    """
    What is told of a camera's digits.

    :ivar digits: publishes them in reading order
    :ivar text: publishes the lines
    :ivar statistics: for the diagnostics
    """

    def __init__(self, node: LifecycleNode, camera: Camera) -> None:
        def publisher(kind: type, topic: str) -> Publisher:
            return node.create_lifecycle_publisher(kind, camera.output(topic), RESULT_QOS)

        self.digits = publisher(Detection2DArray, 'digits')
        self.text = publisher(String, 'text')
        self.statistics = DigitStatistics()


class DigitReaderNode(CameraNode[DigitReaderParameters, DigitReading]):
    """Read the digits in every image of a camera."""

    def __init__(self, shared_resources: SharedResources | None = None) -> None:
        super().__init__('digit_reader', DigitReaderParameters, shared_resources)
        self._reader: DigitReader | None = None
        self._outputs = {camera: DigitOutputs(self, camera) for camera in self.cameras}
        self._model_topics = ModelTopics(self)

    def load(self) -> None:
        """Open the model that the parameters name and tell what it is."""
        p = self.parameters
        reader = DigitReader.open(p.model, self.run_options)
        # The first run of a network is slow; no image should wait for it.
        reader.engine(reader.checkpoint.preprocessing([np.zeros((8, 8, 3), np.uint8)]))
        self._reader = reader
        self._model_topics.tell(reader, p.min_score, loaded=True)

    def unload(self) -> None:
        """Let go of the model."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def perceive(self, views: Sequence[View]) -> list[DigitReading]:
        """Read images."""
        p = self.parameters
        readings = self._reader.read_all(
            [view.image_bgr for view in views],
            min_score=p.min_score,
            ink=p.ink,
            min_height_px=p.min_height,
            max_candidates=p.max_candidates,
        )
        for view, reading in zip(views, readings, strict=True):
            self._outputs[view.camera].statistics.record(reading)
        return readings

    def publish_result(self, view: View, result: DigitReading) -> None:
        """Publish the digits in reading order, and the text."""
        outputs = self._outputs[view.camera]
        outputs.digits.publish(conversions.detections(result.digits, view.header))
        outputs.text.publish(conversions.text(result.lines))

    def draw(self, image_bgr: np.ndarray, result: DigitReading) -> np.ndarray:
        """Draw the digits' boxes and what they were read as."""
        return draw_digits(image_bgr, result)

    def figures(self, camera: Camera) -> dict[str, object]:
        """Name the model and what runs it, and count what was found."""
        model = model_figures(self._reader, self.parameters.model)
        return {**self._outputs[camera].statistics.figures(), **model}

    def concern(self, camera: Camera) -> str:
        """Tell when images held more than may be looked at."""
        return self._outputs[camera].statistics.concern(self.parameters.max_candidates)

    def on_parameters_changed(self, before: DigitReaderParameters) -> None:
        """Tell the new threshold."""
        if self.parameters.min_score != before.min_score and self._reader is not None:
            self._model_topics.tell(self._reader, self.parameters.min_score)
