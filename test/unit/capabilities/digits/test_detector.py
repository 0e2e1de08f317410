"""Detection of candidates in whole images."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.candidates import Candidate
from nn_perception.capabilities.digits.detector import find_candidates
from nn_perception.capabilities.digits.foreground import Grey
import numpy as np
import pytest


def page(height: int = 240, width: int = 320, value: int = 210) -> Grey:
    return np.full((height, width), value, np.uint8)


def write(grey: Grey, text: str, left: int, bottom: int, height: int, ink: int = 30) -> None:
    """Draw a text whose digits are about ``height`` pixels high."""
    thickness = max(1, height // 10)
    cv2.putText(
        grey, text, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, height / 22.0, ink, thickness,
        cv2.LINE_AA,
    )  # fmt: skip


def at(candidates: list[Candidate], x: float, y: float) -> list[Candidate]:
    """Keep the candidates whose centre is near a point."""
    return [
        candidate
        for candidate in candidates
        if abs(candidate.bbox[0] + candidate.bbox[2] / 2 - x) < 0.5 * candidate.bbox[3]
        and abs(candidate.bbox[1] + candidate.bbox[3] / 2 - y) < 0.3 * candidate.bbox[3]
    ]


@pytest.mark.parametrize('height', [14, 18, 25, 40, 60, 90, 150, 240])
@pytest.mark.parametrize(('background', 'ink'), [(210, 30), (40, 220), (150, 90)])
def test_a_digit_of_any_size_is_found_with_its_box(height: int, background: int, ink: int) -> None:
    grey = page(2 * height + 40, 2 * height + 60, background)
    write(grey, '5', 20 + height // 2, 20 + 3 * height // 2, height, ink)
    where = np.abs(grey.astype(int) - background) > 0.4 * abs(ink - background)
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    truth = columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
    slack = max(3.0, 0.1 * height)
    boxes = [candidate.bbox for candidate in find_candidates(grey)]
    assert any(np.abs(np.subtract(box, truth)).max() <= slack for box in boxes), (boxes, truth)


def test_ink_selects_dark_or_light_digits() -> None:
    grey = page(value=120)
    write(grey, '3', 60, 120, 40, 20)
    write(grey, '3', 220, 120, 40, 230)
    both = find_candidates(grey)
    dark, light = find_candidates(grey, ink='dark'), find_candidates(grey, ink='light')
    assert at(both, 75, 100)
    assert at(both, 235, 100)
    assert at(dark, 75, 100)
    assert not at(dark, 235, 100)
    assert at(light, 235, 100)
    assert not at(light, 75, 100)


def test_min_height_excludes_small_digits() -> None:
    grey = page()
    write(grey, '8', 40, 60, 20)
    write(grey, '8', 160, 160, 80)
    assert at(find_candidates(grey), 48, 50)
    for min_height in (30, 45, 70):
        found = find_candidates(grey, min_height_px=min_height)
        assert min(candidate.bbox[3] for candidate in found) >= min_height - 2
        assert at(found, 190, 120), min_height


def test_a_broken_digit_is_also_a_candidate_as_a_whole() -> None:
    grey = page()
    cv2.line(grey, (100, 80), (125, 80), 30, 4)
    cv2.ellipse(grey, (108, 107), (15, 18), 0, -120, 140, 30, 4)
    heights = {round(candidate.bbox[3]) for candidate in find_candidates(grey, ink='dark')}
    assert any(abs(height - 50) <= 5 for height in heights), heights
    assert any(abs(height - 39) <= 4 for height in heights), heights


def test_digits_in_a_table_are_found_without_its_lines() -> None:
    grey = page(300, 300)
    for i in range(20, 300, 65):
        cv2.line(grey, (20, i), (280, i + 4), 30, 2)
        cv2.line(grey, (i, 20), (i - 4, 284), 30, 2)
    write(grey, '6', 38, 66, 36)
    write(grey, '7', 105, 68, 38)
    found = find_candidates(grey)
    for x in (52, 118):
        assert any(30 <= candidate.bbox[3] <= 44 for candidate in at(found, x, 50)), x
    assert len(found) < 12


def test_parts_of_lines_at_the_edge_are_no_candidates() -> None:
    grey = page(85, 85)
    grey[:, 0:4] = 30
    grey[80:, :] = 30
    assert find_candidates(grey) == []


@pytest.mark.parametrize(
    'shape', [(1, 1), (1, 300), (300, 1), (2, 3), (13, 13), (19, 5), (300, 4), (4, 300), (43, 7)]
)
def test_images_of_any_shape_are_accepted(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    for grey in (np.zeros(shape), np.full(shape, 255), random.integers(0, 256, shape)):
        for ink in ('auto', 'dark', 'light'):
            find_candidates(grey.astype(np.uint8), ink=ink, min_height_px=8)
