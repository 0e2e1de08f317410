"""Draw pages of MNIST's test digits, to read them again: sizes, inks, light, lines, leaning."""

from __future__ import annotations

from dataclasses import dataclass
import gzip
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Page:
    """
    How a page looks.

    :param height_px: of a digit
    :param count: of digits in a line
    :param lines: of writing
    :param paper: grey value of the ground
    :param ink: grey value of the digits
    :param rotation_deg: of the whole page
    :param shadow: how much darker the page is at its right edge, in [0, 1]
    :param ruled: whether the digits stand in a table
    :param noise: deviation of the sensor's noise in grey values
    """

    height_px: int = 40
    count: int = 6
    lines: int = 3
    paper: int = 220
    ink: int = 40
    rotation_deg: float = 0.0
    shadow: float = 0.0
    ruled: bool = False
    noise: float = 2.0


def mnist_test(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read MNIST's test digits: uint8, ``(10000, 28, 28)``, and their labels."""
    images = gzip.decompress((folder / 't10k-images-idx3-ubyte.gz').read_bytes())
    labels = gzip.decompress((folder / 't10k-labels-idx1-ubyte.gz').read_bytes())
    return (
        np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28),
        np.frombuffer(labels, np.uint8, offset=8),
    )


def draw_page(
    page: Page, images: NDArray[np.uint8], labels: NDArray[np.uint8], seed: int
) -> tuple[NDArray[np.uint8], list[str]]:
    """
    Draw a page.

    :returns: uint8 BGR, and the text of each line
    """
    random = np.random.default_rng(seed)
    cell = round(page.height_px * 1.5)
    margin = page.height_px
    height, width = cell * page.lines + 2 * margin, cell * page.count + 2 * margin
    amount = np.zeros((height, width), np.float32)
    texts = []
    for row in range(page.lines):
        text = ''
        for column in range(page.count):
            chosen = int(random.integers(len(images)))
            digit = images[chosen]
            rows, columns = np.flatnonzero(digit.max(1) > 60), np.flatnonzero(digit.max(0) > 60)
            cut = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            size = (max(2, round(cut.shape[1] * page.height_px / len(rows))), page.height_px)
            size = (min(size[0], round(page.height_px * 1.2)), size[1])
            how = cv2.INTER_AREA if page.height_px < len(rows) else cv2.INTER_CUBIC
            drawn = np.clip(cv2.resize(cut, size, interpolation=how) / 255.0, 0, 1)
            top = margin + row * cell + (cell - size[1]) // 2
            left = margin + column * cell + (cell - size[0]) // 2
            amount[top : top + size[1], left : left + size[0]] = drawn
            text += str(labels[chosen])
        texts.append(text)
    if page.ruled:
        for row in range(page.lines + 1):
            y = margin + row * cell
            cv2.line(amount, (margin, y), (width - margin, y), 1.0, max(1, page.height_px // 25))
        for column in range(page.count + 1):
            x = margin + column * cell
            cv2.line(amount, (x, margin), (x, height - margin), 1.0, max(1, page.height_px // 25))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), page.rotation_deg, 1.0)
    amount = np.clip(cv2.warpAffine(amount, turn, (width, height), flags=cv2.INTER_CUBIC), 0, 1)
    grey = page.paper + (page.ink - page.paper) * amount
    grey = grey * (1.0 - page.shadow * np.linspace(0, 1, width))
    grey = grey + random.normal(0.0, page.noise, grey.shape)
    image = np.clip(grey, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8), texts
