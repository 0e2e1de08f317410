"""
Ending on SIGINT and SIGTERM: a flag, and an exception only where that is safe.

rclpy's own handlers shut the context down underneath the running executor, which ends
in an error now and then, always when a second SIGINT follows (Ctrl-C under ros2
launch). Here a signal only sets a flag that the main loop looks at. While a network is
being loaded, which can take long the first time, it raises :class:`Stopped` instead, and
while modules are imported it ends the process on the spot.

This module imports no ROS, so that handlers are in place before the slow imports begin.
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
    """A signal asked this process to end while it was doing something interruptible."""


class _State:
    requested = False
    interruptible = False
    leaving_at_once = False


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    _State.requested = True
    if _State.leaving_at_once:
        os._exit(0)
    if _State.interruptible:
        # Once is enough: a second signal must not break the unwinding of the first.
        _State.interruptible = False
        raise Stopped


def watch_signals() -> None:
    """Take SIGINT and SIGTERM over; from now on they only ask this process to end."""
    _State.requested = False
    for number in _SIGNALS:
        signal.signal(number, _on_signal)


def ignore_signals() -> None:
    """Let nothing disturb the clean-up that has begun."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def stop_requested() -> bool:
    """Tell whether a signal has asked this process to end."""
    return _State.requested


def stop_if_requested() -> None:
    """Raise :class:`Stopped` if a signal has asked this process to end: between two slow steps."""
    if _State.requested:
        raise Stopped


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """
    Let a signal end the process on the spot, with status 0.

    For imports: they cannot be interrupted safely, take seconds on a busy machine, and there is
    nothing yet that would have to be cleaned up.
    """
    if _State.requested:
        os._exit(0)
    _State.leaving_at_once = True
    try:
        yield
    finally:
        _State.leaving_at_once = False


@contextmanager
def interruptible() -> Iterator[None]:
    """
    Let a signal end what is done inside by raising :class:`Stopped`.

    Signals reach Python in the main thread only; in another thread this does nothing.
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
