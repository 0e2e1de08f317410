"""Bring a candidate to the form of MNIST's digits."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
from nn_perception.capabilities.digits.detector import Candidate
import numpy as np
from numpy.typing import NDArray

PATCH_PX = 28
DIGIT_PX = 20
MARGIN_PX = 3
LEAST_INK = 0.3

EDGE = np.ones((3, 3), np.uint8)

Ink = NDArray[np.float32]
Patches = NDArray[np.float32]


def patches(candidates: Sequence[Candidate]) -> Patches:
    """
    Cut the candidates out, each as MNIST did it with its digits.

    The ink of the candidate alone, from 0 (ground) to 1 (ink), is scaled into 20 x 20 pixels, its
    proportions kept, and its centre of mass put into the middle of 28 x 28 pixels (Y. LeCun,
    C. Cortes, C. Burges, The MNIST database of handwritten digits).

    :returns: float32, ``(N, 28, 28)``, 0 to 1
    """
    result = np.zeros((len(candidates), PATCH_PX, PATCH_PX), np.float32)
    for patch, candidate in zip(result, candidates, strict=True):
        place_centred(scaled(ink_of(candidate)), patch)
    return result


def ink_of(candidate: Candidate) -> Ink:
    """
    Measure how much ink covers each pixel of a candidate's box.

    :returns: float32, ``(h, w)``, 0 to 1; what belongs to other pieces of ink is 0
    """
    grey, labels = candidate.level.grey, candidate.level.labels
    left, top, width, height = candidate.box
    above, before = min(top, MARGIN_PX), min(left, MARGIN_PX)
    rows = slice(top - above, top + height + MARGIN_PX)
    columns = slice(left - before, left + width + MARGIN_PX)
    around, owner = np.ascontiguousarray(grey[rows, columns]), labels[rows, columns]
    own = candidate.own_ink(rows, columns)
    ground = (owner == 0).view(np.uint8)
    ink_mean, ink_deviation = cv2.meanStdDev(around, mask=own)
    # The mean of a stroke holds its soft edges too.
    full = float(ink_mean[0, 0] - ink_deviation[0, 0])
    empty = cv2.mean(around, mask=ground)[0]
    # The threshold cuts the soft edges of strokes off: they lie just outside.
    near = cv2.dilate(own, EDGE) & (own | ground)
    amount = np.clip((empty - around) * np.float32(1.0 / max(empty - full, 1.0)), 0.0, 1.0)
    inked = (amount * near)[above : above + height, before : before + width]
    return np.asarray(inked, np.float32)


def scaled(ink: Ink) -> Ink:
    """Scale ink ``(h, w)`` so that its longer side has 20 pixels; thin strokes stay full ink."""
    height, width = ink.shape
    factor = DIGIT_PX / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    how = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_LINEAR
    small = cv2.resize(ink, size, interpolation=how)
    rank = int(0.95 * (small.size - 1))
    peak = max(float(np.partition(small, rank, axis=None)[rank]), LEAST_INK)
    return np.asarray(np.minimum(small * np.float32(1.0 / peak), 1.0), np.float32)


def mnist_form(picture: Ink) -> Ink:
    """
    Bring the ink of a whole picture to MNIST's form.

    :param picture: float32, ``(H, W)``, 0 (ground) to 1 (ink), with some ink
    :returns: float32, ``(28, 28)``, 0 to 1
    """
    rows = np.flatnonzero(picture.max(axis=1) > LEAST_INK)
    columns = np.flatnonzero(picture.max(axis=0) > LEAST_INK)
    patch = np.zeros((PATCH_PX, PATCH_PX), np.float32)
    inked = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    place_centred(scaled(np.ascontiguousarray(inked)), patch)
    return patch


def place_centred(ink: Ink, patch: Ink) -> None:
    """Write ink into an empty patch ``(28, 28)``, its centre of mass in the middle."""
    height, width = ink.shape
    moments = cv2.moments(ink)
    total = moments['m00'] or 1.0
    middle = PATCH_PX / 2 - 0.5
    top = round(middle - moments['m01'] / total)
    left = round(middle - moments['m10'] / total)
    top = min(max(top, 0), PATCH_PX - height)
    left = min(max(left, 0), PATCH_PX - width)
    patch[top : top + height, left : left + width] = ink
