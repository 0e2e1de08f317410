"""
What is logged of what the diagnostics say.

``FakeClock`` stands for the computer's clock, so that minutes go by at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

from nn_perception.ros.diagnostics import log_throttle
from nn_perception.ros.diagnostics.log_throttle import LASTS_S, LogThrottle, QUIET_S
import pytest


@dataclass
class Log:
    """Keep what a node would log, and move its clock."""

    now_s: float = 100.0
    lines: list[str] = field(default_factory=list)

    def warning(self, text: str) -> None:
        """Take a warning."""
        self.lines.append(f'warning: {text}')

    def info(self, text: str) -> None:
        """Take an information."""
        self.lines.append(f'info: {text}')


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """Give the module a clock that the test moves."""
    log = Log()
    monkeypatch.setattr(log_throttle, 'time', SimpleNamespace(monotonic=lambda: log.now_s))
    return log


def hear(log: Log, complaints: LogThrottle, level: str, sentence: str, seconds: int = 1) -> None:
    """Say the same for some seconds, once a second, with figures that change."""
    for _ in range(seconds):
        log_throttle.hear(level, sentence.replace('N', f'{log.now_s:.1f}'))
        log.now_s += 1.0


def test_what_lasts_is_logged_once_and_its_end_too(log: Log) -> None:
    complaints = LogThrottle(log, 'front: ')
    hear(log, complaints, 'ok', '30 results a second', 10)
    hear(log, complaints, 'warn', 'no image for N s: nobody publishes', 200)
    assert log.lines == ['warning: front: no image for 112.0 s: nobody publishes']
    hear(log, complaints, 'ok', '30 results a second', 10)
    assert log.lines[1:] == ['info: front: all is well again: 30 results a second']


def test_what_is_over_at_once_is_not_logged(log: Log) -> None:
    complaints = LogThrottle(log)
    for _ in range(20):
        hear(log, complaints, 'warn', 'not active', round(LASTS_S))
        hear(log, complaints, 'ok', 'fine')
    assert log.lines == []


def test_another_cause_is_another_line(log: Log) -> None:
    complaints = LogThrottle(log)
    hear(log, complaints, 'warn', 'nobody publishes', 5)
    hear(log, complaints, 'warn', 'another type', 5)
    assert log.lines == ['warning: nobody publishes', 'warning: another type']


def test_what_comes_and_goes_does_not_fill_the_log(log: Log) -> None:
    complaints = LogThrottle(log)
    rounds = 40
    for _ in range(rounds):
        hear(log, complaints, 'warn', 'lost', 4)
        hear(log, complaints, 'ok', 'fine', 4)
    warnings = [line for line in log.lines if line.startswith('warning')]
    assert 2 <= len(warnings) <= rounds * 8 / QUIET_S + 1
