"""A progress line on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import sys
import time
from typing import TypeVar

Item = TypeVar('Item')

FEW = 10
INTERVAL_S = 0.2
BAR_WIDTH = 30


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


class Bar:
    """
    A line on standard error for long work: a bar, how far it is and how long it will take.

    Nothing is shown where standard error is no terminal.

    :param total: how many steps the work has
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._shown_s = 0.0
        self._begun: tuple[int, float] | None = None
        self._width = 0

    def show(self, done: int, text: str) -> None:
        """
        Show it, but not more often than one can read.

        :param done: steps, of the total
        :param text: what is being done
        """
        now = time.monotonic()
        # Work that goes on somewhere was not that fast up to there.
        done_before, begun_s = self._begun = self._begun or (done, now)
        if now - self._shown_s < INTERVAL_S or not sys.stderr.isatty():
            return
        self._shown_s = now
        filled = BAR_WIDTH * done // self._total
        line = f'{text} [{"#" * filled:<{BAR_WIDTH}}] {done / self._total:.0%}'
        if done > done_before:
            left_s = (now - begun_s) / (done - done_before) * (self._total - done)
            line += f', {left_s / 60:.0f} min left' if left_s >= 90 else f', {left_s:.0f} s left'
        sys.stderr.write(f'\r{line:<{self._width}}')
        sys.stderr.flush()
        self._width = len(line)

    def clear(self) -> None:
        """Remove the line, so that something else can be written."""
        if self._width:
            sys.stderr.write('\r' + ' ' * self._width + '\r')
            sys.stderr.flush()
            self._width = 0
