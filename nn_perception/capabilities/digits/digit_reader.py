"""Read the digits of whole images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import cv2
from nn_perception.capabilities.digits.background import unevenness
from nn_perception.capabilities.digits.candidates import Candidate
from nn_perception.capabilities.digits.defaults import (
    DEFAULT_DIGIT_MODEL,
    DIGIT_MAX_CANDIDATES,
    DIGIT_MIN_HEIGHT_PX,
    DIGIT_MIN_SCORE,
    INKS,
)
from nn_perception.capabilities.digits.detector import find_candidates
from nn_perception.capabilities.digits.large_images import enlarge_boxes, shrink_large
from nn_perception.capabilities.digits.patches import extract_patches, PATCH_PX, Patches
from nn_perception.capabilities.digits.reading_order import group_into_lines
from nn_perception.capabilities.digits.selection import DIGITS, select_digits
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

# Of the output of a layer for one digit, 1 MB; an image may have hundreds of candidates.
MAX_VALUES_OF_A_DIGIT = 250_000
# Candidates on a background less even than this are not classified.
MAX_UNEVENNESS = 0.28


class DigitReader:
    """
    Finds and reads the digits of images.

    The labels of the network begin with 0 to 9. What follows, as "no digit" of the shipped
    networks, takes probability from the digits of a place, and so keeps it from being read. A
    network with ten labels, as one that is trained on MNIST, takes each place for one of the ten:
    then only ``min_score`` and the evenness of the background keep clutter out.

    :ivar model: the loaded network
    """

    def __init__(self, model: LoadedModel) -> None:
        """Wrap a loaded network; :meth:`open` finds it."""
        self.model = model

    @classmethod
    def open(
        cls, model: str = DEFAULT_DIGIT_MODEL, options: RunOptions = DEFAULT_RUN_OPTIONS
    ) -> DigitReader:
        """
        Load a network by name.

        :param model: see :func:`nn_perception.core.inference.model_zoo.find_checkpoint`; made by
            ``nn_perception train-digits``
        :param options: how the network is run
        :raises OSError: if a file cannot be read
        :raises ValueError: if the checkpoint is not usable
        :raises RuntimeError: if the network cannot be loaded
        """
        checkpoint = find_checkpoint(model)
        _check_network(checkpoint, model)
        return cls(LoadedModel.open(checkpoint, options))

    @property
    def checkpoint(self) -> Checkpoint:
        """The network's weights, labels and preprocessing."""
        return self.model.checkpoint

    @property
    def engine(self) -> Engine:
        """The engine that runs the network."""
        return self.model.engine

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of digits."""
        return DIGITS

    def read(
        self,
        image_bgr: Image,
        *,
        min_score: float = DIGIT_MIN_SCORE,
        ink: str = 'auto',
        min_height_px: float = DIGIT_MIN_HEIGHT_PX,
        max_candidates: int = DIGIT_MAX_CANDIDATES,
    ) -> DigitReading:
        """
        Find and read the digits of an image.

        :param image_bgr: uint8, ``(H, W, 3)``, blue first
        :param min_score: minimum score of a digit, in ``[0, 1]``
        :param ink: whether digits are ``dark`` or ``light`` against their background; ``auto``:
            both
        :param min_height_px: minimum height of a digit
        :param max_candidates: maximum number of places that are classified, the sharpest first
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
        min_height_px: float = DIGIT_MIN_HEIGHT_PX,
        max_candidates: int = DIGIT_MAX_CANDIDATES,
    ) -> list[DigitReading]:
        """
        Read several images, all candidates in one batch; see :meth:`read`.

        Images of more than 16 megapixels are shrunk first.

        :param max_candidates: maximum number per image
        :returns: one reading for each image
        """
        _check(min_score, ink, min_height_px, max_candidates)
        for image in images_bgr:
            check_image(image)
        shrunk = [shrink_large(image) for image in images_bgr]
        detections = [
            _detect(image, ink, max(1.0, min_height_px * scale), max_candidates)
            for image, scale in shrunk
        ]
        even = [detection.even for detection in detections]
        scores = self.scores([candidate for candidates in even for candidate in candidates])
        parts = np.split(scores, np.cumsum([len(candidates) for candidates in even])[:-1])
        return [
            enlarge_boxes(_reading(detection, of_even[:, : len(DIGITS)], min_score), scale)
            for detection, of_even, (_, scale) in zip(detections, parts, shrunk, strict=True)
        ]

    def scores(self, candidates: Sequence[Candidate]) -> NDArray[np.float32]:
        """
        Classify candidates in one batch.

        :returns: probabilities of 0 to 9 and of what else the network knows, float32, ``(N, C)``
        """
        if not candidates:
            return np.zeros((0, len(self.checkpoint.labels)), np.float32)
        return self.classify(extract_patches(candidates))

    def classify(self, patches: Patches) -> NDArray[np.float32]:
        """
        Classify digits that are cut out already.

        :param patches: float32, ``(N, 28, 28)``, 0 (background) to 1 (foreground), at least one
        :returns: probabilities of 0 to 9 and of what else the network knows, float32, ``(N, C)``
        :raises RuntimeError: if the network cannot be run
        """
        preprocessing = self.checkpoint.image_preprocessing
        batch = (patches * np.float32(255) - preprocessing.mean[0]) / preprocessing.std[0]
        logits = self.model(batch[:, None].astype(np.float32))
        check_finite(logits)
        return softmax(logits)

    def close(self) -> None:
        """Free the network's memory."""
        self.model.close()


