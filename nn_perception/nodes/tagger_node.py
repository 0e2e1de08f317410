"""The node ``tagger``: camera images in, tags out."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.nodes import conversions
from nn_perception.nodes.camera_node import CameraNode, RESULT_QOS
from nn_perception.nodes.camera_parameters import CameraParameters
from nn_perception.nodes.model_topics import model_figures, ModelTopics
from nn_perception.nodes.parameters import parameter
from nn_perception.vision.draw import draw_tags
from nn_perception.vision.options import DEFAULT_MODEL
from nn_perception.vision.results import Tag
from nn_perception.vision.tagger import Smoother, Tagger, top_k_tags
import numpy as np
from std_msgs.msg import Header
from vision_msgs.msg import Classification


@dataclass(frozen=True)
class TaggerParameters(CameraParameters):
    """Parameters of the node ``tagger``."""

    model: str = parameter(
        DEFAULT_MODEL,
        'a shipped model, a checkpoint file, or a torchvision classification model',
        read_only=True,
    )
    top_k: int = parameter(5, 'tags in a result at most', minimum=1, maximum=1000)
    min_score: float = parameter(
        0.05, 'tags below this score are left out', minimum=0.0, maximum=1.0
    )
    smoothing_s: float = parameter(
        0.0,
        'time constant of the exponential mean of the scores over frames; 0 is off',
        unit='s',
        minimum=0.0,
        maximum=60.0,
    )


class TaggerNode(CameraNode[TaggerParameters, list[Tag]]):
    """Tag every image of a camera."""

    def __init__(self) -> None:
        super().__init__('tagger', TaggerParameters)
        self._tagger: Tagger | None = None
        self._smoother = Smoother(self.parameters.smoothing_s)
        self._tags = self.create_lifecycle_publisher(Classification, '~/tags', RESULT_QOS)
        self._model_topics = ModelTopics(self)

    def load(self) -> None:
        """Open the model that the parameters name and tell what it is."""
        p = self.parameters
        tagger = Tagger.open(p.model, engine=p.engine, device=p.device, threads=p.threads)
        # The first run of a network is slow; no image should wait for it.
        tagger.scores(np.zeros((8, 8, 3), np.uint8))
        self._tagger = tagger
        self._model_topics.tell(tagger, p.min_score, loaded=True)

    def unload(self) -> None:
        """Let go of the model."""
        if self._tagger is not None:
            self._tagger.close()
            self._tagger = None

    def perceive(self, image_bgr: np.ndarray, stamp_s: float) -> list[Tag]:
        """Tag one image, over time where that was asked for."""
        p = self.parameters
        # Images without a stamp are averaged over the time at which they arrive.
        when_s = stamp_s or self.get_clock().now().nanoseconds * 1e-9
        tagger = self._tagger
        scores = self._smoother.update(tagger.scores(image_bgr), when_s)
        labels = tagger.labels
        return top_k_tags(scores, labels, min(p.top_k, len(labels)), min_score=p.min_score)

    def publish_result(self, result: list[Tag], header: Header) -> None:
        """Publish the tags, best first."""
        self._tags.publish(conversions.classification(result, header))

    def draw(self, image_bgr: np.ndarray, result: list[Tag]) -> np.ndarray:
        """Write the tags onto the picture."""
        return draw_tags(image_bgr, result)

    def figures(self) -> dict[str, object]:
        """Name the model and what runs it."""
        return model_figures(self._tagger, self.parameters.model)

    def on_parameters_changed(self, before: TaggerParameters) -> None:
        """Follow the smoothing and tell the new threshold."""
        if self.parameters.smoothing_s != before.smoothing_s:
            self._smoother = Smoother(self.parameters.smoothing_s)
        if self.parameters.min_score != before.min_score and self._tagger is not None:
            self._model_topics.tell(self._tagger, self.parameters.min_score)
