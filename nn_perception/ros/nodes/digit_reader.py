"""The node ``digit_reader``: reads the digits in the images of its cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import sys

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
from nn_perception.ros.outputs.model_topics import model_values, ModelTopics
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.ros.outputs.result_messages import detections, text
from nn_perception.ros.process.main import main
import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import String
from vision_msgs.msg import Detection2DArray


@dataclass(frozen=True)
class DigitReaderParameters(CameraParameters):
    """Parameters of the node ``digit_reader``."""

    model: str = parameter(
        DEFAULT_DIGIT_MODEL, 'shipped digit model, or checkpoint file', read_only=True
    )
    min_score: float = parameter(
        DIGIT_MIN_SCORE, 'minimum score of a digit', minimum=0.0, maximum=1.0
    )
    ink: str = parameter(
        'auto',
        'whether the digits are darker or lighter than the background; auto: either',
        choices=INKS,
    )
    min_height: int = parameter(
        LOWEST_DIGIT_PX,
        'minimum height of a digit',
        unit='px',
        minimum=8,
        maximum=1000,
    )
    max_candidates: int = parameter(
        DIGIT_MAX_CANDIDATES,
        'maximum number of candidates per image that the network classifies',
        minimum=1,
        maximum=2048,
    )


class DigitOutputs:
    """
    Publishers and statistics for the digits of one camera.

    :ivar digits: publishes the digits in reading order
    :ivar text: publishes the lines of text
    :ivar statistics: for the diagnostics
    """

    def __init__(self, node: LifecycleNode, camera: Camera) -> None:
        self.digits = node.create_lifecycle_publisher(
            Detection2DArray, camera.output('digits'), RESULT_QOS
        )
        self.text = node.create_lifecycle_publisher(String, camera.output('text'), RESULT_QOS)
        self.statistics = DigitStatistics()


class DigitReaderNode(CameraNode[DigitReaderParameters, DigitReading]):
    """Read the digits in every image of its cameras."""

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('digit_reader', DigitReaderParameters, shared)
        self._reader: DigitReader | None = None
        self._outputs = {camera: DigitOutputs(self, camera) for camera in self.cameras}
        self._model_topics = ModelTopics(self)

    def load(self) -> None:
        """Open the model and publish its labels."""
        p = self.parameters
        reader = DigitReader.open(p.model, self.run_options)
        # The first run of a network is slow; no image should wait for it.
        reader.engine(reader.checkpoint.preprocessing([np.zeros((8, 8, 3), np.uint8)]))
        self._reader = reader
        self._model_topics.publish(reader, p.min_score, loaded=True)

    def unload(self) -> None:
        """Close the model."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def process(self, views: Sequence[View]) -> list[DigitReading]:
        """Read images."""
        p = self.parameters
        assert self._reader is not None
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

    def publish(self, view: View, result: DigitReading) -> None:
        """Publish the digits in reading order, and the text."""
        outputs = self._outputs[view.camera]
        outputs.digits.publish(detections(result.digits, view.header))
        outputs.text.publish(text(result.lines))

    def draw(self, image_bgr: NDArray[np.uint8], result: DigitReading) -> NDArray[np.uint8]:
        """Draw the bounding boxes and labels of the digits."""
        return draw_digits(image_bgr, result)

    def diagnostic_values(self, camera: Camera) -> dict[str, object]:
        """Count the digits, and name the model and its device."""
        model = model_values(self._reader, self.parameters.model)
        return {**self._outputs[camera].statistics.values(), **model}

    def warning(self, camera: Camera) -> str:
        """Say how many images had too many candidates."""
        return self._outputs[camera].statistics.warning(self.parameters.max_candidates)

    def on_parameters_changed(self, previous: DigitReaderParameters) -> None:
        """Publish a new threshold."""
        if self.parameters.min_score != previous.min_score and self._reader is not None:
            self._model_topics.publish(self._reader, self.parameters.min_score)


if __name__ == '__main__':
    sys.exit(main(lambda: DigitReaderNode))
