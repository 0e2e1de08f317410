"""The most prominent digit of a picture, in the format of MNIST's digits."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.background import unevenness
from nn_perception.capabilities.digits.candidates import Candidate
from nn_perception.capabilities.digits.detector import find_candidates
from nn_perception.capabilities.digits.foreground import Grey
from nn_perception.capabilities.digits.patches import extract_patches, PATCH_PX, Patches
from nn_perception.core.imaging.preprocessing import check_image, Image
import numpy as np

# A digit that is held into a camera is large: a small picture of it is enough, and quicker.
MAX_SIDE_PX = 320
# The grounds of this many places are compared.
MAX_CANDIDATES = 20
# Quantile of the grey values that is the ground: writing covers little of a picture.
GROUND = 0.5
# Differences from the ground below this are shadows and noise.
MIN_CONTRAST = 24.0


def prominent_digit(image_bgr: Image) -> Patches:
    """
    Cut the most prominent dark or light figure out of a picture.

    It is the largest and sharpest one on an even ground. If there is none, it is all that differs
    from the ground.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    :returns: float32, ``(28, 28)``, 0 (ground) to 1 (ink); all 0 if nothing differs
    :raises ValueError: if the image has another shape or type, or no pixels
    """
    check_image(image_bgr)
    grey = _small(np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), np.uint8))
    found = sorted(find_candidates(grey), key=_weight)[-MAX_CANDIDATES:]
    if not found:
        return _difference(grey)
    best = max(found, key=lambda one: _weight(one) / (0.1 + unevenness(one)))
    patch: Patches = extract_patches([best])[0]
    return patch


def _small(grey: Grey) -> Grey:
    factor = MAX_SIDE_PX / max(grey.shape)
    if factor >= 1.0:
        return grey
    height, width = (max(1, round(side * factor)) for side in grey.shape)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _weight(candidate: Candidate) -> float:
    return candidate.bbox.height * candidate.sharpness


def _difference(grey: Grey) -> Patches:
    """Show how far a picture is from its ground, as a square of 28 x 28."""
    height, width = grey.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = grey[top : top + side, left : left + side].astype(np.float32)
    small = cv2.resize(square, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_AREA)
    contrast = np.abs(small - np.quantile(small, GROUND))
    largest = float(contrast.max())
    if largest < MIN_CONTRAST:
        return np.zeros((PATCH_PX, PATCH_PX), np.float32)
    return np.asarray(contrast / largest, np.float32)
