"""Draw pages of MNIST's test digits, with various sizes, contrasts, shadows, lines and tilts."""

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
    The appearance of a page.

    :param height_px: height of the digits
    :param count: number of digits per line
    :param lines: number of lines of text
    :param paper: grey value of the background
    :param ink: grey value of the digits
    :param rotation_deg: rotation of the page
    :param shadow: how much darker the page is at its right edge, in ``[0, 1]``
    :param ruled: whether the digits are in a table
    :param noise: standard deviation of the sensor noise in grey values
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
    Draw a page with randomly chosen digits.

    :param images: of digits, uint8, ``(N, 28, 28)``
    :param labels: of the images, ``(N,)``
    :returns: uint8 BGR, and the text of each line
    """
    random = np.random.default_rng(seed)
    cell, margin = round(page.height_px * 1.5), page.height_px
    height, width = cell * page.lines + 2 * margin, cell * page.count + 2 * margin
    coverage = np.zeros((height, width), np.float32)
    texts = []
    for row in range(page.lines):
        chosen = [int(random.integers(len(images))) for _ in range(page.count)]
        for column, index in enumerate(chosen):
            digit = _scaled(images[index], page.height_px)
            top = margin + row * cell + (cell - digit.shape[0]) // 2
            left = margin + column * cell + (cell - digit.shape[1]) // 2
            coverage[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
        texts.append(''.join(str(labels[index]) for index in chosen))
    if page.ruled:
        _draw_table(coverage, page)
    rotation = cv2.getRotationMatrix2D((width / 2, height / 2), page.rotation_deg, 1.0)
    rotated = cv2.warpAffine(coverage, rotation, (width, height), flags=cv2.INTER_CUBIC)
    grey = page.paper + (page.ink - page.paper) * np.clip(rotated, 0, 1)
    grey = grey * (1.0 - page.shadow * np.linspace(0, 1, width))
    grey = grey + random.normal(0.0, page.noise, grey.shape)
    image = np.clip(grey, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8), texts


def _scaled(digit: NDArray[np.uint8], height_px: int) -> NDArray[np.float32]:
    """Crop a digit and scale it to a height: float32, 0 (background) to 1 (foreground)."""
    rows, columns = np.flatnonzero(digit.max(1) > 60), np.flatnonzero(digit.max(0) > 60)
    cropped = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    width_px = max(2, round(cropped.shape[1] * height_px / len(rows)))
    size = (min(width_px, round(height_px * 1.2)), height_px)
    interpolation = cv2.INTER_AREA if height_px < len(rows) else cv2.INTER_CUBIC
    scaled = cv2.resize(cropped, size, interpolation=interpolation)
    return np.asarray(np.clip(scaled / 255.0, 0, 1), np.float32)


def _draw_table(coverage: NDArray[np.float32], page: Page) -> None:
    """Draw lines between all digits."""
    cell, margin = round(page.height_px * 1.5), page.height_px
    height, width = coverage.shape
    thickness = max(1, page.height_px // 25)
    for row in range(page.lines + 1):
        y = margin + row * cell
        cv2.line(coverage, (margin, y), (width - margin, y), 1.0, thickness)
    for column in range(page.count + 1):
        x = margin + column * cell
        cv2.line(coverage, (x, margin), (x, height - margin), 1.0, thickness)
