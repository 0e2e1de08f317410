"""The node ``tagger``: camera images in, tags out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
import threading

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL, TAG_MIN_SCORE, TAG_TOP_K
from nn_perception.capabilities.tagging.overlay import draw_tags
from nn_perception.capabilities.tagging.ranking import top_k_tags
from nn_perception.capabilities.tagging.smoothing import Smoother
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.files.storage import folder_of
from nn_perception.core.results import Tag
from nn_perception.ros.base.camera import Camera, View
from nn_perception.ros.base.camera_node import CameraNode, SharedResources
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import parameter
from nn_perception.ros.fine_tuning.model_follower import ModelFollower
from nn_perception.ros.outputs import conversions
from nn_perception.ros.outputs.model_topics import model_figures, ModelTopics
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.training.model_store.store import ModelStore, STORE_PREFIX
import numpy as np
from vision_msgs.msg import Classification


@dataclass(frozen=True)
class TaggerParameters(CameraParameters):
    """Parameters of the node ``tagger``."""

    model: str = parameter(
        DEFAULT_MODEL,
        'a shipped model, a checkpoint file, a torchvision classification model, or store:NAME: '
        'the active version of a taught model',
        read_only=True,
    )
    store_folder: str = parameter(
        '', 'folder of the taught models; empty: models in the data folder', read_only=True
    )
    top_k: int = parameter(TAG_TOP_K, 'tags in a result at most', minimum=1, maximum=1000)
    min_score: float = parameter(
        TAG_MIN_SCORE, 'tags below this score are left out', minimum=0.0, maximum=1.0
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

    def __init__(self, shared_resources: SharedResources | None = None) -> None:
        super().__init__('tagger', TaggerParameters, shared_resources)
        self._tagger: Tagger | None = None
        self._taught: ModelFollower | None = None
        self._swapping = threading.Lock()
        self._smoothers = self._new_smoothers()
        self._tags = {
            camera: self.create_lifecycle_publisher(
                Classification, camera.output('tags'), RESULT_QOS
            )
            for camera in self.cameras
        }
        self._model_topics = ModelTopics(self)

    def load(self) -> None:
        """Open the model that the parameters name and tell what it is."""
        p = self.parameters
        options = self.run_options
        if p.model.startswith(STORE_PREFIX):
            store = ModelStore(folder_of('models', p.store_folder))
            name = p.model.removeprefix(STORE_PREFIX)
            self._taught = ModelFollower(store, name, partial(Tagger.open, options=options))
            # Until the first version is active the usual model serves.
            tagger = self._taught.load() or Tagger.open(DEFAULT_MODEL, options)
        else:
            tagger = Tagger.open(p.model, options)
        # The first run of a network is slow; no image should wait for it.
        tagger.scores(np.zeros((8, 8, 3), np.uint8))
        self._tagger = tagger
        self._model_topics.tell(tagger, p.min_score, loaded=True)

    def unload(self) -> None:
        """Let go of the model."""
        if self._taught is not None:
            self._taught.close()
            self._taught = None
        if self._tagger is not None:
            self._tagger.close()
            self._tagger = None

    def perceive(self, views: Sequence[View]) -> list[list[Tag]]:
        """Tag images, over time where that was asked for."""
        p = self.parameters
        with self._swapping:
            self._swap()
            tagger = self._tagger
            scores = tagger.scores_of([view.image_bgr for view in views])
            averages = [
                self._smoothers[view.camera].update(of_view, view.when_s)
                for view, of_view in zip(views, scores, strict=True)
            ]
        labels = tagger.labels
        k = min(p.top_k, len(labels))
        return [top_k_tags(average, labels, k, min_score=p.min_score) for average in averages]

    def _swap(self) -> None:
        """Go on with a version that became active and is loaded, between two images."""
        tagger = self._taught.take_next() if self._taught is not None else None
        if tagger is None:
            return
        before, self._tagger = self._tagger, tagger
        # Means of other labels mean nothing.
        self._smoothers = self._new_smoothers()
        self._model_topics.tell(tagger, self.parameters.min_score, loaded=True)
        before.close()

    def publish_result(self, view: View, result: list[Tag]) -> None:
        """Publish the tags, best first."""
        self._tags[view.camera].publish(conversions.classification(result, view.header))

    def draw(self, image_bgr: np.ndarray, result: list[Tag]) -> np.ndarray:
        """Write the tags onto the picture."""
        return draw_tags(image_bgr, result)

    def figures(self, camera: Camera) -> dict[str, object]:  # noqa: ARG002
        """Name the model and what runs it."""
        return model_figures(self._tagger, self.parameters.model)

    def concern(self, camera: Camera) -> str:  # noqa: ARG002
        """Follow the store; tell when a version cannot be loaded."""
        if self._taught is None:
            return ''
        self._taught.follow()
        # Without images nobody else would do it; with them the worker does.
        if self._swapping.acquire(blocking=False):
            try:
                self._swap()
            finally:
                self._swapping.release()
        return self._taught.problem

    def on_parameters_changed(self, before: TaggerParameters) -> None:
        """Follow the smoothing and tell the new threshold."""
        if self.parameters.smoothing_s != before.smoothing_s:
            self._smoothers = self._new_smoothers()
        if self.parameters.min_score != before.min_score and self._tagger is not None:
            self._model_topics.tell(self._tagger, self.parameters.min_score)

    def _new_smoothers(self) -> dict[Camera, Smoother]:
        return {camera: Smoother(self.parameters.smoothing_s) for camera in self.cameras}
