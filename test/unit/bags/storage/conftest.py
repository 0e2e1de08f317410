"""What the tests of storages share."""

from __future__ import annotations

import bz2
from collections.abc import Callable

from backports import zstd
import lz4.frame
import pytest

PIECE = bytes(1_000_000)


def compressed_zeros(codec: str, size: int) -> bytes:
    """Compress zeros without stating how many they are."""
    count = size // len(PIECE)
    if codec == 'lz4':
        compressor = lz4.frame.LZ4FrameCompressor()
        parts = [compressor.begin(), *(compressor.compress(PIECE) for _ in range(count))]
        return b''.join([*parts, compressor.flush()])
    made = zstd.ZstdCompressor() if codec == 'zstd' else bz2.BZ2Compressor()
    return b''.join([*(made.compress(PIECE) for _ in range(count)), made.flush()])


@pytest.fixture
def zeros() -> Callable[[str, int], bytes]:
    return compressed_zeros
