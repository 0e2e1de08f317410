"""Whatever a job says fits into a message."""

from __future__ import annotations

from pathlib import Path

from nn_perception.ros.fine_tuning.messages import fine_tune_result, MAX_RESULT
from nn_perception.training.fine_tuning.job import JobResult
import pytest
from rclpy.serialization import serialize_message

REPORT = {
    'labels': ['cup', 'mug'],
    'accuracy': 1.0,
    'recall': [1.0, None],
    'precision': [1.0, None],
    'confusion': [[2, 0], [0, 0]],
}


@pytest.mark.parametrize('text', ['all is well', 'caf\udce9 is left out', 'a' * 1_000_000, '\0'])
def test_a_result_can_be_sent(text: str) -> None:
    result = JobResult('v', Path('c'), ('cup', 'mug'), True, text, REPORT)
    msg = fine_tune_result(result, 1.5)
    assert serialize_message(msg)
    assert 0 < len(msg.message) <= MAX_RESULT
    assert (msg.success, msg.version, msg.activated, msg.duration) == (True, 'v', True, 1.5)
    assert list(msg.validation.confusion) == [2, 0, 0, 0]
