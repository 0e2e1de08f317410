"""Draw skeletons on images."""

from __future__ import annotations

from collections.abc import Sequence
import re

import cv2
from nn_perception.capabilities.poses.skeleton import LIMBS
from nn_perception.core.imaging.preprocessing import check_image, Image
from nn_perception.core.imaging.text import ascii_text, enlarged_copy, FONT, FONT_PX, MIN_TEXT_PX
from nn_perception.core.results import Person
import numpy as np
from numpy.typing import NDArray

DARK = (30, 30, 30)
# Of people: blue, green, red; a palette for colour-blind viewers (Okabe and Ito, 2008).
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


def draw_poses(image_bgr: Image, people: Sequence[Person], *, min_score: float = 0.2) -> Image:
    """
    Draw the skeleton of each person in a colour of its own, and the id above the box.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first; not modified
    :param people: in pixels of the image
    :param min_score: minimum score of a keypoint, in ``[0, 1]``
    :returns: an annotated copy, uint8, of the same size; images of less than 64 pixels are
        enlarged to it, and cut to 16384
    :raises ValueError: if the image has another shape or type, or no pixels
    """
    check_image(image_bgr)
    canvas = enlarged_copy(image_bgr)
    scale = np.array(canvas.shape[1::-1]) / image_bgr.shape[1::-1]
    for index in reversed(range(len(people))):  # the best on top
        person = people[index]
        colour = person_colour(person.id, index)
        _draw_skeleton(canvas, person, scale, colour, min_score)
        if person.id:
            _draw_id(canvas, person, scale, colour)
    return canvas


def person_colour(person_id: str, index: int = 0) -> tuple[int, int, int]:
    """
    Choose a person's colour by the id, so that it persists while the person is tracked.

    :param index: of the person in the image; used if there is no id
    :returns: blue, green, red, 0 to 255
    """
    number = int(re.sub(r'\D', '', person_id) or index)
    return PERSON_COLOURS[number % len(PERSON_COLOURS)]


def _draw_skeleton(
    canvas: Image,
    person: Person,
    scale: NDArray[np.float64],
    colour: tuple[int, int, int],
    min_score: float,
) -> None:
    """Draw limbs and keypoints, with thicker lines for larger people."""
    size_px = float(max(np.array(person.bbox[2:]) * scale))
    thickness = int(np.clip(round(size_px / 80), 1, 6))
    # OpenCV takes whole pixels, and wraps around far outside the image.
    limit = 4.0 * max(canvas.shape)
    points = [
        tuple(int(value) for value in np.clip((keypoint.x, keypoint.y) * scale, -limit, limit))
        for keypoint in person.keypoints
    ]
    seen = [keypoint.score >= min_score for keypoint in person.keypoints]
    for one, other in LIMBS:
        if seen[one] and seen[other]:
            cv2.line(canvas, points[one], points[other], colour, thickness, cv2.LINE_AA)
    for point, is_seen in zip(points, seen, strict=True):
        if is_seen:
            cv2.circle(canvas, point, thickness + 1, DARK, cv2.FILLED, cv2.LINE_AA)
            cv2.circle(canvas, point, thickness, colour, cv2.FILLED, cv2.LINE_AA)


def _draw_id(
    canvas: Image, person: Person, scale: NDArray[np.float64], colour: tuple[int, int, int]
) -> None:
    """Draw the id at the upper edge of the person's box."""
    text_px = max(MIN_TEXT_PX, round(min(canvas.shape[:2]) / 30))
    text_scale, thickness = text_px / FONT_PX, max(1, text_px // 9)
    text = ascii_text(person.id)
    width = cv2.getTextSize(text, FONT, text_scale, thickness)[0][0]
    left, top = np.array(person.bbox[:2]) * scale
    left = int(np.clip(left, 0, max(0, canvas.shape[1] - width)))
    baseline = int(np.clip(top - text_px // 3, text_px, canvas.shape[0] - 1))
    for text_colour, extra in ((DARK, 2), (colour, 0)):
        place = (left, baseline)
        cv2.putText(
            canvas, text, place, FONT, text_scale, text_colour, thickness + extra, cv2.LINE_AA
        )
