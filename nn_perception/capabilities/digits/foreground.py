"""Tell ink from its ground, and take the lines of tables and forms out of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Grey = NDArray[np.uint8]

# The digits that a level of the pyramid is searched for are up to 42 pixels high.
WINDOW_PX = 51
# Weaker differences are the grain of paper and sensor.
LEAST_CONTRAST = 10.0
# Of ink that covers a fifth of the window the middle between ink and ground is mean - 0.75 std;
# less, since lines and print nearby raise the deviation.
DEVIATIONS = 0.7
STEP_PX = 4
STRIP_PX = 64 * STEP_PX

LINE_PIECE_PX = 21
SHORTEST_LINE_PX = 64
GAP_PX = 9
TEAR_PX = 3
# What has light ground so many pixels above and below is less than twice as thick.
LARGEST_REACH_PX = 5
# No pen is so fine that a one is so many times as high as half its stroke.
FINEST_PEN = 45
FULL = np.uint8(255)


def ink_masks(grey: Grey) -> tuple[Mask, Mask]:
    """
    Find what is darker, and what is lighter, than its neighbourhood.

    Pixels are compared with mean and deviation of the window around them (W. Niblack, An
    Introduction to Digital Image Processing, 1986), with a least contrast. Both change slowly, so
    they are computed for every fourth pixel.

    :param grey: uint8, ``(H, W)``
    :returns: dark ink and light ink, both uint8, ``(H, W)``, 255 where there is ink
    """
    height, width = grey.shape
    window = (WINDOW_PX // STEP_PX | 1,) * 2
    mean, squares = (
        cv2.blur(plane, window, borderType=cv2.BORDER_REFLECT) for plane in _every_fourth(grey)
    )
    needed = np.sqrt(np.maximum(squares - mean * mean, 0.0)) * DEVIATIONS
    np.maximum(needed, LEAST_CONTRAST, out=needed)
    darkest, lightest = (
        cv2.resize(np.clip(limit, 0, 255).astype(np.uint8), (width, height))
        for limit in (mean - needed, mean + needed)
    )
    return _full(grey < darkest), _full(grey > lightest)


def _every_fourth(grey: Grey) -> NDArray[np.float32]:
    """
    Average the grey values and their squares over 4 x 4 pixels.

    Strips of the image are worked on in turn: they stay in the cache, and a large image does not
    need its multiple in memory.

    :returns: float32, ``(2, ceil(H / 4), ceil(W / 4))``
    """
    height, width = grey.shape
    small = np.empty((2, -(-height // STEP_PX), -(-width // STEP_PX)), np.float32)
    for top in range(0, height, STRIP_PX):
        values = grey[top : top + STRIP_PX].astype(np.float32)
        part = small[:, top // STEP_PX : (top + STRIP_PX) // STEP_PX]
        size = part.shape[:0:-1]
        part[0] = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
        part[1] = cv2.resize(values * values, size, interpolation=cv2.INTER_AREA)
    return small


def _full(where: NDArray[np.bool_]) -> Mask:
    """Turn True into 255."""
    mask: Mask = where.view(np.uint8) * FULL
    return mask


@dataclass(frozen=True)
class Lines:
    """
    The lines of one direction in a mask.

    :param present: uint8, ``(H, W)``, 255 where there is ink of a line
    :param sure: those that are no stroke of a larger digit either
    """

    present: Mask
    sure: Mask


@dataclass(frozen=True)
class Grid:
    """The lines of a table or form, those down turned by a quarter like the mask for them."""

    across: Lines
    down: Lines


def find_grid(grey: Grey, mask: Mask, larger: Grid | None = None) -> Grid:
    """
    Find lines, also when they lean or bend a little.

    :param grey: uint8, ``(H, W)``, ink dark
    :param mask: uint8, ``(H, W)``, 255 where there is ink
    :param larger: the lines in a version of the image of twice the size: what is thin is torn
        when the image gets smaller, and would not be recognised
    """
    across = _find_lines(grey, mask, larger.across if larger else None)
    down = _find_lines(_turned(grey), _turned(mask), larger.down if larger else None)
    return Grid(across, down)


def without_lines(mask: Mask, grid: Grid) -> Mask:
    """
    Remove lines, and mend the strokes that crossed them.

    :param mask: uint8, ``(H, W)``, 255 where there is ink
    :returns: a mask of the same kind
    """
    kept: Mask = mask & ~(grid.across.present | _turned(grid.down.present))
    mended_down = _bridged(kept, grid.across.present)
    mended_across = _turned(_bridged(_turned(kept), grid.down.present))
    whole: Mask = kept | mended_down | mended_across
    return whole


def _turned(image: Mask) -> Mask:
    """Swap rows and columns."""
    return np.asarray(cv2.transpose(image), np.uint8)


def _find_lines(grey: Grey, mask: Mask, larger: Lines | None) -> Lines:
    """
    Find lines that run from left to right.

    A line is a chain of straight pieces. Pieces alone are also bars of digits; chains that
    are longer than any digit of this level are not, nor are those that run from edge to edge of
    the picture.
    """
    # Thickened, a thin line that leans still holds straight pieces.
    thick = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    whole = cv2.morphologyEx(thick, cv2.MORPH_CLOSE, np.ones((1, TEAR_PX), np.uint8))
    piece = np.ones((1, min(LINE_PIECE_PX, mask.shape[1])), np.uint8)
    pieces = cv2.morphologyEx(whole, cv2.MORPH_OPEN, piece)
    known = np.zeros_like(mask) if larger is None else _shrunk(larger.sure, mask.shape) & mask
    if not cv2.countNonZero(pieces):
        return Lines(known, known)
    _, numbers, table, _ = cv2.connectedComponentsWithStats(pieces, connectivity=8)
    labels, stats = np.asarray(numbers, np.int32), np.asarray(table, np.int32)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    thickness = stats[:, cv2.CC_STAT_AREA] / np.maximum(width, 1)
    crossing = width >= mask.shape[1] - 2
    present = (thickness < width / 6) & (height < width) & (crossing | (width >= SHORTEST_LINE_PX))
    present[0] = False
    if not present.any():
        return Lines(known, known)
    lines = np.take(_full(present), labels) & mask
    sure = present & (crossing | _finer_than_pens(grey, lines, labels, width))
    return Lines(known | lines, known | (np.take(_full(sure), labels) & lines))


def _finer_than_pens(
    grey: Grey, lines: Mask, labels: NDArray[np.int32], lengths: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """
    Tell lines from straight strokes of large digits, and from the edges of what is thick.

    :param lines: uint8, ``(H, W)``, not 0 where there is ink of a line
    :param labels: int32, ``(H, W)``, number of the line that a pixel belongs to
    :param lengths: of each line, in pixels
    :returns: for each line, whether no pen would write a digit so high with so thin a stroke
    """
    places = np.flatnonzero(lines)
    values, step = grey.ravel().astype(np.int16), grey.shape[1]
    owner = labels.ravel()[places]
    size = np.maximum(np.bincount(owner, minlength=len(lengths)), 1)
    finer = np.zeros(len(lengths), np.bool_)
    for reach in range(1, LARGEST_REACH_PX + 1):
        above = values[np.maximum(places - reach * step, 0)]
        below = values[np.minimum(places + reach * step, grey.size - 1)]
        between = np.minimum(above, below) - values[places] > LEAST_CONTRAST
        share = np.bincount(owner, weights=between, minlength=len(lengths)) / size
        finer |= (share > 0.7) & (lengths >= FINEST_PEN * reach)
    return finer


def _shrunk(lines: Mask, shape: tuple[int, ...]) -> Mask:
    """Bring lines to a smaller shape, a little wider as they are blurred there."""
    small = cv2.resize(lines, shape[::-1], interpolation=cv2.INTER_AREA)
    wide = cv2.dilate(_full(np.asarray(small > 32)), np.ones((3, 3), np.uint8))
    return np.asarray(wide, np.uint8)


def _bridged(kept: Mask, lines: Mask) -> Mask:
    """Find where removed lines had ink right above and right below: a stroke crossed there."""
    wide = cv2.dilate(kept, np.ones((1, 3), np.uint8))
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, np.ones((GAP_PX, 1), np.uint8))
    bridges: Mask = np.asarray(closed, np.uint8) & lines
    return bridges
