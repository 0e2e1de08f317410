"""Distances, scores and tensors of out-of-distribution models."""

from nn_perception.capabilities.tagging import out_of_distribution
from nn_perception.capabilities.tagging.out_of_distribution import (
    CURVE,
    distances,
    OutOfDistributionModel,
    REFERENCES,
    unit_length,
)
import numpy as np
import pytest

AXES = np.eye(4, dtype=np.float32)


def test_distance_by_hand():
    references = AXES[:2]
    found = distances(np.array([[2, 2, 0, 0], [0, 0, 5, 0], [0, 0, 0, 0]], np.float32), references)
    np.testing.assert_allclose(found, [1 - 0.5**0.5, 1, 1], rtol=1e-6)


def test_only_the_nearest_three_count():
    references = unit_length(np.concatenate([np.tile(AXES[0], (3, 1)), np.tile(AXES[1], (9, 1))]))
    assert distances(AXES[:1], references) == pytest.approx(0.0, abs=1e-6)


def test_the_score_is_a_half_at_the_threshold():
    model = OutOfDistributionModel(AXES[:1], threshold=1.0, scale=0.1)
    assert model.score(AXES[1]) == pytest.approx(0.5)
    assert model.score(AXES[0]) < 1e-4
    assert model.score(-AXES[0]) > 1 - 1e-4


def test_known_frames_have_low_scores():
    random = np.random.default_rng(0)
    known = (np.array([1.0, 0, 0, 0]) + 0.2 * random.normal(size=(300, 4))).astype(np.float32)
    model = OutOfDistributionModel.fit(known, np.arange(100), np.arange(100, 300))
    # Nearly all frames of the same distribution are known.
    others = np.array([1.0, 0, 0, 0]) + 0.2 * random.normal(size=(500, 4))
    unknown = [model.score(one.astype(np.float32)) > 0.5 for one in others]
    assert 0.0 < np.mean(unknown) < 0.05
    assert len(model.references) == 300
    assert model.score(-AXES[0]) > 0.99


def test_blocks_do_not_change_the_result(monkeypatch):
    random = np.random.default_rng(0)
    known = random.normal(size=(300, 8)).astype(np.float32)
    training, held_out = np.arange(0, 300, 2), np.arange(1, 300, 2)
    whole = OutOfDistributionModel.fit(known, training, held_out)
    monkeypatch.setattr(out_of_distribution, 'BLOCK', 7)
    monkeypatch.setattr(out_of_distribution, 'MAX_COSINES', 500)
    parts = OutOfDistributionModel.fit(known, training, held_out)
    np.testing.assert_array_equal(parts.references, whole.references)
    assert parts.threshold == pytest.approx(whole.threshold, rel=1e-6)
    assert parts.scale == pytest.approx(whole.scale, rel=1e-5)
    np.testing.assert_array_equal(unit_length(known, held_out), unit_length(known[held_out]))


def test_tensors_round_trip():
    model = OutOfDistributionModel(AXES[:2], 0.5, 0.25)
    again = OutOfDistributionModel.from_tensors(model.to_tensors())
    np.testing.assert_array_equal(again.references, model.references)
    assert (again.threshold, again.scale) == (0.5, 0.25)
    assert OutOfDistributionModel.from_tensors({'head.weight': AXES}) is None


@pytest.mark.parametrize(
    ('tensors', 'reason'),
    [
        ({REFERENCES: AXES}, 'damaged'),
        ({REFERENCES: AXES[0], CURVE: np.ones(2)}, 'damaged'),
        ({REFERENCES: AXES, CURVE: np.array([0.5, 0.0])}, 'positive'),
    ],
)
def test_damaged_tensors_are_rejected(tensors, reason):
    with pytest.raises(ValueError, match=reason):
        OutOfDistributionModel.from_tensors(tensors)
