"""What malloc keeps, in processes of their own: its settings hold for a whole process."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref

from nn_perception.ros.process import memory
import pytest

MEASURE = """
import ctypes
import numpy as np
from nn_perception.ros.process.memory import *

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


keep_large_buffers()
"""


def measure(code: str, **environment: str) -> list[str]:
    """Run code after ``MEASURE`` and give what it prints, a word each."""
    done = subprocess.run(
        [sys.executable, '-c', MEASURE + code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_images_share_a_heap_and_what_a_network_needs_stands_apart() -> None:
    """Buffers of images are kept; those of a network, and huge ones, come from the kernel."""
    code = """
with apart_from_images():
    print(mapped(0.9))
print(mapped(0.9), mapped(6.2), mapped(24.9))
"""
    assert measure(code) == ['True', 'False', 'False', 'True']


def test_the_settings_of_the_user_stay() -> None:
    """Who sets malloc's own variable has chosen."""
    code = """
print(mapped(0.9))
with apart_from_images():
    print(mapped(0.9))
"""
    assert measure(code, MALLOC_MMAP_THRESHOLD_='65536') == ['True', 'True']
    assert measure(code, MALLOC_MMAP_THRESHOLD_='4194304') == ['False', 'False']


def test_freed_memory_is_kept_until_it_is_given_back() -> None:
    """Buffers that nobody uses any more stay for the next image, but not for ever."""
    code = """
arrays = [np.ones(2**20, np.uint8) for _ in range(64)]
full = resident()
apart = [bytes(64) for _ in range(1000)]
del arrays
print(full - resident() < 2**22)
give_back_freed_memory()
print(full - resident() > 60 * 2**20)
"""
    assert measure(code) == ['True', 'True']


def test_housekeeping_finds_garbage_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only refers to itself goes too, and not before its time."""

    class Ring:
        def __init__(self) -> None:
            self.itself = self

    now_s = 100.0
    monkeypatch.setattr(memory.time, 'monotonic', lambda: now_s)
    housekeeping = memory.Housekeeping()
    gc.collect()
    gc.disable()
    try:
        garbage = weakref.ref(Ring())
        now_s += 0.9 * memory.GIVE_BACK_EVERY_S
        housekeeping.tick()
        assert garbage() is not None
        now_s += 0.2 * memory.GIVE_BACK_EVERY_S
        housekeeping.tick()
        assert garbage() is None
    finally:
        gc.enable()


def test_what_the_imports_made_is_not_searched_again() -> None:
    """The objects of the imports are out of the way, new ones are not."""
    code = """
import gc
set_apart_what_stays()
print(gc.get_freeze_count() > 5000, len(gc.get_objects()) < 1000)
"""
    assert measure(code) == ['True', 'True']
