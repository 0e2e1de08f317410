"""Read the digits of whole images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import cv2
from nn_perception.capabilities.digits.background import unevenness
from nn_perception.capabilities.digits.defaults import (
    DEFAULT_DIGIT_MODEL,
    DIGIT_MAX_CANDIDATES,
    DIGIT_MIN_SCORE,
    INKS,
    LOWEST_DIGIT_PX,
)
from nn_perception.capabilities.digits.detector import Candidate, find_candidates
from nn_perception.capabilities.digits.patches import patches
from nn_perception.capabilities.digits.reading_order import in_lines
from nn_perception.capabilities.digits.selection import choose, DIGITS
from nn_perception.capabilities.tagging.tagger import check_finite, softmax
from nn_perception.core.imaging.preprocessing import check_image, Image
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.engine import Engine
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions
from nn_perception.core.results import DigitReading
import numpy as np
from numpy.typing import NDArray

# How uneven the ground of a digit may be.
MOST_UNEVEN = 0.28


class DigitReader:
    """
    Finds and reads the digits of images.

    :ivar model: the loaded network
    """

    def __init__(self, model: LoadedModel) -> None:
        """Take a loaded network; :meth:`open` finds it."""
        self.model = model

    @classmethod
    def open(
        cls, model: str = DEFAULT_DIGIT_MODEL, options: RunOptions = DEFAULT_RUN_OPTIONS
    ) -> DigitReader:
        """
        Load a network.

        :param model: see :func:`nn_perception.core.inference.model_zoo.find_checkpoint`; made by
            ``nn_perception train-digits``
        :param options: how the network is run
        :raises OSError: if a file cannot be read
        :raises ValueError: if the checkpoint is not usable
        :raises RuntimeError: if the network cannot be loaded
        """
        checkpoint = find_checkpoint(model)
        if checkpoint.labels[:10] != DIGITS or checkpoint.preprocessing.channels != 1:
            raise ValueError(f'{model} does not read digits: its labels do not begin with 0 to 9')
        return cls(LoadedModel.open(checkpoint, options))

    @property
    def checkpoint(self) -> Checkpoint:
        """The network's weights, labels and preprocessing."""
        return self.model.checkpoint

    @property
    def engine(self) -> Engine:
        """What runs the network."""
        return self.model.engine

    @property
    def labels(self) -> tuple[str, ...]:
        """What a digit can be."""
        return DIGITS

    def read(
        self,
        image_bgr: Image,
        *,
        min_score: float = DIGIT_MIN_SCORE,
        ink: str = 'auto',
        min_height_px: float = LOWEST_DIGIT_PX,
        max_candidates: int = DIGIT_MAX_CANDIDATES,
    ) -> DigitReading:
        """
        Find and read the digits of an image.

        :param image_bgr: uint8, ``(H, W, 3)``, blue first
        :param min_score: leave out digits below this score, in ``[0, 1]``
        :param ink: colour of the writing against its ground: ``dark``, ``light``, ``auto`` for
            both
        :param min_height_px: height of the lowest digits to look for
        :param max_candidates: how many places the network looks at; where there are more, the
            sharpest
        :raises ValueError: if the image has another shape or type, or no pixels, or an argument is
            out of range
        :raises RuntimeError: if the network cannot be run
        """
        return self.read_all(
            [image_bgr],
            min_score=min_score,
            ink=ink,
            min_height_px=min_height_px,
            max_candidates=max_candidates,
        )[0]

    def read_all(
        self,
        images_bgr: Sequence[Image],
        *,
        min_score: float = DIGIT_MIN_SCORE,
        ink: str = 'auto',
        min_height_px: float = LOWEST_DIGIT_PX,
        max_candidates: int = DIGIT_MAX_CANDIDATES,
    ) -> list[DigitReading]:
        """
        Read several images, the candidates of all in one batch; see :meth:`read`.

        :param max_candidates: of each image
        :returns: one reading for each image
        """
        _check(min_score, ink, min_height_px, max_candidates)
        sights = [_look(image, ink, min_height_px, max_candidates) for image in images_bgr]
        even = [c for sight in sights for c in sight.even]
        scores = np.split(self.scores(even), np.cumsum([len(s.even) for s in sights])[:-1])
        return [
            _reading(sight, of_even[:, : len(DIGITS)], min_score)
            for sight, of_even in zip(sights, scores, strict=True)
        ]

    def scores(self, candidates: Sequence[Candidate]) -> NDArray[np.float32]:
        """
        Classify candidates in one batch.

        :returns: probabilities of 0 to 9 and of no digit, float32, ``(N, C)``
        """
        if not candidates:
            return np.zeros((0, len(self.checkpoint.labels)), np.float32)
        how = self.checkpoint.preprocessing
        batch = (patches(candidates) * np.float32(255) - how.mean[0]) / how.std[0]
        logits = self.model(batch[:, None].astype(np.float32))
        check_finite(logits)
        return softmax(logits)

    def close(self) -> None:
        """Free the network's memory."""
        self.model.close()


@dataclass(frozen=True)
class _Sight:
    """
    Where digits may be in an image.

    :param found: the places
    :param uneven: how uneven the ground of each is
    :param capped: whether there were more
    """

    found: Sequence[Candidate]
    uneven: Sequence[float]
    capped: bool

    @property
    def even(self) -> list[Candidate]:
        """Those that the network looks at."""
        pairs = zip(self.found, self.uneven, strict=True)
        return [candidate for candidate, uneven in pairs if uneven < MOST_UNEVEN]


def _look(image_bgr: Image, ink: str, min_height_px: float, most: int) -> _Sight:
    check_image(image_bgr)
    grey = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    found = find_candidates(grey, ink=ink, min_height_px=min_height_px)
    capped = len(found) > most
    if capped:
        found = sorted(found, key=lambda candidate: -candidate.sharpness)[:most]
    return _Sight(found, [unevenness(candidate) for candidate in found], capped)


def _reading(sight: _Sight, of_even: NDArray[np.float32], min_score: float) -> DigitReading:
    scores = np.zeros((len(sight.found), len(DIGITS)), np.float32)
    scores[np.array(sight.uneven) < MOST_UNEVEN] = of_even
    digits = choose(sight.found, scores, sight.uneven, min_score)
    return DigitReading(in_lines(digits), len(sight.found), sight.capped)


def _check(min_score: float, ink: str, min_height_px: float, max_candidates: int) -> None:
    if not 0.0 <= min_score <= 1.0:
        raise ValueError(f'min_score must be in [0, 1], got {min_score}')
    if ink not in INKS:
        raise ValueError(f'ink must be one of {", ".join(INKS)}, got {ink!r}')
    if not 1.0 <= min_height_px < math.inf:
        raise ValueError(f'min_height_px must be 1 or more, got {min_height_px}')
    if max_candidates < 1:
        raise ValueError(f'max_candidates must be at least 1, got {max_candidates}')
