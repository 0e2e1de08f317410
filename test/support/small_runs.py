"""Settings of runs that take no time: a small network and a few drawn digits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nn_perception.training.runs.records import Rates, RunSettings, RunState
from nn_perception.training.runs.run import Run
from patience import wait_until

NETWORK: dict[str, Any] = {
    'input': [1, 28, 28],
    'layers': [
        {'type': 'conv', 'filters': 2, 'kernel': 5, 'activation': 'relu'},
        {'type': 'max_pool', 'size': 4},
        {'type': 'flatten'},
        {'type': 'dropout', 'rate': 0.2},
        {'type': 'linear', 'units': 10},
    ],
}
SETTINGS = RunSettings(
    'A small network',
    NETWORK,
    data='generated_digits',
    rates=Rates(batch_size=32),
    epochs=2,
    limit=100,
)


def endless(**changes: Any) -> RunSettings:
    """Return settings of a run that goes on until it is told otherwise."""
    return replace(SETTINGS, epochs=10_000, **changes)


def wait_for(run: Run, *states: RunState) -> None:
    """Wait until a run is in one of some states."""
    wait_until(lambda: run.status().state in states, interval_s=0.05)


def wait_for_steps(run: Run, steps: int) -> None:
    """Wait until a run has done some steps."""
    wait_until(lambda: run.status().step >= steps, interval_s=0.05)
