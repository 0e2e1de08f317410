"""Clutter: shapes that the detector finds but that are not digits, drawn or from photographs."""

from __future__ import annotations

from collections.abc import Iterable
import logging
from pathlib import Path

import cv2
from nn_perception.capabilities.digits.detector import find_candidates
from nn_perception.capabilities.digits.patches import (
    extract_patches,
    PATCH_PX,
    Patches,
    to_patch,
)
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.imaging.image_files import read_image
from nn_perception.training.digits.pen_digits import CANVAS_PX, draw_strokes, STRAIGHT
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

# The sample photographs without digits.
SAMPLES = tuple(
    SAMPLES_FOLDER / f'{name}.jpg'
    for name in 'cat dahlia elephant espresso pizza rocket skier temple'.split()
)
MAX_PER_PICTURE = 300
# Ratio of the variances across and along a stroke; plain bars are below it.
MAX_BAR_RATIO = 0.1
Canvas = NDArray[np.float32]


def cut_from(files: Iterable[Path], random: np.random.Generator) -> Patches:
    """
    Cut what the detector finds out of photographs without digits.

    :param files: pictures; those that cannot be read are skipped with a warning
    :param random: chooses the patches
    :returns: patches like those of MNIST, float32, ``(N, 28, 28)``, at most 300 of each picture
    """
    found = [np.zeros((0, PATCH_PX, PATCH_PX), np.float32)]
    for file in files:
        try:
            grey = cv2.cvtColor(read_image(file), cv2.COLOR_BGR2GRAY)
        except (OSError, ValueError) as error:
            LOG.warning('%s', error)
            continue
        candidates = find_candidates(np.asarray(grey, np.uint8))
        kept = random.permutation(len(candidates))[:MAX_PER_PICTURE]
        found.append(extract_patches([candidates[i] for i in kept]))
    return without_bars(np.concatenate(found))


def without_bars(images: Patches) -> Patches:
    """
    Drop plain bars, since most people write a one like that.

    :param images: float32, ``(N, 28, 28)``
    :returns: images whose ink does not lie along one line, by its second moments
    """
    y, x = np.mgrid[:PATCH_PX, :PATCH_PX].astype(np.float32)
    total = np.maximum(images.sum(axis=(1, 2)), 1.0)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray((images * values).sum(axis=(1, 2)) / total, np.float32)

    centre_x, centre_y = mean(x), mean(y)
    xx, yy = mean(x * x) - centre_x**2, mean(y * y) - centre_y**2
    xy = mean(x * y) - centre_x * centre_y
    root = np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    middle = (xx + yy) / 2
    kept: Patches = images[(middle - root) > MAX_BAR_RATIO * (middle + root)]
    return kept


def draw_clutter(count: int, random: np.random.Generator) -> Patches:
    """
    Draw scribbles, pieces of lines, blobs and textures.

    :returns: patches like those of MNIST, float32, ``(N, 28, 28)``, a few less than ``count``: see
        :func:`without_bars`
    """
    kinds = (_scribble, _scribble, _line_pieces, _line_pieces, _blob, _screen, _texture, _arc)
    result = np.zeros((count, PATCH_PX, PATCH_PX), np.float32)
    for i in range(count):
        canvas = kinds[i % len(kinds)](random)
        if canvas.max() > 0.5:
            result[i] = to_patch(canvas)
    return without_bars(result)


def joined_digits(digits: NDArray[np.uint8], count: int, random: np.random.Generator) -> Patches:
    """
    Join two digits, one above the other or side by side, which is not a digit.

    :param digits: images of MNIST, uint8, ``(N, 28, 28)``
    :returns: patches like those of MNIST, float32, ``(count, 28, 28)``
    """
    result = np.zeros((count, PATCH_PX, PATCH_PX), np.float32)
    for i in range(count):
        one, other = digits[random.integers(len(digits), size=2)] / np.float32(255)
        axis = int(random.random() < 0.4)
        gap = np.zeros((28, 28), np.float32).take(range(random.integers(0, 8)), axis)
        trimmed = [_trimmed(image, axis) for image in (one, other)]
        result[i] = to_patch(np.concatenate([trimmed[0], gap, trimmed[1]], axis))
    return result


