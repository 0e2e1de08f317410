"""The node ``digit_reader``: camera images in, digits with their boxes and lines of text out."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.nodes import conversions
from nn_perception.nodes.camera_node import CameraNode, RESULT_QOS
from nn_perception.nodes.camera_parameters import CameraParameters
from nn_perception.nodes.digit_statistics import DigitStatistics
from nn_perception.nodes.model_topics import model_figures, ModelTopics
from nn_perception.nodes.parameters import parameter
from nn_perception.vision.digits.reader import DigitReader
from nn_perception.vision.draw import draw_digits
from nn_perception.vision.options import (
    DEFAULT_DIGIT_MODEL,
    DIGIT_MAX_CANDIDATES,
    DIGIT_MIN_SCORE,
    INKS,
    LOWEST_DIGIT_PX,
)
from nn_perception.vision.results import DigitReading
import numpy as np
from std_msgs.msg import Header, String
from vision_msgs.msg import Detection2DArray


@dataclass(frozen=True)
class DigitParameters(CameraParameters):
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


class DigitNode(CameraNode[DigitParameters, DigitReading]):
    """Read the digits in every image of a camera."""

    def __init__(self) -> None:
        super().__init__('digit_reader', DigitParameters)
        self._reader: DigitReader | None = None
        self._digit_statistics = DigitStatistics()
        self._digits = self.create_lifecycle_publisher(Detection2DArray, '~/digits', RESULT_QOS)
        self._text = self.create_lifecycle_publisher(String, '~/text', RESULT_QOS)
        self._model_topics = ModelTopics(self)

    def load(self) -> None:
        """Open the model that the parameters name and tell what it is."""
        p = self.parameters
        reader = DigitReader.open(p.model, engine=p.engine, device=p.device, threads=p.threads)
        # The first run of a network is slow; no image should wait for it.
        reader.engine(reader.checkpoint.preprocessing([np.zeros((8, 8, 3), np.uint8)]))
        self._reader = reader
        self._model_topics.tell(reader, p.min_score, loaded=True)

    def unload(self) -> None:
        """Let go of the model."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def perceive(self, image_bgr: np.ndarray, stamp_s: float) -> DigitReading:  # noqa: ARG002
        """Read one image."""
        p = self.parameters
        reading = self._reader.read(
            image_bgr,
            min_score=p.min_score,
            ink=p.ink,
            min_height_px=p.min_height,
            max_candidates=p.max_candidates,
        )
        self._digit_statistics.record(reading)
        return reading

    def publish_result(self, result: DigitReading, header: Header) -> None:
        """Publish the digits in reading order, and the text."""
        self._digits.publish(conversions.detections(result.digits, header))
        self._text.publish(conversions.text(result.lines))

    def draw(self, image_bgr: np.ndarray, result: DigitReading) -> np.ndarray:
        """Draw the digits' boxes and what they were read as."""
        return draw_digits(image_bgr, result)

    def figures(self) -> dict[str, object]:
        """Name the model and what runs it, and count what was found."""
        model = model_figures(self._reader, self.parameters.model)
        return {**self._digit_statistics.figures(), **model}

    def concern(self) -> str:
        """Tell when images held more than may be looked at."""
        return self._digit_statistics.concern(self.parameters.max_candidates)

    def on_parameters_changed(self, before: DigitParameters) -> None:
        """Tell the new threshold."""
        if self.parameters.min_score != before.min_score and self._reader is not None:
            self._model_topics.tell(self._reader, self.parameters.min_score)