@dataclass(frozen=True)
class _Detections:
    """
    Where digits may be in an image.

    :param candidates: the places
    :param unevenness: of the background of each
    :param capped: whether more were found and dropped
    """

    candidates: Sequence[Candidate]
    unevenness: Sequence[float]
    capped: bool

    @property
    def even(self) -> list[Candidate]:
        """Those that are classified."""
        pairs = zip(self.candidates, self.unevenness, strict=True)
        return [candidate for candidate, uneven in pairs if uneven < MAX_UNEVENNESS]


def _detect(image_bgr: Image, ink: str, min_height_px: float, max_count: int) -> _Detections:
    grey = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    found = find_candidates(grey, ink=ink, min_height_px=min_height_px)
    capped = len(found) > max_count
    if capped:
        found = sorted(found, key=lambda candidate: -candidate.sharpness)[:max_count]
    return _Detections(found, [unevenness(candidate) for candidate in found], capped)


def _reading(
    detections: _Detections, of_even: NDArray[np.float32], min_score: float
) -> DigitReading:
    """
    Select and order the digits of one image.

    :param of_even: scores of the candidates that were classified, float32, ``(N, 10)``
    """
    candidates = detections.candidates
    scores = np.zeros((len(candidates), len(DIGITS)), np.float32)
    scores[np.array(detections.unevenness) < MAX_UNEVENNESS] = of_even
    digits = select_digits(candidates, scores, detections.unevenness, min_score)
    return DigitReading(group_into_lines(digits), len(candidates), detections.capped)


def _check_network(checkpoint: Checkpoint, model: str) -> None:
    """
    Check that a network reads digits as they are cut out.

    :raises ValueError: if it does not, or if it takes too much memory for hundreds of digits
    """
    preprocessing = checkpoint.image_preprocessing
    if checkpoint.labels[:10] != DIGITS or preprocessing.channels != 1:
        raise ValueError(f'{model} does not read digits: its labels do not begin with 0 to 9')
    if preprocessing.size != PATCH_PX:
        raise ValueError(
            f'{model} does not read digits: its input has {preprocessing.size} x '
            f'{preprocessing.size} pixels, but digits are cut out with {PATCH_PX} x {PATCH_PX}'
        )
    for layer in checkpoint.definition.sizes if checkpoint.definition else ():
        if math.prod(layer.shape) > MAX_VALUES_OF_A_DIGIT:
            raise ValueError(
                f'{model} is too large to read hundreds of digits at a time: layer {layer.number} '
                f'({layer.type}) gives {math.prod(layer.shape):,} values for each; allowed are '
                f'{MAX_VALUES_OF_A_DIGIT:,}'
            )


def _check(min_score: float, ink: str, min_height_px: float, max_candidates: int) -> None:
    if not 0.0 <= min_score <= 1.0:
        raise ValueError(f'min_score must be in [0, 1], got {min_score}')
    if ink not in INKS:
        raise ValueError(f'ink must be one of {", ".join(INKS)}, got {ink!r}')
    if not 1.0 <= min_height_px < math.inf:
        raise ValueError(f'min_height_px must be 1 or more, got {min_height_px}')
    if max_candidates < 1:
        raise ValueError(f'max_candidates must be at least 1, got {max_candidates}')
