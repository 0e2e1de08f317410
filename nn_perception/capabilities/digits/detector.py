"""
Find the places of an image that may be digits.

The image is searched in a pyramid, each level half the size of the one before, for pieces of ink
of 19 to 42 pixels height. So a digit has the same size, and the same settings fit, however large
it is in the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
from nn_perception.capabilities.digits.defaults import LOWEST_DIGIT_PX
from nn_perception.capabilities.digits.foreground import (
    find_grid,
    Grey,
    Grid,
    ink_masks,
    Mask,
    without_lines,
)
from nn_perception.core.results import Box
import numpy as np
from numpy.typing import NDArray

LOWEST_PX = 19
HIGHEST_PX = 42
LEAST_WIDTH_PX = 5
WIDEST = 1.7  # widths in heights
# What is cut off at the picture's edge and thinner than that is the rest of a line.
THINNEST_AT_EDGE = 0.3

# A piece of ink: smaller ones are specks.
LEAST_AREA_PX = 8
LEAST_LENGTH_PX = 5
# Length of the outline in widths and heights of the box; a texture's is longer than a digit's.
LONGEST_OUTLINE = 5.2
# Grey values between one side of the outline and the other; a shadow's is less.
LEAST_SHARPNESS = 16.0

# What the pen or the light has torn: parts of a height, one above the other, close together.
SMALLEST_PART = 0.25
SHARED_WIDTH = 0.4
NEAR_PX = 4
# Pairs grow with the square of it; a page of texture has tens of thousands of pieces.
MOST_TO_JOIN = 400

AROUND = np.ones((3, 3), np.uint8)

# Left, top, width, height in pixels of a level.
LevelBox = tuple[int, int, int, int]


@dataclass(frozen=True)
class Level:
    """
    One size of the image, and its ink of one colour.

    :param grey: uint8, ``(H, W)``, ink dark
    :param scale: pixels of the image for one of this level
    :param lowest: height of the lowest digits that are looked for here, in pixels
    :param highest: of the highest
    :param mask: uint8, ``(H, W)``, 255 where there is ink, lines included
    :param labels: int32, ``(H, W)``, number of the piece of ink that a pixel belongs to, lines
        left out; 0: none
    :param stats: int32, ``(pieces, 5)``, left, top, width, height and area of each
    """

    grey: Grey
    scale: float
    lowest: float
    highest: float
    mask: Mask
    labels: NDArray[np.int32]
    stats: NDArray[np.int32]


@dataclass(frozen=True)
class Candidate:
    """
    A place that may be a digit.

    :param level: where it was found
    :param parts: numbers of the pieces of ink that it consists of
    :param box: left, top, width, height in pixels of the level
    :param sharpness: mean difference between the sides of its outline, in grey values
    """

    level: Level
    parts: tuple[int, ...]
    box: LevelBox
    sharpness: float

    @property
    def bbox(self) -> Box:
        """Left, top, width, height in pixels of the image."""
        left, top, width, height = (value * self.level.scale for value in self.box)
        return Box(left, top, width, height)

    def own_ink(self, rows: slice, columns: slice) -> Mask:
        """Mark the candidate's ink in a part of its level with 1, everything else with 0."""
        owner = self.level.labels[rows, columns]
        own: Mask = (owner == self.parts[0]).view(np.uint8)
        for part in self.parts[1:]:
            own |= (owner == part).view(np.uint8)
        return own


def find_candidates(
    grey: Grey, *, ink: str = 'auto', min_height_px: float = LOWEST_DIGIT_PX
) -> list[Candidate]:
    """
    Find what may be digits.

    :param grey: uint8, ``(H, W)``
    :param ink: ``dark`` or ``light`` against its ground, or ``auto`` for both
    :param min_height_px: height of the lowest digits to look for, in pixels of the image
    :returns: in no order
    """
    found: list[Candidate] = []
    dark_grid = light_grid = None
    for image, scale, lowest, highest in _pyramid(grey, min_height_px):
        dark, light = ink_masks(image)
        if ink != 'light':
            dark_grid = find_grid(image, dark, dark_grid)
            found += _of_level(_level(image, scale, lowest, highest, dark, dark_grid))
        if ink != 'dark':
            negative = ~image
            light_grid = find_grid(negative, light, light_grid)
            found += _of_level(_level(negative, scale, lowest, highest, light, light_grid))
    return found


