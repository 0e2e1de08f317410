"""The node ``sound_fine_tuner``: records labelled clips, and fine-tunes models on them."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
import sys

from nn_perception.capabilities.sounds.defaults import DEFAULT_SOUND_MODEL
from nn_perception.core.audio.samples import SoundWindow
from nn_perception.ros.base.audio_node import AudioNode
from nn_perception.ros.base.audio_parameters import AudioParameters
from nn_perception.ros.base.parameters import Contract, parameter
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.fine_tuning.clip_recorder import ClipRecorder
from nn_perception.ros.fine_tuning.clip_services import ClipServices
from nn_perception.ros.fine_tuning.fine_tuner_parameters import FineTuningParameters
from nn_perception.ros.fine_tuning.fine_tuner_services import FineTunerKind, FineTunerServices
from nn_perception.ros.fine_tuning.frame_recorder import Added
from nn_perception.ros.process.main import main
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder
from nn_perception.training.datasets.media.clips import SOUNDS
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

# An older second is not what can be heard now.
MAX_AGE_S = 1.0
# How often the store is checked for a new active version.
POLL_PERIOD_S = 0.5


@dataclass(frozen=True)
class SoundFineTunerParameters(FineTuningParameters, AudioParameters):
    """Parameters of the node ``sound_fine_tuner``."""

    base: str = parameter(
        DEFAULT_SOUND_MODEL,
        Contract(
            'network to fine-tune: a shipped network for sounds, or a checkpoint file',
            read_only=True,
        ),
    )
    model_name: str = parameter(
        'sounds',
        Contract(
            'name of the fine-tuned model in the store; a sound_tagger runs it as store:NAME',
            read_only=True,
        ),
    )
    dataset: str = parameter(
        'sounds', Contract('name of the dataset of labelled clips', read_only=True)
    )


class SoundFineTunerNode(AudioNode[SoundFineTunerParameters, bool]):
    """Store labelled clips, fine-tune a model on them, and manage its versions."""

    def __init__(self, shared: SharedResources | None = None) -> None:
        super().__init__('sound_fine_tuner', SoundFineTunerParameters, shared)
        self._fine_tuning: FineTunerServices[ClipRecorder] = FineTunerServices(
            self,
            FineTunerKind(SOUNDS, lambda: self.parameters, self._make_recorder, self._capture),
        )
        self._dataset_services = ClipServices(self, self._fine_tuning.access)
        self.create_steady_timer(POLL_PERIOD_S, self.poll)

    # Lifecycle.

    def load(self) -> ClipRecorder:
        """Open the dataset, and the network that computes the embeddings of its clips."""
        recorder = self._fine_tuning.load(self.run_options)
        self._worker.finishes = True  # what is being stored
        return recorder

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe, and end the recording: it would not record anything."""
        result = super().on_deactivate(state)
        self._fine_tuning.stop_recording()
        return result

    def unload(self) -> None:
        """Cancel the running job, finish the pending captures, and close dataset and network."""
        self._fine_tuning.unload()

    def destroy_node(self) -> None:
        """Finish what has begun while its responses can still be sent."""
        self._stop()  # the worker uses the recorder, too
        self._fine_tuning.close()
        self._dataset_services.close()
        super().destroy_node()

    # Clips.

    def publish(self, window: SoundWindow, result: bool) -> None:  # noqa: ARG002
        """Publish the summary of the dataset if a clip was stored, or ended the recording."""
        if result:
            self._fine_tuning.publish_dataset()

    def diagnostic_values(self) -> dict[str, object]:
        """Count the clips, and name the model and its device."""
        return self._fine_tuning.diagnostic_values()

    def warning(self) -> str:
        """Say why a recording ended by itself, or why the active version cannot be read."""
        return self._fine_tuning.take_problem()

    def poll(self) -> None:
        """Publish the active version when another process has changed it."""
        self._fine_tuning.poll()

    def _make_recorder(self, dataset: Dataset, embedder: Embedder) -> ClipRecorder:
        return ClipRecorder(dataset, embedder, self.sound.topic)

    def _capture(self, recorder: ClipRecorder, label: str) -> Future[Added]:
        window = recorder.latest(MAX_AGE_S)
        if window is None:
            reason = self.sound.silence_reason()
            raise ValueError(f'no sound in the last {MAX_AGE_S:g} s: {reason}')
        return recorder.capture(window, label)


if __name__ == '__main__':
    sys.exit(main(lambda: SoundFineTunerNode))
