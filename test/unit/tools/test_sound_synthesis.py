"""Synthesised sounds: of any kind, reproducible, and another one each time."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope='module')
def tool(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool('sound_synthesis')


def test_all_kinds(tool: ModuleType) -> None:
    assert len(tool.KINDS) >= 8
    for kind in tool.KINDS:
        first, again, other = (
            tool.synthesised(kind, np.random.default_rng(seed)) for seed in (3, 3, 4)
        )
        assert first.dtype == np.float32
        assert first.shape == (16_000,)
        assert np.isfinite(first).all()
        assert 0.01 < np.abs(first).max() <= 1.0
        np.testing.assert_array_equal(first, again)
        assert not np.allclose(first, other)


def test_a_whistle_is_a_tone_and_a_saw_is_none(tool: ModuleType) -> None:
    peaks = {}
    for kind in ('whistle', 'saw'):
        power = np.abs(np.fft.rfft(tool.KINDS[kind](np.random.default_rng(0)))) ** 2
        peaks[kind] = power.max() / power.mean()
    assert peaks['whistle'] > 5.0 * peaks['saw']