def _pyramid(grey: Grey, min_height_px: float) -> Iterator[tuple[Grey, float, float, float]]:
    """Give each size of the image with its scale and the heights that it is searched for."""
    scale = 1.0
    while min_height_px / scale >= 2 * LOWEST_PX:
        scale *= 2
    lowest = max(min_height_px / scale, float(LEAST_WIDTH_PX))
    height, width = grey.shape
    while height >= lowest * scale and width >= LEAST_WIDTH_PX * scale:
        size = round(width / scale), round(height / scale)
        image = grey if scale == 1.0 else cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        last = height < LOWEST_PX * 2 * scale or width < LEAST_WIDTH_PX * 2 * scale
        yield np.asarray(image, np.uint8), scale, lowest, np.inf if last else HIGHEST_PX
        scale *= 2
        lowest = LOWEST_PX


def _level(
    grey: Grey, scale: float, lowest: float, highest: float, mask: Mask, grid: Grid
) -> Level:
    """Number the pieces of ink that are left without lines."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        without_lines(mask, grid), connectivity=8, ltype=cv2.CV_32S
    )
    return Level(
        grey,
        scale,
        lowest,
        highest,
        mask,
        np.asarray(labels, np.int32),
        np.asarray(stats, np.int32),
    )


def _of_level(level: Level) -> list[Candidate]:
    pieces = _pieces(level)
    return [piece for piece in pieces if _may_be_digit(level, piece.box)] + _joined(level, pieces)


def _pieces(level: Level) -> list[Candidate]:
    """
    List the pieces of ink that may be strokes of a pen or of print.

    Their outline is sharp, unlike a shadow's, and not much longer than a digit's, unlike that of
    a texture.
    """
    stats = level.stats
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    inked = (level.labels > 0).view(np.uint8)
    outline = np.flatnonzero(inked ^ np.asarray(cv2.erode(inked, AROUND), np.uint8))
    steepness = cv2.morphologyEx(level.grey, cv2.MORPH_GRADIENT, AROUND)
    owner = level.labels.ravel()[outline]
    length = np.bincount(owner, minlength=len(stats))
    sums = np.bincount(owner, weights=steepness.ravel()[outline], minlength=len(stats))
    sharpness = sums / np.maximum(length, 1)
    good = stats[:, cv2.CC_STAT_AREA] >= LEAST_AREA_PX
    good &= np.maximum(width, height) >= LEAST_LENGTH_PX
    good &= (length <= LONGEST_OUTLINE * (width + height)) & (sharpness >= LEAST_SHARPNESS)
    good[0] = False
    return [
        Candidate(level, (int(i),), _box(stats[i, :4]), float(sharpness[i]))
        for i in np.flatnonzero(good)
    ]


def _box(values: NDArray[np.integer]) -> LevelBox:
    left, top, width, height = values.tolist()
    return left, top, width, height


def _may_be_digit(level: Level, box: LevelBox) -> bool:
    """Judge the size and the proportions of a box."""
    left, top, width, height = box
    if not level.lowest <= height <= level.highest or not 2 <= width <= WIDEST * height:
        return False
    rows, columns = level.grey.shape
    inside = min(left, top, columns - left - width, rows - top - height) > 1
    return inside or width >= THINNEST_AT_EDGE * height


def _joined(level: Level, pieces: list[Candidate]) -> list[Candidate]:
    """Join two pieces that lie one above the other and nearly touch."""
    parts = [piece for piece in pieces if max(piece.box[2:]) >= SMALLEST_PART * level.lowest]
    parts = sorted(parts, key=lambda piece: -piece.sharpness)[:MOST_TO_JOIN]
    if len(parts) < 2:
        return []
    boxes = np.array([part.box for part in parts])
    start, size = boxes[:, None, :2], boxes[:, None, 2:]  # (N, 1, 2): x and y
    end = start + size
    first, last = np.minimum(start, start.swapaxes(0, 1)), np.maximum(end, end.swapaxes(0, 1))
    shared = np.minimum(end, end.swapaxes(0, 1)) - np.maximum(start, start.swapaxes(0, 1))
    whole = last - first  # (N, N, 2): width and height of both together
    narrower = np.minimum(size, size.swapaxes(0, 1))[..., 0]
    near = (shared[..., 0] > SHARED_WIDTH * narrower) & (shared[..., 1] >= -NEAR_PX)
    near &= (whole[..., 1] >= level.lowest) & (whole[..., 1] <= level.highest)
    found = []
    for i, k in zip(*np.nonzero(np.triu(near, 1)), strict=True):
        box = _box(np.concatenate([first[i, k], whole[i, k]]))
        if _may_be_digit(level, box):
            sharpness = min(parts[i].sharpness, parts[k].sharpness)
            found.append(Candidate(level, parts[i].parts + parts[k].parts, box, sharpness))
    return found
