"""Draw results into pictures."""

from __future__ import annotations

from collections.abc import Sequence
import re
import unicodedata

import cv2
from nn_perception.capabilities.poses.skeleton import LIMBS
from nn_perception.core.imaging.preprocessing import check_image, Image
from nn_perception.core.results import Digit, DigitReading, Person, Tag
import numpy as np
from numpy.typing import NDArray

FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_PX = 22.0  # height of a capital letter at scale 1
WHITE = (255, 255, 255)
DARK = (30, 30, 30)
BAR = (120, 90, 20)  # blue, green, red
BOX = (0, 100, 230)  # stands out from paper, ink and a blackboard
# Of people, blue, green, red: told apart by who confuses red and green, too.
PERSON_COLOURS = (
    (0, 159, 230),
    (233, 180, 86),
    (115, 158, 0),
    (66, 228, 240),
    (178, 114, 0),
    (0, 94, 213),
    (167, 121, 204),
    (255, 255, 255),
)
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


def draw_poses(image_bgr: Image, people: Sequence[Person], *, min_score: float = 0.2) -> Image:
    """
    Draw the skeleton of each person in a colour of its own, and the id above the box.

    The colour follows the id, so that it stays while a person is tracked, and else the order.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first; stays as it is
    :param people: in pixels of the image
    :param min_score: leave out joints below this score, in ``[0, 1]``
    :returns: an annotated copy, uint8; of the same size, except that pictures of less than
        64 pixels are enlarged to it, and then cut to 16384
    :raises ValueError: if the image has another shape or type, or no pixels
    """
    check_image(image_bgr)
    picture = _large_enough(image_bgr)
    scale = np.array(picture.shape[1::-1]) / image_bgr.shape[1::-1]
    for index in reversed(range(len(people))):  # the best on top
        person = people[index]
        colour = person_colour(person.id, index)
        _draw_skeleton(picture, person, scale, colour, min_score)
        if person.id:
            _draw_id(picture, person, scale, colour)
    return picture


def person_colour(person_id: str, index: int = 0) -> tuple[int, int, int]:
    """
    Choose a person's colour: by the id, so that it stays while the person is tracked.

    :param index: place among the people of the image, by which those without an id are told apart
    :returns: blue, green, red, 0 to 255
    """
    number = int(re.sub(r'\D', '', person_id) or index)
    return PERSON_COLOURS[number % len(PERSON_COLOURS)]


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


def _draw_skeleton(
    picture: Image,
    person: Person,
    scale: NDArray[np.float64],
    colour: tuple[int, int, int],
    min_score: float,
) -> None:
    """Draw limbs and joints; the lines are thicker for larger people."""
    tall_px = float(max(np.array(person.bbox[2:]) * scale))
    thickness = int(np.clip(round(tall_px / 80), 1, 6))
    # OpenCV takes whole pixels, and wraps around at numbers that no picture has.
    limit = 4.0 * max(picture.shape)
    points = [
        tuple(int(value) for value in np.clip((joint.x, joint.y) * scale, -limit, limit))
        for joint in person.keypoints
    ]
    seen = [joint.score >= min_score for joint in person.keypoints]
    for one, other in LIMBS:
        if seen[one] and seen[other]:
            cv2.line(picture, points[one], points[other], colour, thickness, cv2.LINE_AA)
    for point, is_seen in zip(points, seen, strict=True):
        if is_seen:
            cv2.circle(picture, point, thickness + 1, DARK, cv2.FILLED, cv2.LINE_AA)
            cv2.circle(picture, point, thickness, colour, cv2.FILLED, cv2.LINE_AA)


def _draw_id(
    picture: Image, person: Person, scale: NDArray[np.float64], colour: tuple[int, int, int]
) -> None:
    """Write the id at the upper edge of the person's box."""
    text_px = max(SMALLEST_TEXT_PX, round(min(picture.shape[:2]) / 30))
    text_scale, thickness = text_px / FONT_PX, max(1, text_px // 9)
    text = ascii_text(person.id)
    width = cv2.getTextSize(text, FONT, text_scale, thickness)[0][0]
    left, top = np.array(person.bbox[:2]) * scale
    left = int(np.clip(left, 0, max(0, picture.shape[1] - width)))
    baseline = int(np.clip(top - text_px // 3, text_px, picture.shape[0] - 1))
    for ink, extra in ((DARK, 2), (colour, 0)):
        place = (left, baseline)
        cv2.putText(picture, text, place, FONT, text_scale, ink, thickness + extra, cv2.LINE_AA)


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
