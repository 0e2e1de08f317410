"""``make soak`` for a few seconds: all disturbances are applied, all criteria evaluated."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal
import subprocess
import sys

from patience import HANGS_S, wait_until
import pytest

SOAK = [sys.executable, '-m', 'nn_perception.benchmark.soak']
KINDS = ('parameters set', 'parameters refused', 'transitions refused')


@pytest.mark.long
def test_soak_disturbs_and_evaluates(tmp_path: Path, ros_environment: None) -> None:
    output, logs = tmp_path / 'soak.json', tmp_path / 'logs'
    options = ['--minutes', '0.1', '--round', '6', '--seed', '3']
    result = subprocess.run(
        [*SOAK, *options, '--output', str(output), '--logs', str(logs)],
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )
    figures = json.loads(output.read_text())
    rows = {row['what']: row for row in figures['verdict']}
    assert result.returncode == (1 if any(r['reached'] is False for r in rows.values()) else 0)
    # Not the ages and times: the machine may be busy. Nor the size of the logs: most of it is
    # written in the reset, which takes most of so short a round.
    for what in (
        'processes that crashed or hung',
        'requests answered as expected',
        'entries in /dev/shm',
    ):
        assert rows[what]['reached'] is True, result.stdout
    assert rows['logs in the last round']['measured'].endswith(', 0 tracebacks')
    assert rows['memory of perception']['reached'] is None
    assert [figures['done'][kind] > 0 for kind in KINDS] == [True] * len(KINDS)
    assert all(count > 0 for count in figures['results'].values())
    assert all(end['status'] == 0 for end in figures['ends'].values())
    assert '| what | target | measured | |' in result.stdout


def test_an_interrupted_soak_ends_its_processes(tmp_path: Path, ros_environment: None) -> None:
    process = subprocess.Popen([*SOAK, '--logs', str(tmp_path)], stdout=subprocess.DEVNULL)
    children = wait_until(lambda: children_of(process.pid))
    process.send_signal(signal.SIGINT)
    assert process.wait(HANGS_S) == 1
    assert not [pid for pid in children if os.path.exists(f'/proc/{pid}')]


def children_of(pid: int) -> list[str]:
    return Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
