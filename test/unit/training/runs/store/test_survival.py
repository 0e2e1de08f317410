"""Runs outlive whoever started them, and old ones make room."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
import subprocess

from nn_perception.core.subprocess import python_command, subprocess_environment
from nn_perception.training.runs.plain_records import to_plain
from nn_perception.training.runs.records import RunState
from nn_perception.training.runs.run_folder import RunFolder
from nn_perception.training.runs.store import run_store
from nn_perception.training.runs.store.run_store import RunStore
from patience import wait_until
import pytest
from small_runs import endless, SETTINGS, wait_for_steps

STARTS_AND_DIES = """
import json, os, signal
from nn_perception.training.runs.plain_records import from_plain
from nn_perception.training.runs.records import RunSettings
from nn_perception.training.runs.store.run_store import RunStore
store = RunStore(sys.argv[1])
print(store.start(from_plain(RunSettings, json.loads(sys.argv[2]))).name)
store.prepare()
print(store.spare_pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_survives_the_process_that_started_it(store: RunStore) -> None:
    settings = json.dumps(to_plain(endless()))
    command = python_command(f'exec({STARTS_AND_DIES!r})', [str(store.folder), settings])
    finished = subprocess.run(
        command, env=subprocess_environment(), capture_output=True, text=True, check=False
    )
    assert finished.stderr == ''
    name, spare = finished.stdout.split()
    run = store.find(name)
    wait_for_steps(run, 5)
    # Nobody can use the spare process any more.
    wait_until(lambda: not os.path.exists(f'/proc/{spare}/fd/0'))
    assert run.status().state is RunState.RUNNING
    run.end()
    assert run.status().state is RunState.ENDED
    assert run.evaluate().step == run.status().step


def test_nothing_is_created_or_imported_before_a_run_starts(tmp_path: Path) -> None:
    code = (
        'from nn_perception.training.runs.store.run_store import RunStore; '
        'store = RunStore(sys.argv[1]); store.list(); store.close(); '
        'print("torch" in sys.modules)'
    )
    command = python_command(code, [str(tmp_path / 'runs')])
    printed = subprocess.run(
        command, env=subprocess_environment(), capture_output=True, text=True, check=True
    )
    assert printed.stdout == 'False\n'
    assert not (tmp_path / 'runs').exists()


def test_old_runs_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RunStore(tmp_path)
    for number in (1, 2, 3):
        folder = RunFolder(tmp_path / f'20260101-00000{number}-000000')
        folder.path.mkdir()
        folder.write('settings', SETTINGS)
        (folder.path / 'log.txt').write_bytes(bytes(1000))
    sizes = [RunFolder(tmp_path / run.name).size_bytes() for run in store.list()]
    monkeypatch.setattr(run_store, 'MAX_STORED_BYTES', sizes[0] * 2)
    held = RunFolder(tmp_path / '20260101-000001-000000').lock()
    assert held is not None
    store._delete_oldest()
    assert [run.name[14:15] for run in store.list()] == ['3', '1']  # the first one has a process
    monkeypatch.setattr(run_store, 'MAX_STORED_BYTES', 0)
    with pytest.raises(OSError, match='end and delete some of them first'):
        store._delete_oldest()
    os.close(held)


def test_three_runs_train_at_a_time(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with contextlib.ExitStack() as stack:
        for number in (1, 2, 3):
            folder = RunFolder(tmp_path / f'20260101-00000{number}-000000')
            folder.path.mkdir()
            folder.write('settings', SETTINGS)
            held = folder.lock()  # as a process that is starting
            assert held is not None
            stack.callback(os.close, held)
        with pytest.raises(RuntimeError, match='3 runs are training already'):
            store.start(SETTINGS)
        store._check_room('20260101-000001-000000')  # one of the three may resume
    assert len(store.list()) == 3
