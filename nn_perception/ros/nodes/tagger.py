"""The node ``tagger``: tags the images of its cameras."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
import sys

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL, TAG_MIN_SCORE, TAG_TOP_K
from nn_perception.capabilities.tagging.overlay import draw_tags
from nn_perception.capabilities.tagging.pipeline import TaggingOptions, TaggingPipeline
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.files.folders import folder_of
from nn_perception.core.frame import Frame
from nn_perception.core.results import Tag
from nn_perception.ros.base.camera import Camera
from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import Contract, parameter
from nn_perception.ros.base.pipeline_node import PipelineNode
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.outputs.model_topics import ModelDescription, ModelTopics
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.ros.outputs.result_messages import RESULT_MESSAGES
from nn_perception.ros.process.main import main
from nn_perception.training.model_store.model_follower import ModelFollower
from nn_perception.training.model_store.store import ModelStore, STORE_PREFIX
from nn_perception.training.model_store.store_pipeline import StorePipeline
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
        Contract(
            'shipped model, checkpoint file, torchvision classification model, or store:NAME for '
            'the active version of a fine-tuned model',
            read_only=True,
        ),
    )
    store_folder: str = parameter(
        '',
        Contract('folder of the model store; empty: models in the data folder', read_only=True),
    )
    top_k: int = parameter(
        TAG_TOP_K, Contract('maximum number of tags per result', minimum=1, maximum=1000)
    )
    min_score: float = parameter(
        TAG_MIN_SCORE, Contract('minimum score of a tag', minimum=0.0, maximum=1.0)
    )
    smoothing_s: float = parameter(
        0.0,
        Contract(
            'time constant of the exponential moving average of the scores; 0: off',
            unit='s',
            minimum=0.0,
            maximum=60.0,
        ),
    )


class TaggerNode(PipelineNode[TaggerParameters, list[Tag], TaggingPipeline]):
    """Tag every image of its cameras."""

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('tagger', TaggerParameters, shared)
        self._tags = {
            camera.name: self.create_lifecycle_publisher(
                Classification, camera.output('tags'), RESULT_QOS
            )
            for camera in self.cameras
        }
        self._model_topics = ModelTopics(self)
        self.create_steady_timer(POLL_PERIOD_S, self.poll)

    def requested_model(self) -> str:
        """Name the model that the parameters ask for."""
        return self.parameters.model

    def load(self) -> TaggingPipeline:
        """Open the pipeline, and publish the labels of its model."""
        pipeline = super().load()
        self._publish_model(loaded=True)
        return pipeline

    def open_pipeline(self) -> TaggingPipeline:
        """Open the model, or the active version of the fine-tuned model."""
        p, options = self.parameters, self._tagging_options()
        if not p.model.startswith(STORE_PREFIX):
            return TaggingPipeline(Tagger.open(p.model, self.run_options), options)
        store = ModelStore(folder_of('models', p.store_folder))
        name = p.model.removeprefix(STORE_PREFIX)
        follower = ModelFollower(store, name, partial(Tagger.open, options=self.run_options))
        # Until a version is active, the default model serves.
        tagger = follower.load() or Tagger.open(DEFAULT_MODEL, self.run_options)
        return StorePipeline(follower, tagger, options, partial(self._publish_model, loaded=True))

    def poll(self) -> None:
        """Swap in a new active version of the fine-tuned model."""
        if isinstance(self.pipeline, StorePipeline):
            self.pipeline.poll()

    def publish(self, frame: Frame, result: list[Tag]) -> None:
        """Publish the tags, best first."""
        self._tags[frame.source].publish(RESULT_MESSAGES.classification(result, frame.header))

    def draw(self, image_bgr: NDArray[np.uint8], result: list[Tag]) -> NDArray[np.uint8]:
        """Write the tags on the image."""
        return draw_tags(image_bgr, result)

    def warning(self, camera: Camera) -> str:  # noqa: ARG002
        """Say why a new version could not be loaded."""
        return self.pipeline.problem if isinstance(self.pipeline, StorePipeline) else ''

    def on_parameters_changed(self, previous: TaggerParameters) -> None:
        """Adopt the new options, and publish a new threshold."""
        if self.pipeline is None:
            return
        self.pipeline.options = self._tagging_options()
        if self.parameters.min_score != previous.min_score:
            self._publish_model()

    def _tagging_options(self) -> TaggingOptions:
        p = self.parameters
        return TaggingOptions(p.top_k, p.min_score, p.smoothing_s)

    def _publish_model(self, *, loaded: bool = False) -> None:
        if self.pipeline is not None:
            checkpoint = self.pipeline.tagger.checkpoint
            model = ModelDescription(checkpoint.title, self.pipeline.labels, checkpoint.path)
            self._model_topics.publish(model, self.parameters.min_score, loaded=loaded)


if __name__ == '__main__':
    sys.exit(main(lambda: TaggerNode))
