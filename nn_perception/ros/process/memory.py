"""
Settings of glibc's malloc, and of Python's search for garbage, that suit a process through which
images flow.

By default every buffer of some megabytes is given back to the kernel and faulted in anew
for the next frame: 4,690 page faults for one of 1920 x 1080. Kept, an image takes half
the time. What malloc keeps is given back now and then, by hand: otherwise a process would stay
as large as the largest image and the loading of its networks ever made it.
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
# Larger buffers come from the kernel each by itself: among the small ones they would leave holes.
# A picture of 1920 x 1080 is smaller; for larger ones the page faults do not show beside the rest.
_KEPT_BYTES = 8 << 20
# The same while a network is loaded; malloc's own default.
_KEPT_WHILE_LOADING_BYTES = 128 << 10
_TRIM_BYTES = 1 << 30
# Each thread may get an arena of its own, which keeps what it once needed for an image.
_ARENAS = 1
GIVE_BACK_EVERY_S = 5.0

# Absent with another C library (musl): then nothing is set.
_LIBC = ctypes.CDLL(None)


def keep_large_buffers() -> None:
    """Let malloc keep the freed buffers of images, unless the user's environment decides."""
    _set('MALLOC_MMAP_THRESHOLD_', _M_MMAP_THRESHOLD, _KEPT_BYTES)
    _set('MALLOC_TRIM_THRESHOLD_', _M_TRIM_THRESHOLD, _TRIM_BYTES)
    _set('MALLOC_ARENA_MAX', _M_ARENA_MAX, _ARENAS)


def set_apart_what_stays() -> None:
    """
    Take all objects there are, what the imports have made, out of later searches for garbage.

    A whole search then takes 1 ms instead of 13. Python puts one off until a quarter as many
    objects again wait for it, with all the memory that these hold.
    """
    gc.freeze()


@contextmanager
def apart_from_images() -> Iterator[None]:
    """
    Take what is large and will stay, the weights of a network, from the kernel piece by piece.

    Among the buffers of images they would leave holes when they go, and the little things that
    come to lie in these would hold on to the pages around them.
    """
    _set('MALLOC_MMAP_THRESHOLD_', _M_MMAP_THRESHOLD, _KEPT_WHILE_LOADING_BYTES)
    try:
        yield
    finally:
        _set('MALLOC_MMAP_THRESHOLD_', _M_MMAP_THRESHOLD, _KEPT_BYTES)
        give_back_freed_memory()


def give_back_freed_memory() -> None:
    """Return to the kernel what nobody uses any more; takes some milliseconds."""
    gc.collect()
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


def _set(variable: str, number: int, value: int) -> None:
    """Set a parameter of malloc where the user has not, by its environment variable."""
    if hasattr(_LIBC, 'mallopt') and variable not in os.environ:
        _LIBC.mallopt(number, value)
