"""Compare an exported model with the tagger that it was made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.capabilities.tagging.tagger import Tagger
import numpy as np
from numpy.typing import NDArray

# The scores may differ by so much; they do by some 1e-6.
TOLERANCE = 1e-4
# Height and width of the images: scaled down, up, and both.
SIZES = ((480, 640), (97, 61), (75, 1200))


def verify(scores_of: Callable[[NDArray[np.uint8]], NDArray[Any]], tagger: Tagger) -> None:
    """
    Compare the scores of random images.

    :param scores_of: the exported model: images, uint8, ``(N, H, W, 3)``, red first -> scores,
        float32, ``(N, L)``
    :raises RuntimeError: if the scores differ
    """
    for seed, (height, width) in enumerate(SIZES):
        images = np.random.default_rng(seed).integers(0, 256, (2, height, width, 3), np.uint8)
        expected = tagger.scores_of([np.ascontiguousarray(image[..., ::-1]) for image in images])
        difference = float(np.abs(scores_of(images) - expected).max())
        if not difference <= TOLERANCE:  # true for NaN, too
            raise RuntimeError(
                f'the export differs from the tagger by {difference:.2g} on images of '
                f'{width} x {height} pixels; the tolerance is {TOLERANCE:.2g}'
            )


def verify_sounds(
    scores_of: Callable[[NDArray[np.float32]], NDArray[Any]], tagger: SoundTagger
) -> None:
    """
    Compare the scores of random sounds, loud ones and quiet ones.

    :param scores_of: the exported model: sounds, float32, ``(N, S)`` -> scores, float32,
        ``(N, L)``
    :raises RuntimeError: if the scores differ
    """
    length = tagger.checkpoint.preprocessing.input_shape[-1]
    noise = np.random.default_rng(0).uniform(-1.0, 1.0, (3, length)).astype(np.float32)
    sounds = noise * np.array([[1.0], [0.01], [0.0]], np.float32)
    difference = float(np.abs(scores_of(sounds) - tagger.scores_of(list(sounds))).max())
    if not difference <= TOLERANCE:  # true for NaN, too
        raise RuntimeError(
            f'the export differs from the tagger by {difference:.2g} on noise; the tolerance is '
            f'{TOLERANCE:.2g}'
        )
