"""Progress bars on standard error, for terminals only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import sys
from typing import Any, TypeVar

Item = TypeVar('Item')

# Fewer items than this need no bar.
MIN_ITEMS = 10
FORMAT = '{desc} [{bar:30}] {percentage:.0f}%, {remaining} left'


class ProgressBar:
    """
    A bar on standard error for long work: its name, the share that is done, the time left.

    Nothing is shown where standard error is not a terminal.
    """

    def __init__(self) -> None:
        self._bar: Any = None

    def show(self, name: str, done: int, total: int) -> None:
        """
        Show how far the work is; often enough for people, however often it is called.

        :param name: of the work that is being done
        :param done: number of steps that are done
        :param total: number of all steps; a new bar begins with another total, or fewer steps done
        """
        if not sys.stderr.isatty():
            return
        if self._bar is None or self._bar.total != total or done < self._bar.n:
            self.clear()
            self._bar = _open_bar(name, done, total)
        if self._bar.desc != name:
            self._bar.set_description_str(name, refresh=False)
        self._bar.update(done - self._bar.n)

    def clear(self) -> None:
        """Remove the bar, so that something else can be written."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def show_progress(items: Sequence[Item]) -> Iterator[Item]:
    """
    Yield items, and show on standard error how many are done.

    Nothing is shown for few items, where standard error is not a terminal, or where standard
    output is one: there the results themselves show the progress.
    """
    if len(items) < MIN_ITEMS or sys.stdout.isatty():
        yield from items
        return
    bar = ProgressBar()
    try:
        for done, item in enumerate(items):
            bar.show(f'{done} of {len(items)}', done, len(items))
            yield item
    finally:
        bar.clear()


def _open_bar(name: str, done: int, total: int) -> Any:
    """Open a bar; steps that were done before do not count for the time left."""
    from tqdm import tqdm

    return tqdm(
        desc=name,
        total=total,
        initial=done,
        file=sys.stderr,
        leave=False,
        mininterval=0.2,
        bar_format=FORMAT,
    )
