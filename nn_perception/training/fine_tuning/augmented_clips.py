"""
Augmented copies of the clips that a head is fitted to.

A few clips hold a word at one place, at one level and in one room. Copies of them, which are
shifted, louder or quieter, and mixed with the noise of the background class, show the head what
does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import logging

from nn_perception.capabilities.sounds.defaults import BACKGROUND
from nn_perception.core.audio.samples import Samples
from nn_perception.core.files.names import folded_name
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.datasets.checks import CheckedFrames
from nn_perception.training.datasets.embeddings import Embedder
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.fine_tuning.sound_augmentation import augmented
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

# Of each clip; of many clips fewer, since many clips differ by themselves, and copies take time.
COPIES = 3
MAX_COPIES = 2000
# So many clips are in one batch: 2 MB of samples.
BATCH = 32


@dataclass(frozen=True)
class Copies:
    """
    M augmented copies of clips.

    :param embeddings: float32, ``(M, D)``
    :param sources: indices of the clips that they were made from, int64, ``(M,)``
    """

    embeddings: NDArray[np.float32]
    sources: NDArray[np.int64]

    @classmethod
    def none(cls, features: int) -> Copies:
        """Return no copies, of embeddings with so many features."""
        return cls(np.zeros((0, features), np.float32), np.zeros(0, np.int64))

    def appended_to(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Append them to other embeddings, which may be many and are not copied for nothing."""
        return np.concatenate([embeddings, self.embeddings]) if len(self.sources) else embeddings


def augmented_copies(
    data: CheckedFrames,
    training: NDArray[np.int64],
    seed: int,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Copies:
    """
    Make copies of clips, and compute their embeddings.

    :param data: clips of sound
    :param training: indices of the clips to train on; no other clip, and no other noise, is used
    :param seed: seed of all randomness
    :param on_progress: gets the finished share of the work, in ``[0, 1]``
    :raises RuntimeError: if the network cannot be run
    """
    clips = _read(data, training)
    number = min(COPIES, MAX_COPIES // max(1, len(clips)))
    sources = np.repeat(np.array(list(clips), np.int64), number)
    if not len(sources):
        return Copies.none(data.embeddings.shape[1])
    noises = [clips[at] for at in clips if folded_name(data.frames[at].label) == BACKGROUND]
    embedder = Embedder.open(data.base, RunOptions(device='cpu'))
    random, found = np.random.default_rng(seed), []
    try:
        for start in range(0, len(sources), BATCH):
            on_progress(start / len(sources))
            batch = sources[start : start + BATCH]
            found.append(embedder.embeddings([augmented(clips[n], noises, random) for n in batch]))
    finally:
        embedder.close()
    return Copies(np.concatenate(found), sources)


def _read(data: CheckedFrames, indices: Sequence[int] | NDArray[np.int64]) -> dict[int, Samples]:
    """Read clips; one that was deleted meanwhile has no copies."""
    clips = {}
    for index in map(int, indices):
        try:
            clips[index] = SOUNDS.read(data.frames[index].path)
        except (OSError, ValueError) as error:
            LOG.debug('no copies of %s: %s', data.frames[index].path, error)
    return clips
