"""
Tell speech from other sounds, with silero-vad.

The network hears blocks of 32 ms with the end of the block before, and keeps a state over the
blocks of a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nn_perception.core.audio.samples import check_samples, Samples, WINDOW_SAMPLES
from nn_perception.core.files.folders import WEIGHTS_FOLDER
from nn_perception.core.inference.onnxruntime_engine import NATIVE_ERRORS, session_options
from nn_perception.core.inference.onnxruntime_import import onnxruntime
import numpy as np
from numpy.typing import NDArray

WEIGHTS = WEIGHTS_FOLDER / 'silero_vad.onnx'
BLOCK = 512
CONTEXT = 64
STATE = 128
# A window is as much speech as its three most likely blocks, about a tenth of a second.
LIKELIEST = 3


class VoiceDetector:
    """A network that computes how likely a sound contains speech."""

    def __init__(self, session: Any) -> None:
        """Wrap a session of ONNX Runtime; :meth:`open` is the usual way."""
        self._session = session

    @classmethod
    def open(cls, path: Path = WEIGHTS) -> VoiceDetector:
        """
        Load the network; it runs on one thread of the CPU.

        :param path: the shipped weights, by default
        :raises RuntimeError: if the network cannot be loaded
        """
        try:
            session = onnxruntime.InferenceSession(
                str(path), session_options(1, set()), providers=['CPUExecutionProvider']
            )
        except NATIVE_ERRORS as error:
            raise RuntimeError(f'{path.name} cannot be loaded: {error}') from error
        return cls(session)

    def probability(self, samples: Samples) -> float:
        """
        Compute the probability that a sound contains speech.

        :param samples: at 16 kHz, float32, ``(S,)``, from -1 to 1; one of less than three blocks
            of 512 samples is filled up with silence
        :raises ValueError: if it has another shape or type, or is not finite
        :raises RuntimeError: if the network cannot be run
        """
        check_samples(samples)
        count = max(LIKELIEST, len(samples) // BLOCK)
        padded = np.zeros(CONTEXT + count * BLOCK, np.float32)
        used = samples[: count * BLOCK]
        padded[CONTEXT : CONTEXT + len(used)] = used
        blocks = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + BLOCK)[::BLOCK]
        speech = self._run(np.ascontiguousarray(blocks))
        return float(np.partition(speech, -LIKELIEST)[-LIKELIEST:].mean())

    def speech_of(self, windows: Sequence[Samples]) -> NDArray[np.float32]:
        """Compute the probability of each window, ``(N,)``, see :meth:`probability`."""
        return np.array([self.probability(window) for window in windows], np.float32)

    def _run(self, blocks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the probability of each block, ``(N, 576)`` to ``(N,)``."""
        if self._session is None:
            raise RuntimeError('the voice detector is closed')
        state = np.zeros((1, 1, STATE), np.float32)
        try:
            speech = self._session.run(None, {'input': blocks, 'h': state, 'c': state})[0]
        except NATIVE_ERRORS as error:
            raise RuntimeError(f'onnxruntime cannot run the voice detector: {error}') from error
        return np.asarray(speech, np.float32)

    def warm_up(self) -> None:
        """Run the network once: the first run is slow."""
        self.probability(np.zeros(WINDOW_SAMPLES, np.float32))

    def close(self) -> None:
        """Free the memory of the network."""
        self._session = None
