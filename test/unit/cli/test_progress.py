"""The line that shows how far long work is."""

from __future__ import annotations

import io

from nn_perception.cli import progress
from nn_perception.cli.progress import Bar
import pytest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the test say what time it is."""
    now = [100.0]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    return now


def test_shows_how_far_it_is_and_how_long_it_takes(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(progress.sys, 'stderr', terminal)
    bar = Bar(200)
    # It goes on at 50: what was done before says nothing of the speed.
    for done, seconds in ((50, 0.0), (51, 0.01), (100, 10.0)):
        clock[0] = 100.0 + seconds
        bar.show(done, 'epoch 1')
    lines = terminal.getvalue().split('\r')[1:]
    assert [line.split(']')[1].strip() for line in lines] == ['25%', '50%, 20 s left']
    assert lines[1].startswith(f'epoch 1 [{"#" * 15}{" " * 15}]')
    bar.clear()
    assert terminal.getvalue().endswith(f'\r{" " * len(lines[1])}\r')
    clock[0] += 1000.0
    bar.show(101, '')
    assert terminal.getvalue().endswith(', 33 min left')


def test_shows_nothing_where_there_is_no_terminal(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.StringIO()
    monkeypatch.setattr(progress.sys, 'stderr', file)
    bar = Bar(10)
    bar.show(5, 'epoch 1')
    bar.clear()
    assert file.getvalue() == ''
