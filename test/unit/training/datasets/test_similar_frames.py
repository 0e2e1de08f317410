"""Pairs that are compared in blocks are those of all cosines at once."""

from __future__ import annotations

from nn_perception.training.datasets import similar_frames
from nn_perception.training.datasets.similar_frames import similar_later, similar_to_groups
import numpy as np
import pytest


def units(count, seed=0):
    values = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


@pytest.fixture(params=[1, 40, 8_000_000])
def block(request, monkeypatch):
    monkeypatch.setattr(similar_frames, 'MAX_COSINES', request.param)


@pytest.mark.usefixtures('block')
def test_later_frames():
    unit = units(30)
    found = [(first, int(other)) for first, later in similar_later(unit, 0.9) for other in later]
    expected = np.argwhere(np.triu(unit @ unit.T >= 0.9, 1))
    assert found == [tuple(pair) for pair in expected]
    assert 10 < len(found) < 200


@pytest.mark.usefixtures('block')
def test_groups():
    unit, others, sizes = units(20, 1), units(25, 2), [10, 1, 14]
    groups, similar_others = similar_to_groups(unit, others, sizes, 0.95)
    similar = unit @ others.T >= 0.95
    expected = [part.any(axis=1) for part in np.split(similar, [10, 11], axis=1)]
    np.testing.assert_array_equal(groups, np.stack(expected, axis=1))
    np.testing.assert_array_equal(similar_others, similar.any(axis=0))
    assert similar.any()


def test_no_frames():
    assert list(similar_later(units(0), 0.9)) == []
