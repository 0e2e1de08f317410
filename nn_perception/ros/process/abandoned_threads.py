"""
Threads that cannot be stopped and are not waited for.

A decoder of images or a network cannot be interrupted. Python waits for ordinary threads before it
ends, and ends a daemon thread inside a C++ library with a crash; so the process exits without
waiting for them.
"""

from __future__ import annotations

import os
import sys
import threading

_abandoned: list[threading.Thread] = []


def abandon_thread(thread: threading.Thread) -> None:
    """Do not wait for a thread when the process ends; it must be a daemon thread."""
    _abandoned[:] = [one for one in _abandoned if one.is_alive()] + [thread]


def has_abandoned_threads() -> bool:
    """Say whether an abandoned thread is still running."""
    return any(thread.is_alive() for thread in _abandoned)


def exit_despite_abandoned_threads(status: int) -> int:
    """
    End the process now if an abandoned thread is still running.

    Everything else must be cleaned up.

    :param status: exit status of the process
    :returns: the same status, if no such thread is running
    """
    if has_abandoned_threads():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status
