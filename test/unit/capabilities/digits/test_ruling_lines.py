"""Ruling lines of tables and forms."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.foreground import foreground_masks, Grey, Mask
from nn_perception.capabilities.digits.ruling_lines import find_grid, remove_lines
import numpy as np
import pytest


def paper(height: int = 120, width: int = 200, value: int = 200) -> Grey:
    return np.full((height, width), value, np.uint8)


def cleaned(grey: Grey) -> Mask:
    dark, _ = foreground_masks(grey)
    return remove_lines(dark, find_grid(grey, dark))


@pytest.mark.parametrize('slant', [0, 4, 8])
@pytest.mark.parametrize('thickness', [1, 2, 5])
def test_lines_are_removed_even_slanted_ones(slant: int, thickness: int) -> None:
    grey = paper(200, 300)
    cv2.line(grey, (20, 60), (280, 60 + 260 * slant // 100), 40, thickness)
    cv2.line(grey, (150, 20), (150 + 160 * slant // 100, 180), 40, thickness)
    assert np.count_nonzero(cleaned(grey)) <= 0.06 * np.count_nonzero(foreground_masks(grey)[0])


def test_a_stroke_across_a_line_stays_whole() -> None:
    grey = paper(200, 300)
    cv2.line(grey, (20, 100), (280, 100), 40, 3)
    cv2.line(grey, (150, 80), (150, 125), 40, 5)
    mask = cleaned(grey)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    components = [tuple(int(value) for value in row[:4]) for row in stats[1:] if row[4] > 20]
    assert len(components) == 1, components
    left, _, width, height = components[0]
    assert abs(left - 148) <= 2
    assert width <= 9
    assert abs(height - 50) <= 4


def test_bars_of_digits_are_kept() -> None:
    grey = paper()
    cv2.putText(grey, '174', (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 40, 4)
    dark, _ = foreground_masks(grey)
    np.testing.assert_array_equal(cleaned(grey), dark)


def test_a_line_is_remembered_at_the_next_pyramid_level() -> None:
    grey = paper(400, 400, 210)
    cv2.line(grey, (30, 50), (370, 54), 60, 2)
    dark, _ = foreground_masks(grey)
    grid = find_grid(grey, dark)
    half = np.asarray(cv2.resize(grey, (200, 200), interpolation=cv2.INTER_AREA), np.uint8)
    half_dark, _ = foreground_masks(half)
    half_grid = find_grid(half, half_dark, grid)
    assert not np.count_nonzero(remove_lines(half_dark, half_grid))


def test_the_edges_of_a_thick_object_are_no_certain_lines() -> None:
    grey = paper(400, 400)
    grey[100:300, 150:250] = 30
    grid = find_grid(grey, foreground_masks(grey)[0])
    assert not grid.horizontal.certain.any()
    assert not grid.vertical.certain.any()


def test_nothing_is_removed_from_an_empty_mask() -> None:
    assert not cleaned(paper()).any()
