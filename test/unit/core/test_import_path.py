"""Nothing is imported from the folder where a program of this package is started."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys

from nn_perception.core.import_path import PACKAGE_ROOT
from nn_perception.ros.process.node_process import node_command
from patience import HANGS_S
import pytest

AS_MODULE = [sys.executable, '-m', 'nn_perception.cli']
AS_CODE = [sys.executable, '-c', 'from nn_perception.cli.main import main; main()']


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=str(PACKAGE_ROOT)),
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )


@pytest.mark.parametrize('command', [AS_MODULE, AS_CODE], ids=['-m', '-c'])
def test_a_command(trapped_folder: Path, command: list[str]) -> None:
    done = run([*command, 'models'], trapped_folder)
    assert done.returncode == 0, done.stderr
    assert 'efficientnet_lite0' in done.stdout


@pytest.mark.parametrize('way', ['as module', 'as code', 'by the package'])
def test_a_node(trapped_folder: Path, way: str) -> None:
    module = 'nn_perception.ros.process.entry_points'
    start = {
        'as module': [sys.executable, '-m', 'nn_perception.ros.nodes.fine_tuner', '--ros-args'],
        'as code': [sys.executable, '-c', f'import {module} as e; exit(e.fine_tuner())',
                    '--ros-args'],
        'by the package': node_command('fine_tuner'),
    }[way]  # fmt: skip
    done = run([*start, '-p', 'quota_mb:=-1'], trapped_folder)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith('parameter quota_mb: ')
