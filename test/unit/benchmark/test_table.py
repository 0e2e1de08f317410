"""The rows of the benchmark compare measured figures with their limits."""

from __future__ import annotations

from nn_perception.benchmark import table
import pytest


def test_latency_is_compared_with_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    measurements = {
        'latency': {'p50_ms': 12.8, 'bare_p50_ms': 6.5},
        'digit_latency': {'p50_ms': 12.7, 'bare_p50_ms': 6.5},
        'pose_latency': {'p50_ms': 14.8, 'bare_p50_ms': 6.5},
    }
    monkeypatch.setattr(table, '_probe', lambda name, _: measurements[name])
    rows = table.node_rows(1.0)
    node, digits, poses = (next(rows) for _ in range(3))
    assert (node.reached, digits.reached, poses.reached) == (False, True, False)
    assert node.measured == '12.80 ms (limit 12.75)'
    assert poses.must == '<= 1.5 x bare + 5 ms'
    assert poses.figures['limit_ms'] == 14.75
