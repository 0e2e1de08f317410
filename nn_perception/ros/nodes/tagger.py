"""The node ``tagger``: tags the images of its cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
import sys
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
from nn_perception.ros.outputs.model_topics import model_values, ModelTopics
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.ros.outputs.result_messages import classification
from nn_perception.ros.process.main import main
from nn_perception.training.model_store.store import ModelStore, STORE_PREFIX
import numpy as np
from numpy.typing import NDArray
from vision_msgs.msg import Classification

# How often the store is checked for a new active version.
POLL_PERIOD_S = 0.5


@dataclass(frozen=True)
class TaggerParameters(CameraParameters):
    """Parameters of the node ``tagger``."""

    model: str = parameter(
        DEFAULT_MODEL,
        'shipped model, checkpoint file, torchvision classification model, or store:NAME for the '
        'active version of a fine-tuned model',
        read_only=True,
    )
    store_folder: str = parameter(
        '',
        'folder of the fine-tuned models; empty: models in the data folder',
        read_only=True,
    )
    top_k: int = parameter(TAG_TOP_K, 'maximum number of tags per result', minimum=1, maximum=1000)
    min_score: float = parameter(TAG_MIN_SCORE, 'minimum score of a tag', minimum=0.0, maximum=1.0)
    smoothing_s: float = parameter(
        0.0,
        'time constant of the exponential moving average of the scores; 0: off',
        unit='s',
        minimum=0.0,
        maximum=60.0,
    )


class TaggerNode(CameraNode[TaggerParameters, list[Tag]]):
    """Tag every image of its cameras."""

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('tagger', TaggerParameters, shared)
        self._tagger: Tagger | None = None
        self._follower: ModelFollower | None = None
        self._swapping = threading.Lock()
        self._smoothers = self._new_smoothers()
        self._tags = {
            camera: self.create_lifecycle_publisher(
                Classification, camera.output('tags'), RESULT_QOS
            )
            for camera in self.cameras
        }
        self._model_topics = ModelTopics(self)
        self.create_steady_timer(POLL_PERIOD_S, self.poll)

    def load(self) -> None:
        """Open the model and publish its labels."""
        p = self.parameters
        options = self.run_options
        if p.model.startswith(STORE_PREFIX):
            store = ModelStore(folder_of('models', p.store_folder))
            name = p.model.removeprefix(STORE_PREFIX)
            self._follower = ModelFollower(store, name, partial(Tagger.open, options=options))
            # Until a version is active, the default model serves.
            tagger = self._follower.load() or Tagger.open(DEFAULT_MODEL, options)
        else:
            tagger = Tagger.open(p.model, options)
        # The first run of a network is slow; no image should wait for it.
        tagger.scores(np.zeros((8, 8, 3), np.uint8))
        self._tagger = tagger
        self._model_topics.publish(tagger, p.min_score, loaded=True)

    def unload(self) -> None:
        """Close the model."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None
        if self._tagger is not None:
            self._tagger.close()
            self._tagger = None

    def poll(self) -> None:
        """Load a new active version of the model, and swap it in if no image does."""
        if self._follower is None:
            return
        self._follower.follow()
        # While images arrive, the worker swaps between two of them.
        if self._swapping.acquire(blocking=False):
            try:
                self._swap()
            finally:
                self._swapping.release()

    def process(self, views: Sequence[View]) -> list[list[Tag]]:
        """Tag images, and average their scores over time if that is enabled."""
        p = self.parameters
        with self._swapping:
            self._swap()
            tagger = self._tagger
            assert tagger is not None
            scores = tagger.scores_of([view.image_bgr for view in views])
            averages = [
                self._smoothers[view.camera].update(of_view, view.when_s)
                for view, of_view in zip(views, scores, strict=True)
            ]
        labels = tagger.labels
        k = min(p.top_k, len(labels))
        return [top_k_tags(average, labels, k, min_score=p.min_score) for average in averages]

    def _swap(self) -> None:
        """Replace the model by a version that has been loaded."""
        tagger = self._follower.take_next() if self._follower is not None else None
        if tagger is None:
            return
        previous, self._tagger = self._tagger, tagger
        # Averages of the previous labels mean nothing to the new ones.
        self._smoothers = self._new_smoothers()
        self._model_topics.publish(tagger, self.parameters.min_score, loaded=True)
        if previous is not None:
            previous.close()

    def publish(self, view: View, result: list[Tag]) -> None:
        """Publish the tags, best first."""
        self._tags[view.camera].publish(classification(result, view.header))

    def draw(self, image_bgr: NDArray[np.uint8], result: list[Tag]) -> NDArray[np.uint8]:
        """Write the tags on the image."""
        return draw_tags(image_bgr, result)

    def diagnostic_values(self, camera: Camera) -> dict[str, object]:  # noqa: ARG002
        """Name the model and its device."""
        return model_values(self._tagger, self.parameters.model)

    def warning(self, camera: Camera) -> str:  # noqa: ARG002
        """Say why a new version could not be loaded."""
        return '' if self._follower is None else self._follower.problem

    def on_parameters_changed(self, previous: TaggerParameters) -> None:
        """Adopt a new time constant, and publish a new threshold."""
        if self.parameters.smoothing_s != previous.smoothing_s:
            self._smoothers = self._new_smoothers()
        if self.parameters.min_score != previous.min_score and self._tagger is not None:
            self._model_topics.publish(self._tagger, self.parameters.min_score)

    def _new_smoothers(self) -> dict[Camera, Smoother]:
        return {camera: Smoother(self.parameters.smoothing_s) for camera in self.cameras}


if __name__ == '__main__':
    sys.exit(main(lambda: TaggerNode))
