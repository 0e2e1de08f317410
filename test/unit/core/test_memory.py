"""What malloc keeps; in subprocesses, because its settings apply to a whole process."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref

from nn_perception.core import memory
import pytest

MEASURE = """
import ctypes
import numpy as np
from nn_perception.core.memory import *

names = 'arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost'.split()


class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in names]


libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info


def mapped(megabytes):
    before = libc.mallinfo2().hblkhd
    array = np.ones(int(megabytes * 2**20), np.uint8)
    return libc.mallinfo2().hblkhd - before >= array.nbytes


def resident():
    with open('/proc/self/statm') as stream:
        return int(stream.read().split()[1]) * 4096


keep_image_buffers()
"""


def measure(code: str, **environment: str) -> list[str]:
    """Run code after ``MEASURE`` and return the words that it prints."""
    done = subprocess.run(
        [sys.executable, '-c', MEASURE + code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_buffers_of_images_share_a_heap_without_those_of_networks() -> None:
    """Buffers of images are kept; those of a network, and huge ones, are mapped."""
    code = """
with outside_image_heap():
    print(mapped(0.9))
print(mapped(0.9), mapped(6.2), mapped(24.9))
"""
    assert measure(code) == ['True', 'False', 'False', 'True']


def test_settings_of_the_user_remain() -> None:
    """The user's environment variable has priority."""
    code = """
print(mapped(0.9))
with outside_image_heap():
    print(mapped(0.9))
"""
    assert measure(code, MALLOC_MMAP_THRESHOLD_='65536') == ['True', 'True']
    assert measure(code, MALLOC_MMAP_THRESHOLD_='4194304') == ['False', 'False']


def test_freed_memory_is_kept_until_it_is_released() -> None:
    """Unused buffers remain for the next image, but not forever."""
    code = """
arrays = [np.ones(2**20, np.uint8) for _ in range(64)]
full = resident()
apart = [bytes(64) for _ in range(1000)]
del arrays
print(full - resident() < 2**22)
release_freed_memory()
print(full - resident() > 60 * 2**20)
"""
    assert measure(code) == ['True', 'True']


def test_garbage_is_collected_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reference cycles are freed too, and not before it is due."""

    class Ring:
        def __init__(self) -> None:
            self.itself = self

    now_s = 100.0
    monkeypatch.setattr(memory.time, 'monotonic', lambda: now_s)
    release = memory.PeriodicRelease()
    gc.collect()
    gc.disable()
    try:
        garbage = weakref.ref(Ring())
        now_s += 0.9 * memory.RELEASE_PERIOD_S
        release.tick()
        assert garbage() is not None
        now_s += 0.2 * memory.RELEASE_PERIOD_S
        release.tick()
        assert garbage() is None
    finally:
        gc.enable()


def test_objects_of_the_imports_are_not_collected_again() -> None:
    """Objects of the imports are excluded, new ones are not."""
    code = """
import gc
freeze_imported_objects()
print(gc.get_freeze_count() > 5000, len(gc.get_objects()) < 1000)
"""
    assert measure(code) == ['True', 'True']
