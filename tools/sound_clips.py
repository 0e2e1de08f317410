"""Clips of folders, for the tools that fit and evaluate networks for sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, WINDOW_SAMPLES
import numpy as np
from numpy.typing import NDArray
import soundfile  # type: ignore[import-untyped]

# In file names of Speech Commands: what is before it names the speaker.
OF_SPEAKER = '_nohash_'


@dataclass(frozen=True)
class Clips:
    """
    Clips of one second.

    :param samples: float32, ``(N, S)``
    :param classes: ``(N,)``, indices of the labels
    :param recordings: which speaker or recording a clip is of, ``(N,)``
    :param labels: names of the classes
    """

    samples: NDArray[np.float32]
    classes: NDArray[np.int64]
    recordings: NDArray[np.int64]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.classes)

    def part(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Clips:
        """Keep some clips, with all labels."""
        return Clips(self.samples[rows], self.classes[rows], self.recordings[rows], self.labels)


def read_clips(folder: Path) -> Clips:
    """
    Read a folder that has a folder of WAV files for each label.

    Shorter clips are filled up with zeros. A clip whose name does not begin with that of its
    speaker is a recording of its own.

    :raises SystemExit: if a clip has another rate than 16 kHz, or there is none
    """
    paths = sorted(folder.glob('*/*.wav'))
    if not paths:
        raise SystemExit(f'{folder} has no folders of WAV files')
    labels = tuple(sorted({path.parent.name for path in paths}))
    recordings = [_recording(path) for path in paths]
    return Clips(
        np.stack([_read(path) for path in paths]),
        np.array([labels.index(path.parent.name) for path in paths]),
        _numbers(recordings),
        labels,
    )


def _recording(path: Path) -> str:
    speaker, found, _ = path.name.partition(OF_SPEAKER)
    return speaker if found else f'{path.parent.name}/{path.name}'


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)


def _read(path: Path) -> NDArray[np.float32]:
    samples, rate = soundfile.read(path, dtype='float32')
    if rate != SAMPLE_RATE_HZ or samples.ndim != 1:
        raise SystemExit(f'{path}: expected one channel of {SAMPLE_RATE_HZ} Hz')
    clip = np.zeros(WINDOW_SAMPLES, np.float32)
    clip[: len(samples)] = samples[:WINDOW_SAMPLES]
    return clip
