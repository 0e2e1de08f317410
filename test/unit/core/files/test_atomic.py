"""Atomic file I/O."""

from nn_perception.core.files.atomic import append_whole, write_atomically
import pytest


def test_writing_replaces_the_file_and_leaves_no_other(tmp_path):
    path = tmp_path / 'file'
    write_atomically(path, b'one')
    write_atomically(path, b'two')
    assert path.read_bytes() == b'two'
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_appending_is_atomic(tmp_path, largest_file):
    path = tmp_path / 'lines'
    append_whole(path, b'one\n')
    with largest_file(6), pytest.raises(OSError, match=r'large|space'):
        append_whole(path, b'second\n')
    assert path.read_bytes() == b'one\n'