def _trimmed(image: Canvas, axis: int) -> Canvas:
    """Remove empty rows (axis 0) or columns (axis 1)."""
    inked = np.flatnonzero(image.max(axis=1 - axis) > 0.2)
    return image.take(np.arange(inked[0], inked[-1] + 1), axis)


def _scribble(random: np.random.Generator) -> Canvas:
    strokes = [
        (bool(random.random() < 0.6), tuple(map(tuple, random.random((random.integers(4, 9), 2)))))
        for _ in range(random.integers(1, 4))
    ]
    return draw_strokes(strokes, random, wobble=0.0)


def _line_pieces(random: np.random.Generator) -> Canvas:
    """Draw crossings, corners, combs and dashes."""
    lines = []
    for _ in range(random.integers(2, 5)):
        at, start = random.random(), random.uniform(-0.2, 0.3)
        end, lean = random.uniform(0.6, 1.2), random.normal(0.0, 0.02)
        points = ((start, at), (end, at + lean))
        upright = random.random() < 0.5
        lines.append((STRAIGHT, tuple(p[::-1] for p in points) if upright else points))
    if all(line[1][0][0] == line[1][1][0] for line in lines):
        lines.append((STRAIGHT, ((0.0, 0.5), (1.0, 0.5))))
    return draw_strokes(lines, random, wobble=0.01)


def _arc(random: np.random.Generator) -> Canvas:
    """Draw brackets, hooks and angles."""
    depth = random.uniform(0.45, 1.0) * random.choice((-1.0, 1.0))
    bends = bool(random.random() < 0.6)
    points = [(0.5, 0.0), (0.5 + depth, 0.5), (0.5, 1.0)]
    if bends:
        points[1:1] = [(0.5 + depth * 0.85, 0.25)]
        points[3:3] = [(0.5 + depth * 0.85, 0.75)]
    if random.random() < 0.6:
        points = [(y, x) for x, y in points]
    return draw_strokes([(bends, tuple(points))], random, wobble=0.05)


def _blob(random: np.random.Generator) -> Canvas:
    angles = np.sort(random.uniform(0.0, 2.0 * np.pi, random.integers(3, 12)))
    radii = random.uniform(0.4, 1.0, len(angles)) * CANVAS_PX * 0.42
    stretch = random.uniform(0.5, 1.0)
    x, y = np.cos(angles) * radii * stretch, np.sin(angles) * radii
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    if random.random() < 0.3:
        axes = (int(CANVAS_PX * 0.45 * stretch), int(CANVAS_PX * 0.45))
        cv2.ellipse(canvas, (CANVAS_PX // 2,) * 2, axes, random.uniform(0, 180), 0, 360, 255, -1)
    else:
        outline = (np.stack([x, y], axis=1) + CANVAS_PX / 2).astype(np.int32)
        cv2.fillPoly(canvas, [outline], 255, cv2.LINE_AA)
    return canvas.astype(np.float32) / 255.0


def _screen(random: np.random.Generator) -> Canvas:
    """Draw a blob of half-tone dots."""
    y, x = np.mgrid[:CANVAS_PX, :CANVAS_PX]
    angle, pitch = random.uniform(0, np.pi), random.uniform(0.35, 1.2)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    dots = np.cos(u * pitch) * np.cos(v * pitch) > random.uniform(-0.3, 0.3)
    return np.asarray(_blob(random) * dots, np.float32)


def _texture(random: np.random.Generator) -> Canvas:
    """Threshold smoothed noise and keep its largest component, as the detector would."""
    noise = random.standard_normal((CANVAS_PX, CANVAS_PX)).astype(np.float32)
    sigma = random.uniform(2.0, 9.0)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigma, sigmaY=sigma * random.uniform(0.6, 1.8))
    mask = (smooth > random.uniform(0.2, 0.9) * smooth.std()).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if len(stats) < 2:
        return np.zeros((CANVAS_PX, CANVAS_PX), np.float32)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.asarray(labels == largest, np.float32)
