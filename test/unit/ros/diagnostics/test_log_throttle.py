"""What the log says about the diagnostics."""

from __future__ import annotations

from types import SimpleNamespace

from nn_perception.ros.diagnostics.log_throttle import LASTS_S, LogThrottle, QUIET_S
from nn_perception.ros.diagnostics.status import Status
import pytest


class Log:
    """
    Update a throttle once a second, and keep what it logs.

    :ivar lines: what was logged, with the severity
    """

    def __init__(self, clock: SimpleNamespace) -> None:
        self.lines: list[str] = []
        self._clock = clock

    def warning(self, text: str) -> None:
        """Keep a warning."""
        self.lines.append(f'warning: {text}')

    def info(self, text: str) -> None:
        """Keep an information."""
        self.lines.append(f'info: {text}')

    def update(self, throttle: LogThrottle, level: str, message: str, seconds: int = 1) -> None:
        """Report the same for some seconds; N stands for a number that changes."""
        for _ in range(seconds):
            text = message.replace('N', f'{self._clock.now_s:.1f}')
            throttle.update(Status(level, text))
            self._clock.now_s += 1.0


@pytest.fixture
def log(clock: SimpleNamespace) -> Log:
    """Keep what is logged."""
    return Log(clock)


def test_a_lasting_problem_is_logged_once_and_its_end_too(log: Log) -> None:
    throttle = LogThrottle(log, 'front: ')
    log.update(throttle, 'ok', '30 results per second', 10)
    log.update(throttle, 'warn', 'no image for N s: no publisher', 200)
    assert log.lines == ['warning: front: no image for 112.0 s: no publisher']
    log.update(throttle, 'ok', '30 results per second', 10)
    assert log.lines[1:] == ['info: front: recovered: 30 results per second']


def test_a_short_problem_is_not_logged(log: Log) -> None:
    throttle = LogThrottle(log)
    for _ in range(20):
        log.update(throttle, 'warn', 'not active', round(LASTS_S))
        log.update(throttle, 'ok', 'fine')
    assert log.lines == []


def test_another_problem_is_another_line(log: Log) -> None:
    throttle = LogThrottle(log)
    log.update(throttle, 'warn', 'no publisher', 5)
    log.update(throttle, 'warn', 'another type', 5)
    assert log.lines == ['warning: no publisher', 'warning: another type']


def test_an_intermittent_problem_does_not_fill_the_log(log: Log) -> None:
    throttle = LogThrottle(log)
    rounds = 40
    for _ in range(rounds):
        log.update(throttle, 'warn', 'lost', 4)
        log.update(throttle, 'ok', 'fine', 4)
    warnings = [line for line in log.lines if line.startswith('warning')]
    assert 2 <= len(warnings) <= rounds * 8 / QUIET_S + 1


def test_texts_of_strangers_make_no_new_problem(log: Log) -> None:
    throttle = LogThrottle(log)
    for number in range(50):
        frame_id = repr("it's " * (number % 2) + 'x' * number)
        log.update(throttle, 'warn', f'not aligned: its frame_id is {frame_id}, not "camera"')
    assert len(log.lines) == 1
    log.update(throttle, 'warn', 'no depth within 0.05 s of the image', 5)
    assert len(log.lines) == 2


def test_long_messages_are_cut(log: Log) -> None:
    log.update(LogThrottle(log), 'warn', 'x' * 1_000_000, 5)
    assert len(log.lines[0]) < 2000
