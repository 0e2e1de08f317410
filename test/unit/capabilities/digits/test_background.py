"""Paper is even; what digits are mistaken in is not."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.background import unevenness
from nn_perception.capabilities.digits.detector import find_candidates
import numpy as np
from numpy.typing import NDArray


def uneven(grey: NDArray[np.float64]) -> float:
    """Write a 4 into the middle of a ground, and judge its ground."""
    page = np.clip(grey, 0, 255).astype(np.uint8)
    cv2.putText(page, '4', (45, 75), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 30, 4, cv2.LINE_AA)
    found = [one for one in find_candidates(page, ink='dark') if 45 < one.bbox[0] + 10 < 75]
    return unevenness(max(found, key=lambda one: one.bbox[3]))


def ground(value: float = 200.0) -> NDArray[np.float64]:
    return np.full((120, 120), value)


def test_paper_is_even_also_in_weak_light_from_a_side() -> None:
    noise = np.random.default_rng(0).normal(0.0, 3.0, (120, 120))
    assert uneven(ground() + noise) < 0.1
    assert uneven(ground(120.0) + noise) < 0.1
    assert uneven(ground() * np.linspace(1.0, 0.7, 120) + noise) < 0.2


def test_a_spotted_ground_is_uneven() -> None:
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(0.0, 1.0, (120, 120)), (0, 0), 6)
    assert uneven(ground() + 45.0 * noise / noise.std()) > uneven(ground()) + 0.1


def test_the_edge_of_something_is_uneven() -> None:
    step = ground()
    step[:, 82:] = 110.0
    assert uneven(step) > uneven(ground()) + 0.1
