"""
Settings of glibc's malloc and of Python's garbage collector for a process that handles images.

By default malloc returns every buffer of some megabytes to the kernel and maps it again for the
next image: 4,690 page faults for one of 1920 x 1080. When malloc keeps the buffers, an image takes
half the time. What it keeps is released now and then, because otherwise a process would stay as
large as the largest image, or the loading of its networks, ever made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
import gc
import os
import time

# Parameter numbers of mallopt, from malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
# Each larger buffer is mapped from the kernel: in the heap, it would leave a hole. An image of
# 1920 x 1080 is smaller; for larger images the page faults are negligible.
_HEAP_BUFFER_BYTES = 8 << 20
# The threshold while a network is loading; malloc's own default.
_LOADING_BUFFER_BYTES = 128 << 10
_TRIM_BYTES = 1 << 30
# With one arena per thread, each would keep the memory of an image.
_ARENAS = 1
RELEASE_PERIOD_S = 5.0

# Other C libraries (musl) have no mallopt; then nothing is set.
_LIBC = ctypes.CDLL(None)


def keep_image_buffers() -> None:
    """Let malloc keep the buffers of images, unless the user's environment sets it up."""
    _set('MALLOC_MMAP_THRESHOLD_', _M_MMAP_THRESHOLD, _HEAP_BUFFER_BYTES)
    _set('MALLOC_TRIM_THRESHOLD_', _M_TRIM_THRESHOLD, _TRIM_BYTES)
    _set('MALLOC_ARENA_MAX', _M_ARENA_MAX, _ARENAS)


def return_image_buffers() -> None:
    """
    Let malloc return the buffers of images at once, unless the user's environment sets it up.

    A process that seldom processes images, or may not be large, is some 20 MB smaller for it.
    """
    _set('MALLOC_MMAP_THRESHOLD_', _M_MMAP_THRESHOLD, _LOADING_BUFFER_BYTES)
    _set('MALLOC_ARENA_MAX', _M_ARENA_MAX, _ARENAS)


def freeze_imported_objects() -> None:
    """
    Exclude all present objects, which the imports made, from garbage collection.

    A full collection then takes 1 ms instead of 13. Python delays one until the new objects are a
    quarter of the old ones, and all that they refer to stays in memory as long.
    """
    gc.freeze()


@contextmanager
def outside_image_heap() -> Iterator[None]:
    """
    Map the large, lasting buffers of a block, the weights of a network, from the kernel.

    Between the buffers of images they would leave holes when they are freed, and small objects in
    a hole would keep its pages in memory.
    """
    _set('MALLOC_MMAP_THRESHOLD_', _M_MMAP_THRESHOLD, _LOADING_BUFFER_BYTES)
    try:
        yield
    finally:
        _set('MALLOC_MMAP_THRESHOLD_', _M_MMAP_THRESHOLD, _HEAP_BUFFER_BYTES)
        release_freed_memory()


def release_freed_memory() -> None:
    """Return freed memory to the kernel; takes some milliseconds."""
    gc.collect()
    if hasattr(_LIBC, 'malloc_trim'):
        _LIBC.malloc_trim(0)


class PeriodicRelease:
    """Release freed memory every few seconds, at the cost of a thousandth of the time."""

    def __init__(self) -> None:
        self._due_s = time.monotonic() + RELEASE_PERIOD_S

    def tick(self) -> None:
        """Release freed memory if it is due."""
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + RELEASE_PERIOD_S
            release_freed_memory()


def _set(variable: str, number: int, value: int) -> None:
    """Set a parameter of malloc, unless the user set its environment variable."""
    if hasattr(_LIBC, 'mallopt') and variable not in os.environ:
        _LIBC.mallopt(number, value)
