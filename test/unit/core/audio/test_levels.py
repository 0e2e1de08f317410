"""How loud a sound is."""

from __future__ import annotations

from nn_perception.core.audio.levels import (
    clipping_share,
    FLOOR_DB,
    level_db,
    loudest_db,
    only_zeros,
)
import numpy as np
import pytest


@pytest.mark.parametrize(
    ('samples', 'expected_db'),
    [
        (np.ones(100), 0.0),
        (np.full(100, -0.1), -20.0),
        (np.sin(np.arange(1600) * 2.0 * np.pi / 16.0), -3.01),
        (np.zeros(100), FLOOR_DB),
        (np.full(100, 1e-30), FLOOR_DB),
        (np.array([np.nan, np.inf, 0.1, 0.1]), -23.01),
        (np.empty(0), FLOOR_DB),
    ],
)
def test_level(samples: np.ndarray, expected_db: float) -> None:
    assert level_db(samples.astype(np.float32)) == pytest.approx(expected_db, abs=0.01)


def test_a_click_in_silence_is_loud() -> None:
    samples = np.zeros(16000, np.float32)
    samples[8000:9600] = 0.1
    assert loudest_db(samples) == pytest.approx(-20.0, abs=0.01)
    assert level_db(samples) == pytest.approx(-30.0, abs=0.01)
    assert loudest_db(samples[:0]) == FLOOR_DB


def test_clipping() -> None:
    samples = np.array([0.5, -1.0, 32767 / 32768, 0.99, 1.5], np.float32)
    assert clipping_share(samples) == pytest.approx(0.6)
    assert clipping_share(samples[:0]) == 0.0


def test_only_zeros() -> None:
    assert only_zeros(np.zeros(3, np.int16))
    assert not only_zeros(np.array([0, 1], np.int16))
