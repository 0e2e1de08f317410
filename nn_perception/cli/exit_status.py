"""What the exit status of the command means."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit statuses of every verb; those of signals are 128 plus the signal's number."""

    OK = 0
    FAILED = 1
    """Part of the work failed, or a required figure was not reached."""
    USAGE = 2
    """The arguments are wrong, or the work cannot start."""
    INTERRUPTED = 130
    """SIGINT, usually Ctrl-C."""
    BROKEN_PIPE = 141
    """SIGPIPE: the program that reads standard output has ended."""
