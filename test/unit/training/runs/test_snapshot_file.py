"""Snapshots from strangers are checked before anything is started."""

from __future__ import annotations

from dataclasses import replace
import json

from nn_perception.training.runs.learning.curves import Curves
from nn_perception.training.runs.run_folder import starting
from nn_perception.training.runs.snapshot_file import read_snapshot, SnapshotMetadata
from nn_perception.training.runs.store.run_store import check_run
import numpy as np
import pytest
import safetensors.numpy
from small_runs import NETWORK, SETTINGS

WEIGHTS = {'network.weight': np.ones(3, np.float32)}
METADATA = SnapshotMetadata(SETTINGS, starting(SETTINGS), Curves().to_json(), {}).to_strings()


def test_a_snapshot_of_this_network_is_accepted() -> None:
    content = safetensors.numpy.save(WEIGHTS, METADATA)
    assert read_snapshot(content).settings == SETTINGS
    check_run(SETTINGS, content)


@pytest.mark.parametrize(
    'changes',
    [
        {'format': 'other'},
        {'settings': '[]'},
        {'settings': json.dumps({'title': 'x', 'network': NETWORK, 'epochs': 0})},
        {'status': '{}'},
        {'progress': 'NaN'},
        {'more': ''},
    ],
)
def test_damaged_metadata_are_named(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match='This is not a snapshot of a run'):
        read_snapshot(safetensors.numpy.save(WEIGHTS, METADATA | changes))


@pytest.mark.parametrize('content', [b'', b'x' * 100, b'PK\x03\x04', b'\xff' * 8])
def test_other_files_are_named(content: bytes) -> None:
    with pytest.raises(ValueError, match='This is not a snapshot of a run'):
        check_run(SETTINGS, content)


def test_a_snapshot_of_another_network_is_rejected() -> None:
    content = safetensors.numpy.save(WEIGHTS, METADATA)
    other = {
        'input': [1, 28, 28],
        'layers': [{'type': 'flatten'}, {'type': 'linear', 'units': 10}],
    }
    with pytest.raises(ValueError, match='of another network or recipe'):
        check_run(replace(SETTINGS, network=other), content)
