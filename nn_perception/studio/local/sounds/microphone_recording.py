"""Record the sound of a microphone into a dataset, second by second."""

from __future__ import annotations

from collections.abc import Sequence
import logging
import threading

from nn_perception.capabilities.sounds.windows import WindowBuffer
from nn_perception.core.audio.samples import Samples, SoundWindow, WINDOW_S
from nn_perception.core.audio.sound_files import decode_sound
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.sounds import SoundBlock, SoundResult
from nn_perception.studio.local.sounds.microphones import Microphones
from nn_perception.studio.local.sounds.sound_feed import FeedListening
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.recording.frame_recorder import FrameRecorder
import numpy as np

LOG = logging.getLogger(__name__)


class MicrophoneRecording:
    """
    A microphone that is listened to while its sound is recorded.

    :param microphones: the microphones
    :param recorder: stores the clips
    """

    def __init__(self, microphones: Microphones, recorder: FrameRecorder) -> None:
        self._microphones = microphones
        self._recorder = recorder
        self._changing = threading.Lock()
        self._microphone = ''
        self._listening: FeedListening | None = None
        self._windows = WindowBuffer(overlap=0.0)

    def start(self, source: str, label: str, rate_hz: float) -> None:
        """
        Store each second of a microphone, until :meth:`stop` or until it cannot be stored.

        :raises ValueError: if there is no such microphone, or label or rate are not allowed
        """
        with self._changing:
            self._recorder.record(label, rate_hz).result()
            if self._listening is not None and source == self._microphone:
                return
            self._close()
            # What came before was not meant.
            self._windows, self._microphone = WindowBuffer(overlap=0.0), source
            try:
                self._listening = self._microphones.listen(source, self, results=False)
            except ValueError:
                self._recorder.stop().result()
                raise

    def stop(self) -> None:
        """End the recording; what it has stored stays."""
        with self._changing:
            self._close()
            self._recorder.stop().result()

    def close(self) -> None:
        """Listen no longer."""
        with self._changing:
            self._close()

    def on_sound(self, block: SoundBlock) -> None:
        """Store what is complete with a block; the player's thread waits for the disk."""
        if not self._recorder.label:
            return
        samples = np.frombuffer(block.samples, '<i2').astype(np.int16)
        for window in self._windows.add(samples, block.stamp_ns * 1e-9):
            self._store(window)

    def on_result(self, result: SoundResult) -> None:
        """Receive a result, of which none are wanted."""

    def _store(self, window: SoundWindow) -> None:
        stamp_ns = round((window.stamp_s - WINDOW_S) * 1e9)
        self._recorder.receive(lambda: window.samples, stamp_ns, self._microphone)

    def _close(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.close()


class RecordedMicrophones:
    """
    Microphones as :class:`~nn_perception.studio.local.recorded_sources.RecordedSources`.

    :param microphones: the microphones
    """

    medium = SOUNDS
    called = 'microphone'

    def __init__(self, microphones: Microphones) -> None:
        self._microphones = microphones

    def list(self) -> Sequence[CameraInfo]:
        """List the microphones that exist now."""
        return self._microphones.list()

    def recording(self, recorder: FrameRecorder) -> MicrophoneRecording:
        """Return what records them."""
        return MicrophoneRecording(self._microphones, recorder)

    def decode(self, file: bytes) -> Samples:
        """
        Decode a sound file of any kind.

        :raises ValueError: if it cannot be decoded
        """
        return decode_sound(file)

    def preview(self, content: bytes, max_size_px: int) -> bytes:  # noqa: ARG002
        """Return a clip as it is stored."""
        return content
