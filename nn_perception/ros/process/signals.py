"""
End on SIGINT and SIGTERM: a flag, and an exception only where that is safe.

rclpy's own handlers shut the context down while the executor is running, which sometimes ends in
an error, and always when a second SIGINT follows (Ctrl-C under ros2 launch). Here a signal only
sets a flag that the main loop checks. While a network is loading, which can take long the first
time, it raises :class:`Stopped` instead; while modules are imported, it exits at once.

This module imports no ROS, so the handlers are in place before the slow imports begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
import signal
import threading
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal asked this process to end during an interruptible block."""


class _State:
    requested = False
    interruptible = False
    exits_at_once = False


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    _State.requested = True
    if _State.exits_at_once:
        os._exit(0)
    if _State.interruptible:
        # Raise only once: a second signal must not break the clean-up after the first.
        _State.interruptible = False
        raise Stopped


def watch_signals() -> None:
    """Handle SIGINT and SIGTERM from now on as a request to end."""
    _State.requested = False
    for number in _SIGNALS:
        signal.signal(number, _on_signal)


def ignore_signals() -> None:
    """Ignore SIGINT and SIGTERM, so that they cannot disturb a clean-up."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def stop_requested() -> bool:
    """Return whether a signal has asked this process to end."""
    return _State.requested


def stop_if_requested() -> None:
    """
    End between two slow steps if a signal has asked for it.

    :raises Stopped: if a signal has asked this process to end
    """
    if _State.requested:
        raise Stopped


@contextmanager
def exiting_at_once() -> Iterator[None]:
    """
    Let a signal end the process at once, with status 0.

    For imports: they cannot be interrupted safely, they take seconds on a busy machine, and there
    is nothing to clean up yet.
    """
    if _State.requested:
        os._exit(0)
    _State.exits_at_once = True
    try:
        yield
    finally:
        _State.exits_at_once = False


@contextmanager
def interruptible() -> Iterator[None]:
    """
    Let a signal interrupt a block by raising :class:`Stopped`.

    Only the main thread receives signals; in another thread this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stop_if_requested()
    _State.interruptible = True
    try:
        yield
    finally:
        _State.interruptible = False
