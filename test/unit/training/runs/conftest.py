"""Runs for tests: small networks and few digits, in a store of the module's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nn_perception.training.runs.store.run_store import RunStore
import pytest


@pytest.fixture(scope='module')
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunStore]:
    made = RunStore(Path(tmp_path_factory.mktemp('runs')))
    try:
        yield made
    finally:
        made.close()
