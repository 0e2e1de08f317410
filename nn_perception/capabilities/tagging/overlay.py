"""Draw tags on images."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
from nn_perception.core.imaging.preprocessing import check_image, Image
from nn_perception.core.imaging.text import (
    ascii_text,
    enlarged_copy,
    FONT,
    FONT_PX,
    MIN_TEXT_PX,
    WHITE,
)
from nn_perception.core.results import Tag

BAR = (120, 90, 20)  # blue, green, red


def draw_tags(image_bgr: Image, tags: Sequence[Tag]) -> Image:
    """
    Draw a panel with the tags at the top of an image, with a bar for the score of each.

    At least one tag is drawn, and as many as fit into the upper half of the image.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first; not modified
    :param tags: best first; without any, the panel says so
    :returns: an annotated copy, uint8, of the same size; images of less than 64 pixels are
        enlarged to it, so that the text is legible, and cut to 16384
    :raises ValueError: if the image has another shape or type, or no pixels
    """
    check_image(image_bgr)
    canvas = enlarged_copy(image_bgr)
    height, width = canvas.shape[:2]
    text_px = max(MIN_TEXT_PX, round(min(width / 30, height / 23)))
    row_px = round(text_px * 1.8)
    rows = max(1, min(len(tags), height // 2 // row_px))
    panel = canvas[: rows * row_px]
    panel[:] = panel // 3
    for row, tag in enumerate(tags[:rows]):
        end = round(width * min(max(tag.score, 0.0), 1.0))
        top = row * row_px
        canvas[top + 1 : top + row_px - 1, :end] = BAR
        _write_row(canvas[top : top + row_px], tag.label, f'{tag.score:.2f}', text_px)
    if not tags:
        _write_row(canvas[:row_px], 'no tag', '', text_px)
    return canvas


def _write_row(row: Image, label: str, score: str, text_px: int) -> None:
    """Write a label, shortened to fit, and a score into a row, ``(row_px, W, 3)``."""
    scale = text_px / FONT_PX
    thickness = max(1, round(text_px / 9))
    margin = max(2, text_px // 2)
    baseline = (len(row) + text_px) // 2

    def width_of(text: str) -> int:
        return int(cv2.getTextSize(text, FONT, scale, thickness)[0][0])

    score_left = row.shape[1] - margin - width_of(score)
    text = ascii_text(label)
    room = score_left - 2 * margin
    if width_of(text) > room:
        while text and width_of(text + '..') > room:
            text = text[:-1]
        text += '..'
    for left, words in ((margin, text), (score_left, score)):
        cv2.putText(row, words, (left, baseline), FONT, scale, WHITE, thickness, cv2.LINE_AA)
