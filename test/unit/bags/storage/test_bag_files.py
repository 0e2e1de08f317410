"""Which files a bag has, and what they are."""

from __future__ import annotations

import os
from pathlib import Path
import socket
from typing import Any

from backports import zstd
from nn_perception.bags.storage.bag_files import listed_files, open_file
from nn_perception.bags.storage.files import BagError, open_regular
import pytest


def test_names_that_rosbag2_writes(tmp_path: Path) -> None:
    for name in ('a.db3.zstd', 'b.mcap', 'c.db3', 'c.db3.zstd'):
        (tmp_path / name).touch()
    names = ['a.db3', 'b.mcap.zstd', 'folder/c.db3']
    assert [path.name for path in listed_files(tmp_path, names)] == [
        'a.db3.zstd', 'b.mcap', 'c.db3'
    ]  # fmt: skip
    assert [path.name for path in listed_files(tmp_path, ['c.db3.zstd'])] == ['c.db3.zstd']


@pytest.mark.parametrize(
    ('names', 'reason'),
    [
        ([], 'do not name its files'),
        ([None], 'do not name its files'),
        ([['a.db3']], 'do not name its files'),
        (['b.db3'], 'no file b.db3'),
        (['../secret'], 'no file secret'),
        (['..'], 'no file'),
        ([''], 'no file'),
        (['a.db3', 'a.db3'], 'name a file twice'),
        (['a.db3', 'x/a.db3.zstd'], 'name a file twice'),
    ],
)
def test_names_that_are_rejected(tmp_path: Path, names: list[Any], reason: str) -> None:
    folder = tmp_path / 'bag'
    folder.mkdir()
    (folder / 'a.db3').touch()
    (tmp_path / 'secret').touch()
    with pytest.raises(BagError, match=reason):
        listed_files(folder, names)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize(
    'make',
    [
        os.mkfifo,
        make_socket,
        lambda path: os.symlink('/dev/zero', path),
        lambda path: os.symlink('/dev/tty', path),
        os.mkdir,
    ],
)
@pytest.mark.parametrize('name', ['x.db3', 'x.mcap', 'x.db3.zstd', 'x.bag'])
def test_what_is_no_file_is_not_opened(
    tmp_path: Path, make: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket has a limit
    make(Path(name))
    for opener in (open_file, open_regular):
        with pytest.raises(BagError, match=f'{name} is not a regular file'):
            opener(Path(name))


def test_the_first_bytes_tell_the_format(tmp_path: Path, recording: Any) -> None:
    messages = [('/wheel', 5, recording.wheel(1.0))]
    for storage, suffix in (('sqlite3', 'db3'), ('mcap', 'mcap')):
        folder = recording.write(tmp_path / storage, messages, storage=storage)
        content = (folder / f'{storage}.{suffix}').read_bytes()
        for name, stored in (('x.db3', content), ('x.mcap.zstd', zstd.compress(content))):
            path = tmp_path / name
            path.write_bytes(stored)
            reader, found = open_file(path)
            assert found == storage
            ids = [each.id for each in reader.connections]
            # The decompressed file is gone, and still read.
            assert len(list(reader.messages(ids))) == 1
            reader.close()


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'x.db3 seems to be empty'),
        (b'hello', 'neither an MCAP nor a sqlite3 file'),
        (zstd.compress(b'hello'), 'does not contain a bag'),
        (b'version https://git-lfs.github.com/spec/v1', 'neither an MCAP nor a sqlite3 file'),
        (b'SQLite format 3\x00', 'damaged'),
        (b'\x89MCAP0\r\n', 'its end is missing'),
    ],
)
def test_what_is_no_bag(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / 'x.db3'
    path.write_bytes(content)
    with pytest.raises(BagError, match=reason):
        open_file(path)
