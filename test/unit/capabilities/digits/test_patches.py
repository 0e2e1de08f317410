"""Candidates in the format of MNIST's digits."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.candidates import Candidate
from nn_perception.capabilities.digits.detector import find_candidates
from nn_perception.capabilities.digits.patches import extract_patches, to_patch
import numpy as np
from numpy.typing import NDArray
import pytest


def candidate_of(grey: NDArray[np.uint8]) -> Candidate:
    """Return the highest candidate of a single component."""
    found = [one for one in find_candidates(grey, ink='dark') if len(one.components) == 1]
    return max(found, key=lambda candidate: candidate.bbox[3])


def drawing(height: int, background: int = 200, ink: int = 40) -> NDArray[np.uint8]:
    grey = np.full((2 * height, 2 * height), background, np.uint8)
    cv2.putText(
        grey, '2', (height // 2, 3 * height // 2), cv2.FONT_HERSHEY_DUPLEX, height / 22.0, ink,
        max(1, height // 9), cv2.LINE_AA,
    )  # fmt: skip
    return grey


def centre_of_mass(patch: NDArray[np.float32]) -> NDArray[np.float64]:
    y, x = np.mgrid[:28, :28]
    return np.array([(patch * y).sum(), (patch * x).sum()]) / patch.sum()


@pytest.mark.parametrize('height', [15, 24, 40, 75, 160])
def test_a_digit_fills_twenty_pixels_around_the_centre(height: int) -> None:
    (patch,) = extract_patches([candidate_of(drawing(height))])
    rows = np.flatnonzero(patch.max(axis=1) > 0.25)
    assert 19 <= rows[-1] - rows[0] + 1 <= 20
    assert np.abs(centre_of_mass(patch) - 13.5).max() <= 0.51
    assert patch.max() == pytest.approx(1.0)
    assert patch.min() == 0.0


def test_a_patch_does_not_depend_on_size_or_contrast() -> None:
    (reference,) = extract_patches([candidate_of(drawing(60))])
    for height, background, ink in ((30, 200, 40), (120, 200, 40), (60, 120, 70), (60, 250, 160)):
        (patch,) = extract_patches([candidate_of(drawing(height, background, ink))])
        assert np.abs(patch - reference).mean() < 0.05, (height, background, ink)


def test_other_components_in_the_box_are_left_out() -> None:
    grey = np.full((120, 120), 200, np.uint8)
    cv2.ellipse(grey, (60, 60), (20, 28), 0, 0, 360, 40, 4)
    alone = extract_patches([candidate_of(grey)])[0]
    cv2.circle(grey, (60, 60), 6, 40, -1)
    np.testing.assert_allclose(extract_patches([candidate_of(grey)])[0], alone, atol=0.02)


def test_thin_strokes_get_full_coverage() -> None:
    grey = np.full((200, 200), 220, np.uint8)
    cv2.ellipse(grey, (100, 100), (40, 60), 0, 0, 360, 60, 2)
    (patch,) = extract_patches([candidate_of(grey)])
    assert np.percentile(patch[patch > 0.1], 80) > 0.8


@pytest.mark.parametrize('width', [1, 2, 3, 4])
def test_a_narrow_bar_is_centred(width: int) -> None:
    ink = np.zeros((40, 40), np.float32)
    ink[10:30, 5 : 5 + width] = 1.0
    assert abs(centre_of_mass(to_patch(ink)) - 13.5).max() <= 0.5


def test_a_digit_of_mnist_is_not_changed() -> None:
    # It already fits 20 x 20 pixels around its centre of mass.
    digit = np.zeros((28, 28), np.float32)
    cv2.rectangle(digit, (9, 5), (18, 22), 1.0, 2)
    rows = np.flatnonzero(digit.max(axis=1) > 0)
    assert rows[-1] - rows[0] + 1 == 20
    np.testing.assert_allclose(to_patch(digit), digit, atol=1e-6)


def test_no_candidates_give_an_empty_batch() -> None:
    assert extract_patches([]).shape == (0, 28, 28)
