"""Ink against its ground, and lines taken out of it."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.foreground import (
    find_grid,
    Grey,
    ink_masks,
    Mask,
    without_lines,
)
import numpy as np
import pytest


def paper(height: int = 120, width: int = 200, value: int = 200) -> Grey:
    return np.full((height, width), value, np.uint8)


def cleaned(grey: Grey) -> Mask:
    dark, _ = ink_masks(grey)
    return without_lines(dark, find_grid(grey, dark))


def test_dark_and_light_ink_are_told_apart() -> None:
    grey = paper(value=120)
    grey[40:60, 50:54] = 30
    grey[40:60, 150:154] = 220
    dark, light = ink_masks(grey)
    assert dark[45:55, 50:54].all()
    assert light[45:55, 150:154].all()
    assert not (dark & light).any()
    assert np.count_nonzero(dark) == pytest.approx(80, abs=30)
    assert np.count_nonzero(light) == pytest.approx(80, abs=30)


@pytest.mark.parametrize('value', [0, 7, 128, 250, 255])
def test_even_paper_has_no_ink(value: int) -> None:
    dark, light = ink_masks(paper(value=value))
    assert not dark.any()
    assert not light.any()


def test_grain_of_a_sensor_is_no_ink() -> None:
    noise = np.random.default_rng(0).normal(180, 2.5, (300, 400))
    dark, light = ink_masks(np.clip(noise, 0, 255).astype(np.uint8))
    assert np.count_nonzero(dark) + np.count_nonzero(light) < 0.001 * noise.size


def test_ink_is_found_from_the_light_into_the_shadow() -> None:
    light = np.linspace(240, 60, 400)
    grey = np.tile(light, (100, 1))
    for left in range(20, 400, 60):
        grey[30:70, left : left + 4] *= 0.5
    dark, _ = ink_masks(grey.astype(np.uint8))
    for left in range(20, 400, 60):
        assert dark[35:65, left + 1 : left + 3].mean() > 250, left


@pytest.mark.parametrize('lean', [0, 4, 8])
@pytest.mark.parametrize('thickness', [1, 2, 5])
def test_lines_go_also_when_they_lean(lean: int, thickness: int) -> None:
    grey = paper(200, 300)
    cv2.line(grey, (20, 60), (280, 60 + 260 * lean // 100), 40, thickness)
    cv2.line(grey, (150, 20), (150 + 160 * lean // 100, 180), 40, thickness)
    assert np.count_nonzero(cleaned(grey)) <= 0.06 * np.count_nonzero(ink_masks(grey)[0])


def test_a_stroke_over_a_line_is_mended() -> None:
    grey = paper(200, 300)
    cv2.line(grey, (20, 100), (280, 100), 40, 3)
    cv2.line(grey, (150, 80), (150, 125), 40, 5)
    mask = cleaned(grey)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    pieces = [tuple(int(value) for value in row[:4]) for row in stats[1:] if row[4] > 20]
    assert len(pieces) == 1, pieces
    left, _, width, height = pieces[0]
    assert abs(left - 148) <= 2
    assert width <= 9
    assert abs(height - 50) <= 4


def test_bars_of_digits_stay() -> None:
    grey = paper()
    cv2.putText(grey, '174', (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 40, 4)
    dark, _ = ink_masks(grey)
    np.testing.assert_array_equal(cleaned(grey), dark)


def test_a_line_is_known_in_a_smaller_image() -> None:
    grey = paper(400, 400, 210)
    cv2.line(grey, (30, 50), (370, 54), 60, 2)
    dark, _ = ink_masks(grey)
    grid = find_grid(grey, dark)
    half = np.asarray(cv2.resize(grey, (200, 200), interpolation=cv2.INTER_AREA), np.uint8)
    half_dark, _ = ink_masks(half)
    half_grid = find_grid(half, half_dark, grid)
    assert not np.count_nonzero(without_lines(half_dark, half_grid))


def test_the_edges_of_something_thick_are_no_sure_lines() -> None:
    grey = paper(400, 400)
    grey[100:300, 150:250] = 30
    grid = find_grid(grey, ink_masks(grey)[0])
    assert not grid.across.sure.any()
    assert not grid.down.sure.any()
