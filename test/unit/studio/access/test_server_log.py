"""What clients make up does not flood the log."""

from __future__ import annotations

from collections.abc import Iterator
import io
import logging

from nn_perception.studio.access import server_log
from nn_perception.studio.access.server_log import FloodFilter
import pytest


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger = logging.getLogger('flooded')
    logger.propagate = False
    logger.addHandler(handler)
    logger.addFilter(FloodFilter())
    yield written
    logger.removeHandler(handler)
    logger.filters.clear()


def fail(text: str) -> None:
    try:
        float(text)
    except ValueError as error:
        logging.getLogger('flooded').exception(error)


def test_errors_of_a_line_are_logged_once_a_second(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(server_log.time, 'monotonic', lambda: now_s)
    for number in range(500):
        now_s = number / 100
        fail(f'no {number}')
    text = stream.getvalue()
    assert text.count('could not convert') <= 2 * 6
    assert '99 more of this kind before' in text


def test_other_errors_pass(stream: io.StringIO) -> None:
    fail('x')
    logging.getLogger('flooded').error('one')
    logging.getLogger('flooded').error('two')
    text = stream.getvalue()
    assert 'could not convert' in text
    assert 'one' in text
    assert 'two' in text


def test_long_and_strange_texts_are_shortened(stream: io.StringIO) -> None:
    fail('a' * 1_000_000)
    logging.getLogger('flooded').error('%s', '\x1b[31m\nERROR: ' + 'b' * 1_000_000)
    text = stream.getvalue()
    assert len(text) < 10_000
    assert '\x1b' not in text
    assert '\nERROR' not in text
    assert 'test_server_log.py' in text


def test_kinds_are_bounded() -> None:
    flood = FloodFilter()
    for number in range(1000):
        record = logging.LogRecord('x', logging.ERROR, f'f{number}', 1, 'text', None, None)
        assert flood.filter(record)
    assert len(flood._quiet_until_s) <= server_log.MAX_KINDS
