"""
Detect the places of an image that may be digits.

Searches an image pyramid, each level half the size of the one before, for connected components of
19 to 42 pixels height. So one set of thresholds fits digits of any size.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
from nn_perception.capabilities.digits.candidates import Candidate, LevelBox, PyramidLevel
from nn_perception.capabilities.digits.defaults import DIGIT_MIN_HEIGHT_PX
from nn_perception.capabilities.digits.foreground import foreground_masks, Grey, Mask
from nn_perception.capabilities.digits.ruling_lines import find_grid, Grid, remove_lines
import numpy as np
from numpy.typing import NDArray

MIN_HEIGHT_PX = 19
MAX_HEIGHT_PX = 42
MIN_WIDTH_PX = 5
MAX_WIDTH_IN_HEIGHTS = 1.7
# Whatever the edge of the image cuts off and is narrower than this is the rest of a line.
MIN_WIDTH_IN_HEIGHTS_AT_EDGE = 0.3

# Smaller components are specks.
MIN_AREA_PX = 8
MIN_EXTENT_PX = 5
# Length of the outline, in widths plus heights of the box; that of a texture is longer.
MAX_OUTLINE = 5.2
# Contrast across the outline in grey values; that of a shadow is lower.
MIN_SHARPNESS = 16.0

# Fragments of a broken stroke: heights in those of the lowest digit, one above the other with this
# overlap in widths, and this close together.
MIN_FRAGMENT_SIZE = 0.25
MIN_HORIZONTAL_OVERLAP = 0.4
MAX_VERTICAL_GAP_PX = 4
# Pairs grow with the square of it, and a textured page has tens of thousands of components.
MAX_FRAGMENTS = 400

KERNEL = np.ones((3, 3), np.uint8)


def find_candidates(
    grey: Grey, *, ink: str = 'auto', min_height_px: float = DIGIT_MIN_HEIGHT_PX
) -> list[Candidate]:
    """
    Find the places that may be digits.

    :param grey: uint8, ``(H, W)``
    :param ink: whether digits are ``dark`` or ``light`` against their background; ``auto``: both
    :param min_height_px: minimum height of a digit, in pixels of the image
    :returns: in no particular order
    """
    found: list[Candidate] = []
    dark_grid = light_grid = None
    for image, scale, min_height, max_height in _pyramid(grey, min_height_px):
        heights = (min_height, max_height)
        dark, light = foreground_masks(image)
        if ink != 'light':
            dark_grid = find_grid(image, dark, dark_grid)
            found += _in_level(_level(image, scale, heights, dark, dark_grid))
        if ink != 'dark':
            negative = ~image
            light_grid = find_grid(negative, light, light_grid)
            found += _in_level(_level(negative, scale, heights, light, light_grid))
    return found


def _pyramid(grey: Grey, min_height_px: float) -> Iterator[tuple[Grey, float, float, float]]:
    """Yield each size of the image, its scale, and the digit heights to search it for."""
    scale = 1.0
    while min_height_px / scale >= 2 * MIN_HEIGHT_PX:
        scale *= 2
    min_height = max(min_height_px / scale, float(MIN_WIDTH_PX))
    height, width = grey.shape
    while height >= min_height * scale and width >= MIN_WIDTH_PX * scale:
        size = round(width / scale), round(height / scale)
        image = grey if scale == 1.0 else cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        last = height < MIN_HEIGHT_PX * 2 * scale or width < MIN_WIDTH_PX * 2 * scale
        yield np.asarray(image, np.uint8), scale, min_height, np.inf if last else MAX_HEIGHT_PX
        scale *= 2
        min_height = MIN_HEIGHT_PX


def _level(
    grey: Grey, scale: float, heights: tuple[float, float], mask: Mask, grid: Grid
) -> PyramidLevel:
    """Label the connected components that remain without lines."""
    _, numbers, table, _ = cv2.connectedComponentsWithStats(
        remove_lines(mask, grid), connectivity=8, ltype=cv2.CV_32S
    )
    labels, stats = np.asarray(numbers, np.int32), np.asarray(table, np.int32)
    return PyramidLevel(grey, scale, *heights, mask, labels, stats)


def _in_level(level: PyramidLevel) -> list[Candidate]:
    components = _components(level)
    whole = [component for component in components if _is_digit_sized(level, component.box)]
    return whole + _merged_fragments(level, components)


def _components(level: PyramidLevel) -> list[Candidate]:
    """
    List the components that may be strokes of a pen or of print.

    Their outline is sharp, unlike that of a shadow, and not much longer than that of a digit,
    unlike that of a texture.
    """
    stats = level.stats
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    foreground = (level.labels > 0).view(np.uint8)
    outline = np.flatnonzero(foreground ^ np.asarray(cv2.erode(foreground, KERNEL), np.uint8))
    gradient = cv2.morphologyEx(level.grey, cv2.MORPH_GRADIENT, KERNEL)
    owner = level.labels.ravel()[outline]
    length = np.bincount(owner, minlength=len(stats))
    sums = np.bincount(owner, weights=gradient.ravel()[outline], minlength=len(stats))
    sharpness = sums / np.maximum(length, 1)
    is_stroke = stats[:, cv2.CC_STAT_AREA] >= MIN_AREA_PX
    is_stroke &= np.maximum(width, height) >= MIN_EXTENT_PX
    is_stroke &= (length <= MAX_OUTLINE * (width + height)) & (sharpness >= MIN_SHARPNESS)
    is_stroke[0] = False
    return [
        Candidate(level, (int(i),), _box(stats[i, :4]), float(sharpness[i]))
        for i in np.flatnonzero(is_stroke)
    ]


def _box(values: NDArray[np.integer]) -> LevelBox:
    left, top, width, height = values.tolist()
    return left, top, width, height


def _is_digit_sized(level: PyramidLevel, box: LevelBox) -> bool:
    """Check the size and the aspect ratio of a box."""
    left, top, width, height = box
    if not level.min_height_px <= height <= level.max_height_px:
        return False
    if not 2 <= width <= MAX_WIDTH_IN_HEIGHTS * height:
        return False
    rows, columns = level.grey.shape
    inside = min(left, top, columns - left - width, rows - top - height) > 1
    return inside or width >= MIN_WIDTH_IN_HEIGHTS_AT_EDGE * height


def _merged_fragments(level: PyramidLevel, components: list[Candidate]) -> list[Candidate]:
    """Merge pairs of components that lie one above the other and nearly touch."""
    min_size = MIN_FRAGMENT_SIZE * level.min_height_px
    fragments = [component for component in components if max(component.box[2:]) >= min_size]
    fragments = sorted(fragments, key=lambda fragment: -fragment.sharpness)[:MAX_FRAGMENTS]
    if len(fragments) < 2:
        return []
    boxes = np.array([fragment.box for fragment in fragments])
    start, size = boxes[:, None, :2], boxes[:, None, 2:]  # (N, 1, 2): x and y
    end = start + size
    first, last = np.minimum(start, start.swapaxes(0, 1)), np.maximum(end, end.swapaxes(0, 1))
    overlap = np.minimum(end, end.swapaxes(0, 1)) - np.maximum(start, start.swapaxes(0, 1))
    union = last - first  # (N, N, 2): width and height of both together
    narrower = np.minimum(size, size.swapaxes(0, 1))[..., 0]
    fits = overlap[..., 0] > MIN_HORIZONTAL_OVERLAP * narrower
    fits &= overlap[..., 1] >= -MAX_VERTICAL_GAP_PX
    fits &= (union[..., 1] >= level.min_height_px) & (union[..., 1] <= level.max_height_px)
    merged = []
    for i, k in zip(*np.nonzero(np.triu(fits, 1)), strict=True):
        box = _box(np.concatenate([first[i, k], union[i, k]]))
        if _is_digit_sized(level, box):
            one, other = fragments[i], fragments[k]
            sharpness = min(one.sharpness, other.sharpness)
            merged.append(Candidate(level, one.components + other.components, box, sharpness))
    return merged
