"""Digits on the pad: those of MNIST's test set, pasted, and strokes of our own."""

from __future__ import annotations

from collections.abc import Iterator
import json
from typing import Any, NamedTuple
import urllib.request

import cv2
from nn_perception.training.digits.mnist import Mnist
from nn_perception.training.digits.pen_digits import FORMS, smooth_curve
import numpy as np
from numpy.typing import NDArray
from patience import HANGS_S

COUNT = 200
SEED = 2026
# The pixels that the page sends.
WIDTH, HEIGHT = 320, 240
# Sides of the pasted 28 x 28 pixels; the digit in them has 20.
SIDES = (40, 230)
FORM_HEIGHTS = (50, 100, 200)
# Widths of the pen in pixels of the 640 x 480 of the pad, as its slider says them.
PENS = (4, 10, 26, 40, 60)

Bytes = NDArray[np.uint8]


class Pasted(NamedTuple):
    """
    A digit on the pad.

    :param pad: uint8, ``(240, 320)``, light ink on black
    :param square: uint8, ``(240, 240)``, the part of the pad in which it was placed
    :param digit: which one it is
    """

    pad: Bytes
    square: Bytes
    digit: int


def pasted_digits(mnist: Mnist, count: int = COUNT, seed: int = SEED) -> Iterator[Pasted]:
    """Paste digits of the test set at random places and in random sizes."""
    random = np.random.default_rng(seed)
    for i in random.choice(len(mnist.test_labels), count, replace=False):
        side = int(random.integers(*SIDES))
        image = cv2.resize(mnist.test_images[i], (side, side), interpolation=cv2.INTER_CUBIC)
        pad = np.zeros((HEIGHT, WIDTH), np.uint8)
        edge = int(random.integers(0, WIDTH - HEIGHT + 1))
        left = edge + int(random.integers(0, HEIGHT - side + 1))
        top = int(random.integers(0, HEIGHT - side + 1))
        pad[top : top + side, left : left + side] = image
        yield Pasted(pad, pad[:, edge : edge + HEIGHT], int(mnist.test_labels[i]))


def stroke_digits(pen: float, seed: int = SEED) -> Iterator[tuple[Bytes, int]]:
    """
    Draw each form of each digit in three sizes.

    :param pen: width in pixels of the 640 x 480 of the pad
    :returns: uint8, ``(240, 320)``, and the digit
    """
    random = np.random.default_rng(seed)
    for digit, forms in FORMS.items():
        for strokes in forms:
            for height in FORM_HEIGHTS:
                pad = np.zeros((2 * HEIGHT, 2 * WIDTH), np.uint8)
                place = random.uniform(30, (2 * WIDTH - 2 * height, 2 * HEIGHT - 2 * height - 20))
                for bent, points in strokes:
                    path = np.array(points) * (1.5 * height, 2 * height) + place
                    path = smooth_curve(path) if bent else path
                    fixed = np.rint(path * 16).astype(np.int32)
                    cv2.polylines(pad, [fixed], False, 255, round(pen), cv2.LINE_AA, 4)
                small = cv2.resize(pad, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
                yield np.asarray(small, np.uint8), digit


def read_pad(url: str, pad: Bytes, mode: str = 'digit') -> dict[str, Any]:
    """Read a pad through the route, with its pixels as the page sends them."""
    height, width = pad.shape
    address = f'{url}digits/read?mode={mode}&width={width}&height={height}'
    request = urllib.request.Request(address, pad.tobytes(), {'Origin': url.rstrip('/')})
    with urllib.request.urlopen(request, timeout=HANGS_S) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def bests(reading: dict[str, Any]) -> dict[str, str]:
    """Return what each network has read."""
    return {one['name']: one['best'] for one in reading['networks']}
