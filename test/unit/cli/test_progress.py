"""Progress bars: what they show, and where."""

from __future__ import annotations

import io
import re

from nn_perception.cli.progress import ProgressBar, show_progress
import pytest
import tqdm


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the test set the time."""
    now = [100.0]
    monkeypatch.setattr(tqdm.tqdm, 'monitor_interval', 0)
    monkeypatch.setattr(tqdm.std, 'time', lambda: now[0])
    return now


def test_shows_the_share_and_the_time_left(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr('sys.stderr', terminal)
    bar = ProgressBar()
    # The work resumes at 50: what was done before says nothing about the speed.
    for done, seconds in ((50, 0.0), (51, 0.01), (100, 10.0)):
        clock[0] = 100.0 + seconds
        bar.show('epoch 1', done, 200)
    first, last = [line for line in terminal.getvalue().split('\r') if line.strip()]
    assert re.fullmatch(r'epoch 1 \[.{30}\] 25%, \? left', first)
    assert re.fullmatch(r'epoch 1 \[.{30}\] 50%, 00:20 left', last)
    bar.clear()
    assert re.search(r'\r +\r$', terminal.getvalue())


def test_a_second_pass_has_a_bar_of_its_own(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr('sys.stderr', terminal)
    bar = ProgressBar()
    for name, done, total in (('read', 9, 10), ('write', 1, 10), ('write', 1, 20)):
        bar.show(name, done, total)
    bar.clear()
    lines = [line for line in terminal.getvalue().split('\r') if line.strip()]
    assert [re.sub(r'\[.*\]', '', line) for line in lines] == [
        'read  90%, ? left',
        'write  10%, ? left',
        'write  5%, ? left',
    ]


def test_shows_nothing_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr('sys.stderr', file)
    bar = ProgressBar()
    bar.show('epoch 1', 5, 10)
    bar.clear()
    assert file.getvalue() == ''


@pytest.mark.parametrize(
    ('count', 'errors', 'output', 'shown'),
    [
        (50, Terminal, io.StringIO, True),
        (50, io.StringIO, io.StringIO, False),
        (50, Terminal, Terminal, False),
        (3, Terminal, io.StringIO, False),
    ],
)
def test_items_have_a_bar_where_nothing_else_shows_progress(
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    errors: type[io.StringIO],
    output: type[io.StringIO],
    shown: bool,
) -> None:
    monkeypatch.setattr('sys.stderr', errors())
    monkeypatch.setattr('sys.stdout', output())
    import sys

    assert list(show_progress(range(count))) == list(range(count))
    assert (f'of {count}' in sys.stderr.getvalue()) == shown
    assert sys.stdout.getvalue() == ''
