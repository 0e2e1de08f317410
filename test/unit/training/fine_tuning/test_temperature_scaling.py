from nn_perception.training.fine_tuning.temperature_scaling import (
    calibration_error,
    fit_temperature,
)
import numpy as np
import pytest


def test_calibration_error_by_hand():
    # Two answers with 0.8, one right; two with 0.6, both right.
    scores = np.array([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4], [0.6, 0.4]])
    assert calibration_error(scores, np.array([0, 1, 0, 0])) == pytest.approx(
        (2 * 0.3 + 2 * 0.4) / 4
    )
    assert calibration_error(np.eye(3), np.arange(3)) == 0.0


@pytest.mark.parametrize('factor', [0.7, 1.0, 3.0])
def test_temperature_is_found(factor):
    random = np.random.default_rng(0)
    logits = 2.0 * random.normal(size=(20_000, 3))
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (scores.cumsum(1) < random.random((len(scores), 1))).sum(1).clip(max=2)
    assert fit_temperature(logits * factor, truth) == pytest.approx(factor, rel=0.06)
