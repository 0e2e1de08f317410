"""``python -m nn_perception.ros.nodes.<node>`` runs the node."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import nn_perception
from patience import HANGS_S
import pytest

NODES = Path(nn_perception.__file__).parent / 'ros' / 'nodes'
# A value that each node rejects, so that it ends before it starts.
REJECTED = {
    'tagger': 'top_k:=0',
    'digit_reader': 'min_height:=0',
    'pose_estimator': 'max_people:=0',
    'fine_tuner': 'quota_mb:=-1',
    'sound_tagger': 'overlap:=1.0',
    'sound_fine_tuner': 'quota_mb:=-1',
    'perception': 'nodes:=[nothing]',
    'camera_source': 'jpeg_quality:=0',
    'sound_source': 'chunk_s:=0.0',
    'studio': 'max_clients:=0',
}


def test_all_nodes_are_tested() -> None:
    assert {path.stem for path in NODES.glob('[!_]*.py')} == set(REJECTED)


@pytest.mark.parametrize('node', REJECTED)
def test_module_runs_the_node(node: str) -> None:
    argument = REJECTED[node]
    ended = subprocess.run(
        [sys.executable, '-m', f'nn_perception.ros.nodes.{node}', '--ros-args', '-p', argument],
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.startswith(f'parameter {argument.partition(":")[0]}: ')
    assert 'Traceback' not in ended.stderr
