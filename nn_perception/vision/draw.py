"""Draw results into pictures."""

from __future__ import annotations

from collections.abc import Sequence
import unicodedata

import cv2
from nn_perception.vision.preprocess import check_image, Image
from nn_perception.vision.results import Digit, DigitReading, Tag
import numpy as np

FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_PX = 22.0  # height of a capital letter at scale 1
WHITE = (255, 255, 255)
BAR = (120, 90, 20)  # blue, green, red
BOX = (0, 100, 230)  # stands out from paper, ink and a blackboard
SMALLEST_TEXT_PX = 7
SMALLEST_PANEL_PX = 64
LARGEST_ENLARGED_PX = 16384


def draw_tags(image_bgr: Image, tags: Sequence[Tag]) -> Image:
    """
    Put a panel with the tags over the top of a picture: a row each, its bar as long as its score.

    As many rows are drawn as fit into half of the picture, but always one.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first; stays as it is
    :param tags: best first; without any the panel says so
    :returns: an annotated copy, uint8; of the same size, except that pictures of less than
        64 pixels are enlarged to it, so that the text can be read, and then cut to 16384
    :raises ValueError: if the image has another shape or type, or no pixels
    """
    check_image(image_bgr)
    picture = _large_enough(image_bgr)
    height, width = picture.shape[:2]
    text_px = max(SMALLEST_TEXT_PX, round(min(width / 30, height / 23)))
    row_px = round(text_px * 1.8)
    rows = max(1, min(len(tags), height // 2 // row_px))
    panel = picture[: rows * row_px]
    panel[:] = panel // 3
    for row, tag in enumerate(tags[:rows]):
        end = round(width * min(max(tag.score, 0.0), 1.0))
        top = row * row_px
        picture[top + 1 : top + row_px - 1, :end] = BAR
        _write_row(picture[top : top + row_px], tag.label, f'{tag.score:.2f}', text_px)
    if not tags:
        _write_row(picture[:row_px], 'no tag', '', text_px)
    return picture


def draw_digits(image_bgr: Image, reading: DigitReading) -> Image:
    """
    Put a box around every digit, and what it was read as above it, or below at the upper edge.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first; stays as it is
    :param reading: its boxes are in pixels of the image
    :returns: an annotated copy, uint8; of the same size, except that pictures of less than
        64 pixels are enlarged to it, so that the digits can be read, and then cut to 16384
    :raises ValueError: if the image has another shape or type, or no pixels
    """
    check_image(image_bgr)
    picture = _large_enough(image_bgr)
    height, width = picture.shape[:2]
    scales = (width / image_bgr.shape[1], height / image_bgr.shape[0])
    smallest_px = max(SMALLEST_TEXT_PX, round(min(width / 60, height / 46)))
    for digit in reading.digits:
        _draw_box(picture, digit, scales, smallest_px)
    return picture


def ascii_text(label: str) -> str:
    """
    Write a label in the letters that OpenCV can draw.

    Accents are taken off; what then is still not ASCII becomes a question mark.
    """
    plain = unicodedata.normalize('NFKD', label)
    kept = ''.join(sign for sign in plain if not unicodedata.combining(sign))
    return ''.join(sign if ' ' <= sign <= '~' else '?' for sign in kept)


def _draw_box(picture: Image, digit: Digit, scales: tuple[float, float], smallest_px: int) -> None:
    """
    Draw one digit's box and its label.

    :param scales: how much the picture was enlarged, horizontally and vertically
    :param smallest_px: least height of the label's text
    """
    left, width = (round(value * scales[0]) for value in digit.bbox[::2])
    top, height = (round(value * scales[1]) for value in digit.bbox[1::2])
    text_px = max(smallest_px, min(height // 3, 2 * smallest_px))
    corner = (left + width - 1, top + height - 1)
    cv2.rectangle(picture, (left, top), corner, BOX, max(1, round(smallest_px / 6)))
    scale, margin, thickness = text_px / FONT_PX, max(1, text_px // 5), max(1, text_px // 9)
    text = ascii_text(digit.label)
    text_width = cv2.getTextSize(text, FONT, scale, thickness)[0][0]
    row_px = text_px + 2 * margin
    upper = top - row_px if top >= row_px else min(corner[1] + 1, picture.shape[0] - row_px)
    left = min(left, picture.shape[1] - text_width - 2 * margin)
    end = (left + text_width + 2 * margin - 1, upper + row_px - 1)
    cv2.rectangle(picture, (left, upper), end, BOX, cv2.FILLED)
    baseline = (left + margin, upper + margin + text_px)
    cv2.putText(picture, text, baseline, FONT, scale, WHITE, thickness, cv2.LINE_AA)


def _large_enough(image_bgr: Image) -> Image:
    """
    Copy the picture, enlarged so that neither side is below the smallest panel.

    A strip of one pixel times millions is shortened: enlarged whole it would fill the memory.
    """
    height, width = image_bgr.shape[:2]
    if min(height, width) >= SMALLEST_PANEL_PX:
        return np.array(image_bgr, order='C')
    width, height = (
        min(max(side, SMALLEST_PANEL_PX), LARGEST_ENLARGED_PX) for side in (width, height)
    )
    return np.asarray(
        cv2.resize(image_bgr, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8
    )


def _write_row(row: Image, label: str, score: str, text_px: int) -> None:
    """Write a label, shortened if need be, and a score into a row ``(row_px, W, 3)``."""
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
