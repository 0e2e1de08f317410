"""
Settings of glibc's malloc that suit a process through which images flow.

By default every buffer of some megabytes is given back to the kernel and faulted in anew
for the next frame: 4,690 page faults for one of 1920 x 1080. Kept, an image takes half
the time. What malloc keeps is given back now and then, by hand: otherwise a process would stay
as large as the largest image and the loading of its networks ever made it.
"""

from __future__ import annotations

import ctypes
import os
import time

# Parameter numbers of mallopt, from malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LIMIT_BYTES = 1 << 30
# Each thread may get an arena of its own, which keeps what it once needed for an image.
_ARENAS = 2
GIVE_BACK_EVERY_S = 5.0

# Absent with another C library (musl): then nothing is set.
_LIBC = ctypes.CDLL(None)


def keep_large_buffers() -> None:
    """Let malloc keep freed buffers up to 1 GiB, unless the user's environment decides."""
    if not hasattr(_LIBC, 'mallopt'):
        return
    if 'MALLOC_MMAP_THRESHOLD_' not in os.environ:
        _LIBC.mallopt(_M_MMAP_THRESHOLD, _LIMIT_BYTES)
    if 'MALLOC_TRIM_THRESHOLD_' not in os.environ:
        _LIBC.mallopt(_M_TRIM_THRESHOLD, _LIMIT_BYTES)
    if 'MALLOC_ARENA_MAX' not in os.environ:
        _LIBC.mallopt(_M_ARENA_MAX, _ARENAS)


def give_back_freed_memory() -> None:
    """Return to the kernel what malloc holds but nobody uses; takes some milliseconds."""
    if hasattr(_LIBC, 'malloc_trim'):
        _LIBC.malloc_trim(0)


class Housekeeping:
    """Give freed memory back every few seconds, which costs about a thousandth of the time."""

    def __init__(self) -> None:
        self._due_s = time.monotonic() + GIVE_BACK_EVERY_S

    def tick(self) -> None:
        """Do it if it is time."""
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + GIVE_BACK_EVERY_S
            give_back_freed_memory()
