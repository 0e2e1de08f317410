"""
The base of the nodes that hear.

The subscription's callback only appends the sound to a queue. A worker thread takes it out, cuts
it into windows, runs the network and publishes. Other than images, sound is not dropped while the
worker is busy for a moment; docs/camera_nodes.md explains what both kinds of nodes share.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any, Generic, TypeVar

from nn_perception.capabilities.sounds.defaults import WINDOW_OVERLAP
from nn_perception.core.audio.samples import SoundWindow
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.ros.base.audio_parameters import AudioParameters
from nn_perception.ros.base.audio_worker import AudioWorker, SoundProcessor
from nn_perception.ros.base.parameters import LiveParameters
from nn_perception.ros.base.sensing_node import SensingNode
from nn_perception.ros.base.shared_resources import SharedResources
from nn_perception.ros.diagnostics.audio_health import AudioHealth
from nn_perception.ros.diagnostics.log_throttle import LogThrottle
from nn_perception.ros.diagnostics.status import Status
from nn_perception.ros.inputs.audio_input import AudioInput

AUDIO_TOPIC = 'audio'

P = TypeVar('P', bound=AudioParameters)
R = TypeVar('R')


class AudioNode(SensingNode[P, SoundProcessor[R]], Generic[P, R]):
    """
    Lifecycle, sound in, results out, for one capability with results of type ``R``.

    :ivar sound: the subscription to the microphone's sound

    :param name: default name of the node
    :param kind: dataclass of its parameters
    :param shared: what it shares with other nodes of its process; None if there are none
    :raises ParameterError: if a value from a parameter file or the command line is rejected
    """

    receives = 'sound'
    _worker: AudioWorker[R]

    def __init__(self, name: str, kind: type[P], shared: SharedResources | None = None) -> None:
        super().__init__(name, kind, shared)
        worker = self._worker
        self.sound = AudioInput(
            self, AUDIO_TOPIC, self.parameters.audio_reliability, worker.queue.put, worker.reject
        )
        self._health = AudioHealth(self.sound, lambda: worker.queue.dropped, worker.statistics)
        self._log_throttle = LogThrottle(self.get_logger())
        self.add_input(self.sound)

    @property
    def run_options(self) -> RunOptions:
        """How the parameters want the networks to run."""
        # More threads for such small networks cost more than they save.
        return replace(super().run_options, threads=self.parameters.threads or 1)

    def make_worker(self, parameters: LiveParameters[Any]) -> AudioWorker[R]:  # noqa: ARG002
        """Make what processes the sound."""
        return AudioWorker(self, self, lambda: self.overlap)

    # Hooks of a capability.

    @property
    def overlap(self) -> float:
        """Share of a window that the next one repeats; may change at any time."""
        return WINDOW_OVERLAP

    @abstractmethod
    def publish(self, window: SoundWindow, result: R) -> None:
        """Publish the result of a window with its stamp; called in the worker thread."""

    @abstractmethod
    def diagnostic_values(self) -> dict[str, object]:
        """Describe the network, and the results, for the diagnostics."""

    def warning(self) -> str:
        """Say what was wrong with the results since the last call; empty if nothing was."""
        return ''

    # Diagnostics.

    def publish_diagnostics(self, blocking_reason: Status | None) -> None:
        """Publish the state of the microphone."""
        status = self._health.assess(blocking_reason, self.warning())
        self._log_throttle.update(status)
        status = status.with_values(self.diagnostic_values())
        self.publish_status(AUDIO_TOPIC, self.sound.topic, status)

    def _open_inputs(self) -> None:
        self._worker.begin_anew()
        super()._open_inputs()
