"""Text on pictures: what OpenCV can draw, and pictures large enough to read it."""

from __future__ import annotations

import unicodedata

import cv2
from nn_perception.core.imaging.preprocessing import Image
import numpy as np

FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_PX = 22.0  # height of a capital letter at scale 1
WHITE = (255, 255, 255)
MIN_TEXT_PX = 7
MIN_PANEL_PX = 64
MAX_ENLARGED_PX = 16384


def ascii_text(label: str) -> str:
    """
    Write a label with the characters that OpenCV can draw.

    Accents are removed; what is still not ASCII becomes a question mark.
    """
    plain = unicodedata.normalize('NFKD', label)
    kept = ''.join(sign for sign in plain if not unicodedata.combining(sign))
    return ''.join(sign if ' ' <= sign <= '~' else '?' for sign in kept)


def enlarged_copy(image_bgr: Image) -> Image:
    """
    Copy the picture, enlarged so that neither side is below the smallest panel.

    A strip of one pixel times millions is shortened: enlarged whole it would fill the memory.
    """
    height, width = image_bgr.shape[:2]
    if min(height, width) >= MIN_PANEL_PX:
        return np.array(image_bgr, order='C')
    width, height = (min(max(side, MIN_PANEL_PX), MAX_ENLARGED_PX) for side in (width, height))
    return np.asarray(
        cv2.resize(image_bgr, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8
    )
