"""Find the ruling lines of tables and forms, and remove them from the foreground."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
from nn_perception.capabilities.digits.foreground import Grey, Mask, MIN_CONTRAST, to_mask
import numpy as np
from numpy.typing import NDArray

SEGMENT_PX = 21
MIN_LENGTH_PX = 64
MIN_LENGTH_IN_THICKNESSES = 6
# Lines may be broken by so many pixels, and a stroke that crossed a line by so many.
LINE_GAP_PX = 3
STROKE_GAP_PX = 9
# A line with light background this far above and below is less than twice as thick.
MAX_HALF_THICKNESS_PX = 5
# The share of a line's pixels that must have this background.
MIN_SHARE_BETWEEN = 0.7
# No pen is so fine that a one is this many times as high as half its stroke width.
MAX_STROKE_ASPECT = 45
# A shrunk line counts where it covers an eighth of a pixel.
MIN_SHRUNK = 32


@dataclass(frozen=True)
class Lines:
    """
    The lines of one direction.

    :param mask: uint8, ``(H, W)``, 255 for foreground that belongs to a line
    :param certain: those that cannot be a stroke of a larger digit
    """

    mask: Mask
    certain: Mask


@dataclass(frozen=True)
class Grid:
    """
    The ruling lines of a table or form.

    :param horizontal: those from left to right
    :param vertical: those from top to bottom; their masks are transposed, ``(W, H)``
    """

    horizontal: Lines
    vertical: Lines


def find_grid(grey: Grey, mask: Mask, finer: Grid | None = None) -> Grid:
    """
    Find lines, even slanted or slightly bent ones.

    :param grey: uint8, ``(H, W)``, the foreground is darker than the background
    :param mask: uint8, ``(H, W)``, 255 for foreground
    :param finer: the lines of the pyramid level with twice the resolution: thin lines break up
        when the image shrinks, and would be missed
    """
    horizontal = _find_lines(grey, mask, finer.horizontal if finer else None)
    vertical = _find_lines(_transposed(grey), _transposed(mask), finer.vertical if finer else None)
    return Grid(horizontal, vertical)


def remove_lines(mask: Mask, grid: Grid) -> Mask:
    """
    Remove lines, and close the gaps in the strokes that crossed them.

    :param mask: uint8, ``(H, W)``, 255 for foreground
    :returns: a mask of the same shape
    """
    kept: Mask = mask & ~(grid.horizontal.mask | _transposed(grid.vertical.mask))
    vertical_strokes = _crossing_strokes(kept, grid.horizontal.mask)
    horizontal_strokes = _transposed(_crossing_strokes(_transposed(kept), grid.vertical.mask))
    whole: Mask = kept | vertical_strokes | horizontal_strokes
    return whole


def _transposed(image: Mask) -> Mask:
    return np.asarray(cv2.transpose(image), np.uint8)


def _find_lines(grey: Grey, mask: Mask, finer: Lines | None) -> Lines:
    """
    Find lines that run from left to right.

    A line is a chain of straight segments. A single segment may be the bar of a digit; a chain
    that is longer than any digit of this level, or runs from edge to edge, cannot.
    """
    known = np.zeros_like(mask) if finer is None else _shrunk(finer.certain, mask.shape) & mask
    segments = _segments(mask)
    if not cv2.countNonZero(segments):
        return Lines(known, known)
    _, numbers, table, _ = cv2.connectedComponentsWithStats(segments, connectivity=8)
    labels, stats = np.asarray(numbers, np.int32), np.asarray(table, np.int32)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    thickness = stats[:, cv2.CC_STAT_AREA] / np.maximum(width, 1)
    edge_to_edge = width >= mask.shape[1] - 2
    is_line = (thickness < width / MIN_LENGTH_IN_THICKNESSES) & (height < width)
    is_line &= edge_to_edge | (width >= MIN_LENGTH_PX)
    is_line[0] = False
    if not is_line.any():
        return Lines(known, known)
    lines = np.take(to_mask(is_line), labels) & mask
    certain = is_line & (edge_to_edge | _finer_than_pens(grey, lines, labels, width))
    return Lines(known | lines, known | (np.take(to_mask(certain), labels) & lines))


def _segments(mask: Mask) -> Mask:
    """Keep the straight horizontal segments of a mask."""
    # Thickened, a thin slanted line still holds straight segments.
    thick = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    closed = cv2.morphologyEx(thick, cv2.MORPH_CLOSE, np.ones((1, LINE_GAP_PX), np.uint8))
    segment = np.ones((1, min(SEGMENT_PX, mask.shape[1])), np.uint8)
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, segment), np.uint8)


def _finer_than_pens(
    grey: Grey, lines: Mask, labels: NDArray[np.int32], lengths: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """
    Tell lines from the straight strokes of large digits, and from the edges of thick objects.

    :param lines: uint8, ``(H, W)``, not 0 for foreground that belongs to a line
    :param labels: int32, ``(H, W)``, the line of each pixel
    :param lengths: of each line, in pixels
    :returns: for each line, whether it is too thin for a digit of its length
    """
    places = np.flatnonzero(lines)
    values, step = grey.ravel().astype(np.int16), grey.shape[1]
    owner = labels.ravel()[places]
    size = np.maximum(np.bincount(owner, minlength=len(lengths)), 1)
    finer = np.zeros(len(lengths), np.bool_)
    for reach in range(1, MAX_HALF_THICKNESS_PX + 1):
        above = values[np.maximum(places - reach * step, 0)]
        below = values[np.minimum(places + reach * step, grey.size - 1)]
        between = np.minimum(above, below) - values[places] > MIN_CONTRAST
        share = np.bincount(owner, weights=between, minlength=len(lengths)) / size
        finer |= (share > MIN_SHARE_BETWEEN) & (lengths >= MAX_STROKE_ASPECT * reach)
    return finer


def _shrunk(lines: Mask, shape: tuple[int, ...]) -> Mask:
    """Scale lines down to a shape; they get a little wider, since shrinking blurs them."""
    small = cv2.resize(lines, shape[::-1], interpolation=cv2.INTER_AREA)
    wide = cv2.dilate(to_mask(np.asarray(small > MIN_SHRUNK)), np.ones((3, 3), np.uint8))
    return np.asarray(wide, np.uint8)


def _crossing_strokes(kept: Mask, lines: Mask) -> Mask:
    """Find where a removed line has foreground right above and right below: a stroke crosses."""
    wide = cv2.dilate(kept, np.ones((1, 3), np.uint8))
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, np.ones((STROKE_GAP_PX, 1), np.uint8))
    strokes: Mask = np.asarray(closed, np.uint8) & lines
    return strokes
