"""Candidates in the form of MNIST's digits."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.detector import Candidate, find_candidates
from nn_perception.capabilities.digits.patches import mnist_form, patches
import numpy as np
from numpy.typing import NDArray
import pytest


def candidate_of(grey: NDArray[np.uint8]) -> Candidate:
    """Take the highest single piece of dark ink."""
    found = [one for one in find_candidates(grey, ink='dark') if len(one.parts) == 1]
    return max(found, key=lambda candidate: candidate.bbox[3])


def drawing(height: int, ground: int = 200, ink: int = 40) -> NDArray[np.uint8]:
    grey = np.full((2 * height, 2 * height), ground, np.uint8)
    cv2.putText(
        grey, '2', (height // 2, 3 * height // 2), cv2.FONT_HERSHEY_DUPLEX, height / 22.0, ink,
        max(1, height // 9), cv2.LINE_AA,
    )  # fmt: skip
    return grey


def centre_of_mass(patch: NDArray[np.float32]) -> NDArray[np.float64]:
    y, x = np.mgrid[:28, :28]
    return np.array([(patch * y).sum(), (patch * x).sum()]) / patch.sum()


@pytest.mark.parametrize('height', [15, 24, 40, 75, 160])
def test_ink_fills_twenty_pixels_around_the_middle(height: int) -> None:
    (patch,) = patches([candidate_of(drawing(height))])
    rows = np.flatnonzero(patch.max(axis=1) > 0.25)
    assert 19 <= rows[-1] - rows[0] + 1 <= 20
    assert np.abs(centre_of_mass(patch) - 13.5).max() <= 0.51
    assert patch.max() == pytest.approx(1.0)
    assert patch.min() == 0.0


def test_a_patch_depends_neither_on_size_nor_on_light() -> None:
    (reference,) = patches([candidate_of(drawing(60))])
    for height, ground, ink in ((30, 200, 40), (120, 200, 40), (60, 120, 70), (60, 250, 160)):
        (patch,) = patches([candidate_of(drawing(height, ground, ink))])
        assert np.abs(patch - reference).mean() < 0.05, (height, ground, ink)


def test_other_ink_in_the_box_is_left_out() -> None:
    grey = np.full((120, 120), 200, np.uint8)
    cv2.ellipse(grey, (60, 60), (20, 28), 0, 0, 360, 40, 4)
    alone = patches([candidate_of(grey)])[0]
    cv2.circle(grey, (60, 60), 6, 40, -1)
    np.testing.assert_allclose(patches([candidate_of(grey)])[0], alone, atol=0.02)


def test_thin_strokes_become_full_ink() -> None:
    grey = np.full((200, 200), 220, np.uint8)
    cv2.ellipse(grey, (100, 100), (40, 60), 0, 0, 360, 60, 2)
    (patch,) = patches([candidate_of(grey)])
    assert np.percentile(patch[patch > 0.1], 80) > 0.8


def test_mnist_form_leaves_mnist_as_it_is() -> None:
    # A digit that fills 20 x 20 pixels around its centre of mass already.
    picture = np.zeros((28, 28), np.float32)
    cv2.rectangle(picture, (9, 5), (18, 22), 1.0, 2)
    rows = np.flatnonzero(picture.max(axis=1) > 0)
    assert rows[-1] - rows[0] + 1 == 20
    np.testing.assert_allclose(mnist_form(picture), picture, atol=1e-6)


def test_no_candidates_give_an_empty_batch() -> None:
    assert patches([]).shape == (0, 28, 28)
