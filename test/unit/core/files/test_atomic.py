"""Atomic file I/O."""

import os

from nn_perception.core.files.atomic import append_whole, write_atomically
from nn_perception.core.files.locks import lock, writer_lock
import pytest


def test_writing_replaces_the_file_and_leaves_no_other(tmp_path):
    path = tmp_path / 'file'
    write_atomically(path, b'one')
    write_atomically(path, b'two')
    assert path.read_bytes() == b'two'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('umask', [0o000, 0o022, 0o077])
def test_files_are_private_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / 'file', b'one')
        append_whole(tmp_path / 'lines', b'one\n')
        with lock(tmp_path / 'lock'), writer_lock(tmp_path / 'writer', 'it'):
            pass
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_appending_is_atomic(tmp_path, largest_file):
    path = tmp_path / 'lines'
    append_whole(path, b'one\n')
    with largest_file(6), pytest.raises(OSError, match=r'large|space'):
        append_whole(path, b'second\n')
    assert path.read_bytes() == b'one\n'
