"""The node ``digit_reader``: reads the digits in the images of its cameras."""

from __future__ import annotations

from dataclasses import dataclass
import sys

from nn_perception.capabilities.digits.defaults import (
    DEFAULT_DIGIT_MODEL,
    DIGIT_MAX_CANDIDATES,
    DIGIT_MIN_HEIGHT_PX,
    DIGIT_MIN_SCORE,
    INKS,
)
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.digits.overlay import draw_digits
from nn_perception.capabilities.digits.pipeline import DigitOptions, DigitPipeline
from nn_perception.core.frame import Frame
from nn_perception.core.results import DigitReading
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import Contract, parameter
from nn_perception.ros.base.pipeline_node import PipelineNode
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.diagnostics.digit_statistics import DigitStatistics
from nn_perception.ros.outputs.model_topics import ModelDescription, ModelTopics
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.ros.outputs.result_messages import RESULT_MESSAGES
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
        DEFAULT_DIGIT_MODEL, Contract('shipped digit model, or checkpoint file', read_only=True)
    )
    min_score: float = parameter(
        DIGIT_MIN_SCORE, Contract('minimum score of a digit', minimum=0.0, maximum=1.0)
    )
    ink: str = parameter(
        'auto',
        Contract(
            'whether the digits are darker or lighter than the background; auto: either',
            choices=INKS,
        ),
    )
    min_height: int = parameter(
        DIGIT_MIN_HEIGHT_PX,
        Contract('minimum height of a digit', unit='px', minimum=8, maximum=1000),
    )
    max_candidates: int = parameter(
        DIGIT_MAX_CANDIDATES,
        Contract(
            'maximum number of candidates per image that the network classifies',
            minimum=1,
            maximum=2048,
        ),
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


class DigitReaderNode(PipelineNode[DigitReaderParameters, DigitReading, DigitPipeline]):
    """Read the digits in every image of its cameras."""

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('digit_reader', DigitReaderParameters, shared)
        self._outputs = {camera.name: DigitOutputs(self, camera) for camera in self.cameras}
        self._model_topics = ModelTopics(self)

    def requested_model(self) -> str:
        """Name the model that the parameters ask for."""
        return self.parameters.model

    def load(self) -> DigitPipeline:
        """Open the pipeline, and publish the labels of its model."""
        pipeline = super().load()
        self._publish_model(loaded=True)
        return pipeline

    def open_pipeline(self) -> DigitPipeline:
        """Open the model."""
        reader = DigitReader.open(self.parameters.model, self.run_options)
        return DigitPipeline(reader, self._digit_options())

    def publish(self, frame: Frame, result: DigitReading) -> None:
        """Publish the digits in reading order, and the text."""
        outputs = self._outputs[frame.source]
        outputs.statistics.record(result)
        outputs.digits.publish(RESULT_MESSAGES.detections(result.digits, frame.header))
        outputs.text.publish(RESULT_MESSAGES.text(result.lines))

    def draw(self, image_bgr: NDArray[np.uint8], result: DigitReading) -> NDArray[np.uint8]:
        """Draw the bounding boxes and labels of the digits."""
        return draw_digits(image_bgr, result)

    def diagnostic_values(self, camera: Camera) -> dict[str, object]:
        """Count the digits, and name the network and its device."""
        counts = self._outputs[camera.name].statistics.values()
        return {**counts, **super().diagnostic_values(camera)}

    def warning(self, camera: Camera) -> str:
        """Say how many images had too many candidates."""
        return self._outputs[camera.name].statistics.warning(self.parameters.max_candidates)

    def on_parameters_changed(self, previous: DigitReaderParameters) -> None:
        """Adopt the new options, and publish a new threshold."""
        if self.pipeline is None:
            return
        self.pipeline.options = self._digit_options()
        if self.parameters.min_score != previous.min_score:
            self._publish_model()

    def _digit_options(self) -> DigitOptions:
        p = self.parameters
        return DigitOptions(p.min_score, p.ink, p.min_height, p.max_candidates)

    def _publish_model(self, *, loaded: bool = False) -> None:
        if self.pipeline is not None:
            checkpoint = self.pipeline.reader.checkpoint
            model = ModelDescription(checkpoint.title, self.pipeline.labels, checkpoint.path)
            self._model_topics.publish(model, self.parameters.min_score, loaded=loaded)


if __name__ == '__main__':
    sys.exit(main(lambda: DigitReaderNode))
