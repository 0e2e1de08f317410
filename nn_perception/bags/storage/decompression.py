"""
Decompression with limits.

A few hundred bytes can stand for gigabytes. The size that a header states is not trusted: what
comes out is counted before it is kept.
"""

from __future__ import annotations

import bz2
from collections.abc import Callable, Iterable, Iterator
import io
from pathlib import Path
import shutil
import sys
from typing import Any

from nn_perception.bags.storage.files import BagError, open_regular

ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'
MEGABYTE = 1_000_000
# A message or chunk may have this size, or be this many times larger than its compressed bytes.
ALWAYS_ALLOWED = 128 * MEGABYTE
MAX_RATIO = 16
# The largest message, also of those that are not compressed.
MAX_MESSAGE = 512 * MEGABYTE
# Files of simulated, empty scenes are large and compress well, but not as well as zeros.
MAX_FILE_RATIO = 64
BLOCK = 1 << 16
PIECE = 1 << 20
# Beyond this size, it is counted first what comes out.
KEEP = 16 * MEGABYTE


def max_expanded(compressed: int) -> int:
    """Return how many bytes may come out of so many compressed ones."""
    return max(ALWAYS_ALLOWED, min(MAX_RATIO * compressed, MAX_MESSAGE))


def expand(stored: bytes | memoryview, compression: str, size: int | None = None) -> bytes:
    """
    Decompress a message or chunk.

    :param compression: ``zstd``, ``lz4``, ``bz2``; empty: none
    :param size: how many bytes it has to become; None if that is unknown
    :raises BagError: if it is damaged, becomes too large, or the compression is unknown
    """
    limit = max_expanded(len(stored))
    if size is not None and size > limit:
        raise BagError(_too_large(len(stored), limit))
    content = _expanded(stored, compression, limit if size is None else size)
    if size is not None and len(content) != size:
        raise BagError('it is damaged (a part has another size than stated)')
    return content


def _expanded(stored: bytes | memoryview, compression: str, limit: int) -> bytes:
    if not compression:
        return bytes(stored)
    codec, kept, total = _codec(compression), [], 0
    for piece in _pieces(codec, _blocks(stored)):
        total += len(piece)
        if total > limit:
            raise BagError(_too_large(len(stored), limit))
        if total <= KEEP:
            kept.append(piece)
    if total <= KEEP:
        return b''.join(kept)
    kept.clear()
    expanded = io.BytesIO()
    expanded.writelines(_pieces(codec, _blocks(stored)))
    return expanded.getvalue()


def expand_file(path: Path, expanded: Path, magics: tuple[bytes, ...]) -> None:
    """
    Decompress a file.

    :param path: of a file that is compressed with zstd
    :param expanded: of the new file
    :param magics: what the new file may start with
    :raises BagError: if it is damaged, becomes too large, or is not a bag
    :raises OSError: if it cannot be read or written
    """
    total, free = 0, shutil.disk_usage(expanded.parent).free
    limit = max(ALWAYS_ALLOWED, MAX_FILE_RATIO * path.stat().st_size)
    with open_regular(path) as stream, expanded.open('xb') as target:
        for piece in _pieces(_codec('zstd'), iter(lambda: stream.read(BLOCK), b'')):
            if not total and not piece.startswith(magics):
                raise BagError(f'{path.name} does not contain a bag')
            total += len(piece)
            if total > min(limit, free):
                reason = f'more than the limit of {limit // MEGABYTE} MB'
                if free < limit:
                    reason = f'more than the {free // MEGABYTE} MB that are free in TMPDIR'
                raise BagError(
                    f'{path.name} expands to {reason}: decompress it with `zstd -d` first'
                )
            target.write(piece)


def _too_large(compressed: int, limit: int) -> str:
    return f'{compressed} compressed bytes expand to more than {limit} bytes'


def _blocks(stored: bytes | memoryview) -> Iterator[memoryview]:
    view = memoryview(stored)
    return (view[at : at + BLOCK] for at in range(0, len(view), BLOCK))


def _pieces(codec: Callable[[], Any], blocks: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Decompress blocks of one or more frames to pieces of bounded size."""
    decoder = codec()
    for block in blocks:
        rest: Any = block
        while rest:
            if decoder.eof:
                decoder = codec()
            yield from _output(decoder, rest)
            rest = decoder.unused_data if decoder.eof else None
    if not decoder.eof:
        raise BagError('it is damaged (compressed data end too early)')


def _output(decoder: Any, stored: bytes | memoryview) -> Iterator[bytes]:
    """Decompress one block, up to the end of its frame."""
    given: bytes | memoryview = stored
    try:
        while True:
            piece = decoder.decompress(given, PIECE)
            if piece:
                yield piece
            if decoder.eof or decoder.needs_input:
                return
            given = b''
    except _errors() as error:
        raise BagError(f'it is damaged ({error})') from error


def _codec(compression: str) -> Callable[[], Any]:
    """Return what makes decompressors, which all have the interface of those of bz2."""
    if compression == 'zstd':
        return _zstd().ZstdDecompressor  # type: ignore[no-any-return]
    if compression == 'lz4':
        from lz4.frame import LZ4FrameDecompressor

        return LZ4FrameDecompressor  # type: ignore[no-any-return]
    if compression == 'bz2':
        return bz2.BZ2Decompressor
    raise BagError(f'its compression {compression[:20]!r} is not supported')


def _errors() -> tuple[type[Exception], ...]:
    # bz2 raises OSError, lz4 RuntimeError.
    return (OSError, RuntimeError, ValueError, EOFError, MemoryError, _zstd().ZstdError)


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
