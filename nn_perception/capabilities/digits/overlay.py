"""Draw digits on images."""

from __future__ import annotations

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
from nn_perception.core.results import Digit, DigitReading

BOX_COLOUR = (0, 100, 230)  # blue, green, red; stands out from paper, ink and blackboards


def draw_digits(image_bgr: Image, reading: DigitReading) -> Image:
    """
    Draw a box around every digit and its label above, or below at the upper edge.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first; not modified
    :param reading: its boxes are in pixels of the image
    :returns: an annotated copy, uint8, of the same size; images of less than 64 pixels are
        enlarged to it, so that the labels are legible, and cut to 16384
    :raises ValueError: if the image has another shape or type, or no pixels
    """
    check_image(image_bgr)
    canvas = enlarged_copy(image_bgr)
    height, width = canvas.shape[:2]
    scales = (width / image_bgr.shape[1], height / image_bgr.shape[0])
    min_text_px = max(MIN_TEXT_PX, round(min(width / 60, height / 46)))
    for digit in reading.digits:
        _draw_box(canvas, digit, scales, min_text_px)
    return canvas


def _draw_box(canvas: Image, digit: Digit, scales: tuple[float, float], min_text_px: int) -> None:
    """
    Draw the box and the label of a digit.

    :param scales: horizontal and vertical enlargement of the image
    :param min_text_px: minimum height of the label's text
    """
    left, width = (round(value * scales[0]) for value in digit.bbox[::2])
    top, height = (round(value * scales[1]) for value in digit.bbox[1::2])
    text_px = max(min_text_px, min(height // 3, 2 * min_text_px))
    corner = (left + width - 1, top + height - 1)
    cv2.rectangle(canvas, (left, top), corner, BOX_COLOUR, max(1, round(min_text_px / 6)))
    scale, margin, thickness = text_px / FONT_PX, max(1, text_px // 5), max(1, text_px // 9)
    text = ascii_text(digit.label)
    text_width = cv2.getTextSize(text, FONT, scale, thickness)[0][0]
    row_px = text_px + 2 * margin
    upper = top - row_px if top >= row_px else min(corner[1] + 1, canvas.shape[0] - row_px)
    left = min(left, canvas.shape[1] - text_width - 2 * margin)
    end = (left + text_width + 2 * margin - 1, upper + row_px - 1)
    cv2.rectangle(canvas, (left, upper), end, BOX_COLOUR, cv2.FILLED)
    baseline = (left + margin, upper + margin + text_px)
    cv2.putText(canvas, text, baseline, FONT, scale, WHITE, thickness, cv2.LINE_AA)
