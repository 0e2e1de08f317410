"""The node ``sound_tagger``: tags what a microphone hears."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
import sys

from nn_perception.capabilities.sounds.defaults import (
    DEFAULT_SOUND_MODEL,
    GATE_DB,
    MAX_OVERLAP,
    SMOOTHING_S,
    SOUND_MIN_SCORE,
    SOUND_TOP_K,
    WINDOW_OVERLAP,
)
from nn_perception.capabilities.sounds.pipeline import SoundOptions, SoundPipeline, SoundResult
from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.capabilities.sounds.voice_detector import VoiceDetector
from nn_perception.core.audio.samples import SoundWindow
from nn_perception.core.files.folders import folder_of
from nn_perception.ros.base.audio_node import AudioNode
from nn_perception.ros.base.audio_parameters import AudioParameters
from nn_perception.ros.base.parameters import Contract, parameter
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.outputs.headers import window_header
from nn_perception.ros.outputs.model_topics import ModelDescription, ModelTopics
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.ros.outputs.result_messages import RESULT_MESSAGES
from nn_perception.ros.process.main import main
from nn_perception.training.model_store.model_follower import ModelFollower
from nn_perception.training.model_store.store import ModelStore, STORE_PREFIX
from nn_perception.training.model_store.store_sound_pipeline import StoreSoundPipeline
from vision_msgs.msg import Classification

# How often the store is checked for a new active version.
POLL_PERIOD_S = 0.5


@dataclass(frozen=True)
class SoundTaggerParameters(AudioParameters):
    """Parameters of the node ``sound_tagger``."""

    model: str = parameter(
        DEFAULT_SOUND_MODEL,
        Contract(
            'shipped model, checkpoint file, or store:NAME for the active version of a '
            'fine-tuned model',
            read_only=True,
        ),
    )
    store_folder: str = parameter(
        '',
        Contract('folder of the model store; empty: models in the data folder', read_only=True),
    )
    top_k: int = parameter(
        SOUND_TOP_K, Contract('maximum number of tags per result', minimum=1, maximum=1000)
    )
    min_score: float = parameter(
        SOUND_MIN_SCORE, Contract('minimum score of a tag', minimum=0.0, maximum=1.0)
    )
    overlap: float = parameter(
        WINDOW_OVERLAP,
        Contract(
            'share of a window of one second that the next one repeats: 0.75 gives four results '
            'a second',
            minimum=0.0,
            maximum=MAX_OVERLAP,
        ),
    )
    smoothing_s: float = parameter(
        SMOOTHING_S,
        Contract(
            'time constant of the exponential moving average of the scores; 0: off',
            unit='s',
            minimum=0.0,
            maximum=60.0,
        ),
    )
    gate_db: float = parameter(
        GATE_DB,
        Contract(
            'level, relative to full scale, below which a window is tagged silence',
            unit='dB',
            minimum=-120.0,
            maximum=0.0,
        ),
    )


class SoundTaggerNode(AudioNode[SoundTaggerParameters, SoundResult]):
    """
    Tag each window of a microphone's sound.

    :ivar pipeline: computes the tags; None while none is loaded
    """

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('sound_tagger', SoundTaggerParameters, shared)
        self.pipeline: SoundPipeline | None = None
        self._tags = self.create_lifecycle_publisher(Classification, '~/tags', RESULT_QOS)
        self._model_topics = ModelTopics(self)
        if self.parameters.model.startswith(STORE_PREFIX):
            self.create_steady_timer(POLL_PERIOD_S, self.poll)

    @property
    def overlap(self) -> float:
        """Share of a window that the next one repeats."""
        return self.parameters.overlap

    def load(self) -> SoundPipeline:
        """Open the pipeline, run it once, and publish the labels of its model."""
        pipeline = self._open_pipeline()
        # The first run of a network is slow; no sound should wait for it.
        pipeline.warm_up()
        self.pipeline = pipeline
        self._publish_model(loaded=True)
        return pipeline

    def unload(self) -> None:
        """Close the pipeline."""
        if self.pipeline is not None:
            self.pipeline.close()
            self.pipeline = None

    def poll(self) -> None:
        """Swap in a new active version of the fine-tuned model."""
        if isinstance(self.pipeline, StoreSoundPipeline):
            self.pipeline.poll()

    def publish(self, window: SoundWindow, result: SoundResult) -> None:
        """Publish the tags, best first."""
        header = window_header(window.stamp_s, window.frame_id)
        self._tags.publish(RESULT_MESSAGES.classification(result.tags, header))

    def diagnostic_values(self) -> dict[str, object]:
        """Name the network and its device."""
        if self.pipeline is None:
            return {'model': self.parameters.model, 'device': 'not loaded'}
        return {'model': self.pipeline.title, 'device': self.pipeline.device}

    def warning(self) -> str:
        """Say why a new version could not be loaded."""
        return self.pipeline.problem if isinstance(self.pipeline, StoreSoundPipeline) else ''

    def on_parameters_changed(self, previous: SoundTaggerParameters) -> None:
        """Adopt the new options, and publish a new threshold."""
        if self.pipeline is None:
            return
        self.pipeline.options = self._options()
        if self.parameters.min_score != previous.min_score:
            self._publish_model()

    def _open_pipeline(self) -> SoundPipeline:
        """Open the model, or the active version of the fine-tuned model."""
        p, options, voice = self.parameters, self._options(), VoiceDetector.open()
        if not p.model.startswith(STORE_PREFIX):
            return SoundPipeline(SoundTagger.open(p.model, self.run_options), options, voice)
        store = ModelStore(folder_of('models', p.store_folder))
        name = p.model.removeprefix(STORE_PREFIX)
        follower = ModelFollower(store, name, partial(SoundTagger.open, options=self.run_options))
        # Until a version is active, the default model serves.
        tagger = follower.load() or SoundTagger.open(DEFAULT_SOUND_MODEL, self.run_options)
        swapped = partial(self._publish_model, loaded=True)
        return StoreSoundPipeline(follower, tagger, options, voice, swapped)

    def _options(self) -> SoundOptions:
        p = self.parameters
        return SoundOptions(p.top_k, p.min_score, p.smoothing_s, p.gate_db)

    def _publish_model(self, *, loaded: bool = False) -> None:
        if self.pipeline is not None:
            checkpoint = self.pipeline.tagger.checkpoint
            model = ModelDescription(checkpoint.title, self.pipeline.labels, checkpoint.path)
            self._model_topics.publish(model, self.parameters.min_score, loaded=loaded)


if __name__ == '__main__':
    sys.exit(main(lambda: SoundTaggerNode))
