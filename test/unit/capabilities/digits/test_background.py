"""The background of writing is even; that of false digits often is not."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.background import unevenness
from nn_perception.capabilities.digits.detector import find_candidates
import numpy as np
from numpy.typing import NDArray


def unevenness_of(background: NDArray[np.float64]) -> float:
    """Draw a 4 in the middle of a background, and measure how even it is."""
    page = np.clip(background, 0, 255).astype(np.uint8)
    cv2.putText(page, '4', (45, 75), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 30, 4, cv2.LINE_AA)
    found = [one for one in find_candidates(page, ink='dark') if 45 < one.bbox[0] + 10 < 75]
    return unevenness(max(found, key=lambda one: one.bbox[3]))


def plain(value: float = 200.0) -> NDArray[np.float64]:
    return np.full((120, 120), value)


def test_paper_is_even_in_weak_light_and_in_light_from_one_side() -> None:
    noise = np.random.default_rng(0).normal(0.0, 3.0, (120, 120))
    assert unevenness_of(plain() + noise) < 0.1
    assert unevenness_of(plain(120.0) + noise) < 0.1
    assert unevenness_of(plain() * np.linspace(1.0, 0.7, 120) + noise) < 0.2


def test_a_spotted_background_is_uneven() -> None:
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(0.0, 1.0, (120, 120)), (0, 0), 6)
    assert unevenness_of(plain() + 45.0 * noise / noise.std()) > unevenness_of(plain()) + 0.1


def test_an_edge_is_uneven() -> None:
    step = plain()
    step[:, 82:] = 110.0
    assert unevenness_of(step) > unevenness_of(plain()) + 0.1
