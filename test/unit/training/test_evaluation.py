"""Accuracy, recall and precision against what one counts by hand."""

from __future__ import annotations

import json

from nn_perception.training.evaluation import (
    calibration_error,
    evaluate_predictions,
    softmax,
)
import numpy as np
import pytest

LABELS = ('cat', 'dog', 'none')


def evaluation(truth: list[int], predicted: list[int]):
    return evaluate_predictions(np.array(truth, int), np.array(predicted, int), LABELS)


def test_counts_rows_of_truth_and_columns_of_predictions():
    result = evaluation([0, 0, 0, 1, 1], [0, 0, 1, 1, 2])
    np.testing.assert_array_equal(result.confusion, [[2, 1, 0], [0, 1, 1], [0, 0, 0]])
    assert result.accuracy == 0.6
    np.testing.assert_allclose(result.recall, [2 / 3, 1 / 2, np.nan])
    np.testing.assert_allclose(result.precision, [1.0, 1 / 2, 0.0])


def test_json_has_no_nan():
    result = evaluation([0, 1], [0, 0]).to_json()
    assert json.loads(json.dumps(result, allow_nan=False)) == {
        'labels': list(LABELS),
        'examples': 2,
        'errors': 1,
        'accuracy': 0.5,
        'recall': [1.0, 0.0, None],
        'precision': [0.5, None, None],
        'confusion': [[1, 0, 0], [1, 0, 0], [0, 0, 0]],
    }


def test_nothing_to_evaluate():
    result = evaluation([], [])
    assert np.isnan(result.accuracy)
    assert result.confusion.sum() == 0
    assert result.to_json()['accuracy'] is None


def test_types_of_labels_and_predictions_may_differ():
    truth, predicted = np.array([2, 2], np.uint8), np.array([2, 1], np.int64)
    assert evaluate_predictions(truth, predicted, LABELS).accuracy == 0.5


@pytest.mark.parametrize(
    ('truth', 'predicted', 'reason'),
    [
        ([0, 1], [0], r'got \(2,\) and \(1,\)'),
        ([[0]], [[0]], 'two arrays'),
        ([0, 3], [0, 0], 'must be 0 to 2, got 0 to 3'),
        ([0, 1], [0, -1], 'got -1 to 1'),
    ],
)
def test_refuses_what_does_not_fit(truth, predicted, reason):
    with pytest.raises(ValueError, match=reason):
        evaluation(truth, predicted)


def test_calibration_error_by_hand():
    # Two answers with 0.8, one right; two with 0.6, both right.
    logits = np.log([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4], [0.6, 0.4]])
    assert calibration_error(logits, np.array([0, 1, 0, 0])) == pytest.approx(
        (2 * 0.3 + 2 * 0.4) / 4
    )
    assert calibration_error(1000.0 * np.eye(3), np.arange(3)) == 0.0


def test_softmax_of_large_values():
    scores = softmax(np.array([[1000.0, 1000.0], [0.0, -1000.0]], np.float32))
    np.testing.assert_allclose(scores, [[0.5, 0.5], [1.0, 0.0]])
