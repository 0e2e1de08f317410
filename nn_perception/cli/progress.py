"""A progress line on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import sys
import time
from typing import TypeVar

Item = TypeVar('Item')

FEW = 10
INTERVAL_S = 0.2


def progress(items: Sequence[Item]) -> Iterator[Item]:
    """
    Go through items and show on standard error how far it is.

    Nothing is shown for a few items, where standard error is no terminal, or where the results
    go to the same terminal and show it themselves.
    """
    if len(items) < FEW or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from items
        return
    shown_s = 0.0
    try:
        for done, item in enumerate(items):
            if time.monotonic() - shown_s >= INTERVAL_S:
                shown_s = time.monotonic()
                sys.stderr.write(f'\r{done} of {len(items)}')
                sys.stderr.flush()
            yield item
    finally:
        sys.stderr.write('\r' + ' ' * 30 + '\r')
        sys.stderr.flush()
