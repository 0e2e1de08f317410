"""
Threads that cannot be stopped and are not waited for.

A decoder of images or a network cannot be interrupted. Python waits for ordinary threads before it
ends, and ends a daemon thread inside a C++ library with a crash; so the process ends past them.
"""

from __future__ import annotations

import os
import sys
import threading

_left: list[threading.Thread] = []


def leave_thread(thread: threading.Thread) -> None:
    """Do not wait for a thread when the process ends; it must be a daemon thread."""
    _left[:] = [one for one in _left if one.is_alive()] + [thread]


def threads_are_left() -> bool:
    """Say whether a thread that was left is still running."""
    return any(thread.is_alive() for thread in _left)


def end_past_left_threads(status: int) -> int:
    """
    End the process now if a thread that was left is still running.

    Everything else must be cleaned up.

    :param status: exit status of the process
    :returns: the same status, if no such thread is running
    """
    if threads_are_left():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status
