"""Clips of folders, and parts of them, for the tools that fit and evaluate networks for sounds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, WINDOW_SAMPLES
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
import soundfile  # type: ignore[import-untyped]

# In file names of Speech Commands: what is before it names the speaker.
OF_SPEAKER = '_nohash_'

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Clips:
    """
    Clips of one second.

    :param samples: float32, ``(N, S)``
    :param classes: ``(N,)``, indices of the labels
    :param recordings: name of the speaker or recording that a clip is of, ``(N,)``
    :param labels: names of the classes
    """

    samples: NDArray[np.float32]
    classes: NDArray[np.int64]
    recordings: NDArray[np.str_]
    labels: tuple[str, ...]

    @property
    def recording_numbers(self) -> NDArray[np.int64]:
        """The number of each clip's recording."""
        return np.unique(self.recordings, return_inverse=True)[1].astype(np.int64)

    def rows_of(self, recordings: NDArray[np.str_]) -> Rows:
        """Find the clips of some recordings."""
        return np.flatnonzero(np.isin(self.recordings, recordings))

    def with_more(self, label: str, samples: NDArray[np.float32]) -> Clips:
        """Append clips of one label, each of which is a recording of its own."""
        count = len(samples)
        return Clips(
            np.concatenate([self.samples, samples]),
            np.concatenate([self.classes, np.full(count, self.labels.index(label))]),
            np.concatenate([self.recordings, [f'more {number}' for number in range(count)]]),
            self.labels,
        )

    def drawn(self, rows: Rows, count: int, random: Generator) -> Rows:
        """Draw so many of some clips of each class; all, if there are not more."""
        drawn = [
            random.permutation(rows[self.classes[rows] == index])[:count]
            for index in range(len(self.labels))
        ]
        return np.concatenate(drawn)


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
    return Clips(
        np.stack([_read(path) for path in paths]),
        np.array([labels.index(path.parent.name) for path in paths]),
        np.array([_recording(path) for path in paths]),
        labels,
    )


def _recording(path: Path) -> str:
    speaker, found, _ = path.name.partition(OF_SPEAKER)
    return speaker if found else f'{path.parent.name}/{path.name}'


def _read(path: Path) -> NDArray[np.float32]:
    samples, rate = soundfile.read(path, dtype='float32')
    if rate != SAMPLE_RATE_HZ or samples.ndim != 1:
        raise SystemExit(f'{path}: expected one channel of {SAMPLE_RATE_HZ} Hz')
    clip = np.zeros(WINDOW_SAMPLES, np.float32)
    clip[: len(samples)] = samples[:WINDOW_SAMPLES]
    return clip
