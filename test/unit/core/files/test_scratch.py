"""Scratch folders, also of processes that were killed."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import subprocess
import sys
import tempfile

from nn_perception.core.files.scratch import PREFIX, scratch_folder
import pytest

HOLD = """
import sys
from nn_perception.core.files.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / 'part').write_text('half')
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv('TMPDIR', str(tmp_path))
    monkeypatch.setattr(tempfile, 'tempdir', None)
    return tmp_path


@pytest.fixture
def holder(temporary: Path) -> subprocess.Popen[str]:
    """Start a process that holds a scratch folder."""
    return subprocess.Popen(
        [sys.executable, '-c', HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_it_is_private_and_deleted(temporary: Path) -> None:
    with scratch_folder() as folder:
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / 'a').mkdir()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_what_is_in_use_is_not(
    holder: subprocess.Popen[str], temporary: Path
) -> None:
    assert holder.stdout is not None
    held = Path(holder.stdout.readline().strip())
    with scratch_folder() as folder:
        assert (held / 'part').exists()
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
        assert (held / 'part').exists()
        with scratch_folder():
            assert not held.exists()
            assert folder.exists()


@pytest.mark.parametrize('name', ['nn_perception-ab12cd34', 'other', PREFIX[:-1]])
def test_folders_of_others_stay(temporary: Path, name: str) -> None:
    (temporary / name).mkdir()
    with scratch_folder():
        assert (temporary / name).exists()


def test_links_are_not_followed(temporary: Path) -> None:
    precious = temporary / 'precious'
    precious.mkdir()
    (precious / 'file').touch()
    (temporary / f'{PREFIX}link').symlink_to(precious)
    (temporary / f'{PREFIX}file').touch()
    with scratch_folder():
        assert (precious / 'file').exists()
    assert (temporary / f'{PREFIX}link').is_symlink()


def test_folders_of_another_user_stay(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (temporary / f'{PREFIX}theirs').mkdir()
    user = os.geteuid()
    monkeypatch.setattr(os, 'geteuid', lambda: user + 1)
    with scratch_folder():
        assert (temporary / f'{PREFIX}theirs').exists()
