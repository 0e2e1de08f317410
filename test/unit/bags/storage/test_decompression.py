"""Decompression never gives more than it may."""

from __future__ import annotations

import bz2
from collections.abc import Callable
import os
from pathlib import Path
import tracemalloc

from backports import zstd
import lz4.frame
from nn_perception.bags.storage import decompression
from nn_perception.bags.storage.decompression import expand, expand_file, ZSTD_MAGIC
from nn_perception.bags.storage.files import BagError
import pytest

CODECS: dict[str, Callable[[bytes], bytes]] = {
    'zstd': zstd.compress,
    'lz4': lz4.frame.compress,
    'bz2': bz2.compress,
}
Zeros = Callable[[str, int], bytes]
MB = 1_000_000
MAGIC = b'SQLite format 3\x00'


@pytest.mark.parametrize('codec', CODECS)
@pytest.mark.parametrize('size', [0, 1, 70_000, 3 * MB, 40 * MB])
def test_all_comes_out(codec: str, size: int) -> None:
    if codec == 'bz2':
        size //= 20  # it is slow
    content = (os.urandom(1000) * (size // 1000 + 1))[:size]
    stored = CODECS[codec](content)
    assert expand(stored, codec) == content
    assert expand(memoryview(stored), codec, size) == content
    # Several frames in a row are one content.
    assert expand(stored + stored, codec) == content + content
    with pytest.raises(BagError, match=r'damaged|expand to more'):
        expand(stored, codec, size + 1)
    if size:
        with pytest.raises(BagError, match='expand to more than'):
            expand(stored, codec, size - 1)


@pytest.mark.parametrize('codec', CODECS)
def test_a_bomb_is_not_kept(codec: str, zeros: Zeros) -> None:
    stored = zeros(codec, 140 * MB)
    assert len(stored) < MB
    tracemalloc.start()
    with pytest.raises(BagError, match='expand to more than 128000000 bytes'):
        expand(stored, codec)
    assert tracemalloc.get_traced_memory()[1] < 40 * MB
    tracemalloc.stop()


def test_a_stated_size_is_believed_only_if_it_is_possible() -> None:
    stored = zstd.compress(bytes(1000))
    with pytest.raises(BagError, match='expand to more than'):
        expand(stored, 'zstd', 2**60)
    # Real images compress to a third; those may be larger.
    assert decompression.max_expanded(20 * MB) == 320 * MB
    assert decompression.max_expanded(10**9) == 512 * MB


@pytest.mark.parametrize('codec', CODECS)
def test_damage(codec: str) -> None:
    stored = CODECS[codec](os.urandom(100_000))
    damaged = bytearray(stored)
    damaged[5000:5040] = bytes(40)
    for content in (b'', b'hello', stored[:-1], stored[:9], stored + b'rest', bytes(damaged)):
        try:
            expand(content, codec)
        except BagError:
            continue
        # bz2 ignores what follows; a format without checksums cannot notice all damage.
        assert content not in (b'', b'hello', stored[:-1], stored[:9])
    with pytest.raises(BagError, match="compression 'rar' is not supported"):
        expand(stored, 'rar')


def test_a_file(tmp_path: Path) -> None:
    content = MAGIC + os.urandom(MB)
    path = tmp_path / 'x.db3.zstd'
    path.write_bytes(zstd.compress(content))
    expand_file(path, tmp_path / 'expanded', (MAGIC,))
    assert (tmp_path / 'expanded').read_bytes() == content


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (lambda _: zstd.compress(bytes(9 * MB)), 'x.db3.zstd does not contain a bag'),
        (lambda zeros: zstd.compress(MAGIC) + zeros('zstd', 300 * MB), 'the limit of 128 MB'),
        (lambda _: zstd.compress(MAGIC + os.urandom(MB))[:-5], 'damaged'),
        (lambda _: ZSTD_MAGIC, 'damaged'),
    ],
)
def test_a_file_that_is_rejected(
    tmp_path: Path,
    zeros: Zeros,
    content: Callable[[Zeros], bytes],
    reason: str,
) -> None:
    path = tmp_path / 'x.db3.zstd'
    path.write_bytes(content(zeros))
    with pytest.raises(BagError, match=reason):
        expand_file(path, tmp_path / 'expanded', (MAGIC,))
    assert (tmp_path / 'expanded').stat().st_size <= 128 * MB


def test_the_disk_is_not_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'x.db3.zstd'
    path.write_bytes(zstd.compress(MAGIC + os.urandom(20 * MB)))

    class Usage:
        free = 5 * MB

    monkeypatch.setattr(decompression.shutil, 'disk_usage', lambda _: Usage)
    with pytest.raises(BagError, match='more than the 5 MB that are free'):
        expand_file(path, tmp_path / 'expanded', (MAGIC,))
