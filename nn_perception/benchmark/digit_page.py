"""The page of digits that the benchmark reads, the same on every machine."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (640, 480)
ROWS = ('31415', '92653', '58979', '32384')
PAPER, INK = (214, 226, 231), (92, 61, 48)
LEFT_PX, TOP_PX, ACROSS_PX, DOWN_PX = 70, 110, 112, 104
SCALE, THICKNESS = 2.2, 5


def digit_page() -> NDArray[np.uint8]:
    """
    Draw a page of 20 digits in four lines.

    :returns: uint8 BGR, ``(480, 640, 3)``; paper with a shadow and a little noise, as in a
        camera image
    """
    width, height = SIZE
    page = np.full((height, width, 3), PAPER, np.uint8)
    for row, line in enumerate(ROWS):
        for column, digit in enumerate(line):
            at = (LEFT_PX + column * ACROSS_PX, TOP_PX + row * DOWN_PX)
            cv2.putText(
                page, digit, at, cv2.FONT_HERSHEY_SIMPLEX, SCALE, INK, THICKNESS, cv2.LINE_AA
            )
    shadow = np.linspace(1.0, 0.8, width, dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(0).normal(0.0, 3.0, page.shape).astype(np.float32)
    return np.asarray(np.clip(page * shadow + noise, 0, 255), np.uint8)
