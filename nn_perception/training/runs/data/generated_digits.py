"""Digits that the package draws itself, so that a run needs no files."""

from __future__ import annotations

from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.training.digits.mnist import split
from nn_perception.training.digits.pen_digits import pen_digit
from nn_perception.training.digits.printed_digits import printed
from nn_perception.training.runs.data.samples import (
    DIGIT_LABELS,
    RunData,
    Samples,
    split_validation,
)
import numpy as np

TRAINING, VALIDATION, TEST = 3000, 500, 500
# Of the fonts, every fourth is for the test.
TEST_FONTS = 4
# Mean and deviation of drawn digits, for pixel values of 0 to 255.
PREPROCESSING = Preprocessing(
    size=28, crop=1.0, interpolation='linear', mean=(33.3184,), std=(78.5675,)
)


def open_generated_digits(name: str, seed: int, limit: int) -> RunData:
    """
    Draw digits with pens and in the fonts of installed packages, always the same with a seed.

    The digits of the test are drawn from random numbers of their own, and printed in other fonts.

    :param name: as in :class:`RunData`
    """
    glyphs, places = printed(''.join(DIGIT_LABELS))
    is_test = np.arange(len(glyphs)) % TEST_FONTS == 0
    images = (np.clip(glyphs, 0.0, 1.0) * 255).round().astype(np.uint8)
    known = Samples(images[~is_test], places[~is_test])
    # Some fonts draw a digit alike.
    seen = {image.tobytes() for image in known.images}
    is_test &= np.array([image.tobytes() not in seen for image in images])
    other = Samples(images[is_test], places[is_test])
    drawn = _drawn(known, TRAINING + VALIDATION, np.random.default_rng([seed, 0]))
    kept, held_out = split(drawn.labels.astype(np.uint8), VALIDATION, seed)
    training, validation = split_validation(drawn, held_out, kept, limit)
    return RunData(
        name=name,
        title='generated digits',
        labels=DIGIT_LABELS,
        preprocessing=PREPROCESSING,
        training=training,
        validation=validation,
        test=_drawn(other, TEST, np.random.default_rng([seed, 1])),
    )


def _drawn(printed_digits: Samples, count: int, random: np.random.Generator) -> Samples:
    """Add digits of a pen to printed ones, equally many of each, and shuffle them."""
    images = np.zeros((count, 28, 28), np.uint8)
    labels = np.arange(count) % 10
    images[: len(printed_digits)] = printed_digits.images[:count]
    labels[: len(printed_digits)] = printed_digits.labels[:count]
    for at in range(len(printed_digits), count):
        digit = pen_digit(int(labels[at]), random)
        images[at] = (np.clip(digit, 0.0, 1.0) * 255).round()
    return Samples(images, labels).take(random.permutation(count))
