"""
How long a test waits, on any machine.

A wait for a condition ends when the condition holds, so it may be patient at no cost. A claim
about time is made relative to something measured in the same test, or it is scaled by how slow
the machine is at the moment.
"""

from __future__ import annotations

from collections.abc import Callable
import os
import time
from typing import TypeVar

T = TypeVar('T')

# On an idle machine: an export takes 10 s, the start of a node 1 s, discovery 0.2 s.
PATIENCE_S = 60.0
# For a process that does nothing but its work.
HANGS_S = 600.0

SAMPLE_S = 0.02


def slowness() -> float:
    """
    Measure how many times longer work takes now than on an idle machine.

    It is the load that the kernel reports for a core, or the time that a moment of work takes
    beyond its CPU time, whichever is larger; at least 1.
    """
    began_s, cpu_began_s = time.monotonic(), time.thread_time()
    while (cpu_s := time.thread_time() - cpu_began_s) < SAMPLE_S:
        pass
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return max(1.0, load, (time.monotonic() - began_s) / cpu_s)


def stretched(seconds: float) -> float:
    """Give the limit for what takes less than so many seconds on an idle machine."""
    return seconds * slowness()


def time_is_up(began_s: float, limit_s: float) -> bool:
    """
    Tell whether a wait has lasted too long.

    :param began_s: when it began, by the monotonic clock
    :param limit_s: what it may last on an idle machine; a busy one gets more
    """
    passed_s = time.monotonic() - began_s
    return passed_s > limit_s and passed_s > stretched(limit_s)


def wait_until(
    condition: Callable[[], T], limit_s: float = PATIENCE_S, interval_s: float = 0.01
) -> T:
    """
    Wait until a condition holds.

    :returns: what the condition returned
    :param limit_s: on an idle machine, see :func:`time_is_up`
    :raises TimeoutError: if it does not hold within the limit
    """
    began_s = time.monotonic()
    while not (value := condition()):
        if time_is_up(began_s, limit_s):
            raise TimeoutError(f'the condition did not hold within {limit_s:.0f} s')
        time.sleep(interval_s)
    return value
