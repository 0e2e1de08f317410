"""Bring candidates to the format of MNIST's digits."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
from nn_perception.capabilities.digits.candidates import Candidate
import numpy as np
from numpy.typing import NDArray

PATCH_PX = 28
DIGIT_PX = 20
MARGIN_PX = 3
MIN_COVERAGE = 0.3

EDGE = np.ones((3, 3), np.uint8)

# How much foreground covers each pixel: float32, (H, W), 0 to 1.
Coverage = NDArray[np.float32]
Patches = NDArray[np.float32]


def extract_patches(candidates: Sequence[Candidate]) -> Patches:
    """
    Cut the candidates out, each as MNIST did it with its digits.

    The foreground of the candidate alone, from 0 (background) to 1 (foreground), is scaled to fit
    20 x 20 pixels, keeping its aspect ratio, and pasted with its centre of mass in the centre of
    28 x 28 pixels (Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits).

    :returns: float32, ``(N, 28, 28)``, 0 to 1
    """
    result = np.zeros((len(candidates), PATCH_PX, PATCH_PX), np.float32)
    for patch, candidate in zip(result, candidates, strict=True):
        _paste_centred(_scaled(_coverage(candidate)), patch)
    return result


def to_patch(drawing: Coverage) -> NDArray[np.float32]:
    """
    Bring a drawing to the format of MNIST's digits.

    :param drawing: float32, ``(H, W)``, 0 (background) to 1 (foreground), not empty
    :returns: float32, ``(28, 28)``, 0 to 1
    """
    rows = np.flatnonzero(drawing.max(axis=1) > MIN_COVERAGE)
    columns = np.flatnonzero(drawing.max(axis=0) > MIN_COVERAGE)
    patch = np.zeros((PATCH_PX, PATCH_PX), np.float32)
    cropped = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    _paste_centred(_scaled(np.ascontiguousarray(cropped)), patch)
    return patch


def _coverage(candidate: Candidate) -> Coverage:
    """
    Measure how much the foreground of a candidate covers each pixel of its box.

    :returns: float32, ``(h, w)``, 0 to 1; other components count as background
    """
    grey, labels = candidate.level.grey, candidate.level.labels
    left, top, width, height = candidate.box
    above, before = min(top, MARGIN_PX), min(left, MARGIN_PX)
    rows = slice(top - above, top + height + MARGIN_PX)
    columns = slice(left - before, left + width + MARGIN_PX)
    around = np.ascontiguousarray(grey[rows, columns])
    own = candidate.mask(rows, columns)
    background = (labels[rows, columns] == 0).view(np.uint8)
    own_mean, own_deviation = cv2.meanStdDev(around, mask=own)
    # The mean of a stroke includes its soft edges.
    full = float(own_mean[0, 0] - own_deviation[0, 0])
    empty = cv2.mean(around, mask=background)[0]
    # Thresholding cuts the soft edges of strokes off: they lie just outside.
    near = cv2.dilate(own, EDGE) & (own | background)
    amount = np.clip((empty - around) * np.float32(1.0 / max(empty - full, 1.0)), 0.0, 1.0)
    coverage = (amount * near)[above : above + height, before : before + width]
    return np.asarray(coverage, np.float32)


def _scaled(coverage: Coverage) -> Coverage:
    """Scale the longer side to 20 pixels; thin strokes keep their full coverage."""
    height, width = coverage.shape
    factor = DIGIT_PX / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    interpolation = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_LINEAR
    small = cv2.resize(coverage, size, interpolation=interpolation)
    rank = int(0.95 * (small.size - 1))
    peak = max(float(np.partition(small, rank, axis=None)[rank]), MIN_COVERAGE)
    return np.asarray(np.minimum(small * np.float32(1.0 / peak), 1.0), np.float32)


def _paste_centred(coverage: Coverage, patch: NDArray[np.float32]) -> None:
    """Write into an empty patch, ``(28, 28)``, the centre of mass in its centre."""
    height, width = coverage.shape
    # OpenCV takes two columns of float32 for the points of an outline.
    moments = cv2.moments(coverage.astype(np.float64))
    total = moments['m00'] or 1.0
    centre = PATCH_PX / 2 - 0.5
    top = round(centre - moments['m01'] / total)
    left = round(centre - moments['m10'] / total)
    top = min(max(top, 0), PATCH_PX - height)
    left = min(max(left, 0), PATCH_PX - width)
    patch[top : top + height, left : left + width] = coverage
