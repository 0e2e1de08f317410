"""
Standard output and standard error where they are full, closed, or of an old encoding.

What a program prints can be lost: the disk is full, the next program of a pipe has ended, the
shell closed the stream. The user learns that in a sentence, and not by a traceback. And what the
encoding of a terminal does not have is written as an escape.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TextIO

_NAMES = ('stdin', 'stdout', 'stderr')
_OUTPUT, _ERROR = 1, 2
_closed: set[int] = set()


class OutputError(Exception):
    """
    Standard output cannot be written; the message says why.

    It is no OSError, so that nobody takes it for one of the files that are being worked on.

    :ivar reader_ended: whether the program that reads it has ended, which is nothing unusual
    """

    def __init__(self, reason: str, *, reader_ended: bool = False) -> None:
        super().__init__(f'standard output cannot be written: {reason}')
        self.reader_ended = reader_ended


def prepare_standard_streams() -> None:
    """
    Open the streams that the parent process closed, and let them escape what they cannot encode.

    Otherwise the next file or socket that is opened takes their number, and libraries write their
    warnings into it.
    """
    for number, name in enumerate(_NAMES):
        if _is_closed(number):
            _open_null(number)
            _closed.add(number)
        if getattr(sys, name) is None:
            mode = 'w' if number else 'r'
            setattr(sys, name, os.fdopen(number, mode, encoding='utf-8', closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors != 'backslashreplace':
            stream.reconfigure(errors='backslashreplace')


def write_output(text: str) -> None:
    """
    Write to standard output.

    :raises OutputError: if that fails
    """
    if _OUTPUT in _closed:
        raise OutputError('it is closed')
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise _output_error(error) from error


def flush_output() -> None:
    """
    Write what is buffered.

    :raises OutputError: if that fails
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        raise _output_error(error) from error


def write_error(text: str) -> None:
    """Write to standard error; there is no place to say that this fails."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text)


def settle_standard_streams() -> None:
    """Give up what cannot be written, so that the end of the process does not fail with it."""
    for stream, number in ((sys.stdout, _OUTPUT), (sys.stderr, _ERROR)):
        try:
            stream.flush()
        except OSError:
            _discard(stream, number)


def _output_error(error: OSError) -> OutputError:
    reader_ended = isinstance(error, BrokenPipeError)
    return OutputError(error.strerror or str(error), reader_ended=reader_ended)


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _open_null(number: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null != number:
        os.dup2(null, number)
        os.close(null)


def _discard(stream: TextIO, number: int) -> None:
    """Let a stream end nowhere, also what it has buffered."""
    _open_null(number)
    with contextlib.suppress(OSError):
        stream.flush()
