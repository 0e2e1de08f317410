"""Clips of sound from a microphone: captured one by one, or recorded continuously."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
import math
import time

from nn_perception.core.audio.samples import SoundWindow, WINDOW_S
from nn_perception.ros.fine_tuning.frame_recorder import Added, NodeRecorder
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder

# Stamps follow the clock of the microphone, so a second is not always a second.
TOLERANCE_S = 0.06


class ClipRecorder(NodeRecorder):
    """
    A dataset that gets the sound of a microphone, second by second; threads may share it.

    :param dataset: open for writing; :meth:`close` closes it
    :param embedder: :meth:`close` closes it
    :param topic: of the sound
    """

    def __init__(self, dataset: Dataset, embedder: Embedder, topic: str) -> None:
        super().__init__(dataset, embedder)
        self._topic = topic
        self._latest: tuple[SoundWindow, float] | None = None
        self._recording_name = ''
        # End of what was stored last, or of what came before the recording.
        self._stored_s = -math.inf

    def latest(self, max_age_s: float) -> SoundWindow | None:
        """Return the second that was heard last, unless that was longer ago."""
        latest = self._latest
        if latest is None or time.monotonic() - latest[1] > max_age_s:
            return None
        return latest[0]

    def process(self, windows: Sequence[SoundWindow]) -> list[bool]:
        """
        Keep the latest second, and store those of a recording; each continues the previous one.

        Called in the thread that processes the sound.

        :param windows: they overlap
        :returns: for each window, whether it was stored or has ended the recording
        """
        return [self._receive(window) for window in windows]

    def forget(self, source: str) -> None:  # noqa: ARG002
        """The sound begins anew: the next second begins with it."""
        self._latest = None
        self._stored_s = -math.inf

    def capture(self, window: SoundWindow, label: str) -> Future[Added]:
        """Store a second with its embedding, see :meth:`add`."""
        return self.add(lambda: window.samples, label, _begin_ns(window), self._topic)

    def _receive(self, window: SoundWindow) -> bool:
        begins = self._latest is None
        self._latest = window, time.monotonic()
        recording = self._recording
        if recording is None:
            return False
        if recording.name != self._recording_name:
            # What was heard before somebody began to record was not meant.
            self._recording_name = recording.name
            self._stored_s = window.stamp_s - (WINDOW_S if begins else 0.0)
        if window.stamp_s - self._stored_s < WINDOW_S - TOLERANCE_S:
            return False
        self._stored_s = window.stamp_s
        return self.receive(lambda: window.samples, _begin_ns(window), self._topic)


def _begin_ns(window: SoundWindow) -> int:
    """Return the capture time of the first sample in nanoseconds; 0 if it is unknown."""
    return max(0, round((window.stamp_s - WINDOW_S) * 1e9))
