"""The lines in the log about what was refused."""

from __future__ import annotations

import logging

from nn_perception.studio.access import refusal
from nn_perception.studio.access.refusal import RefusalLog, RefusedError
import pytest


def test_a_flood_is_a_line_a_second(
    head, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    now_s = 0.0
    monkeypatch.setattr(refusal.time, 'monotonic', lambda: now_s)
    log = RefusalLog()
    for number in range(1000):
        now_s = number / 100
        log.add_request(head(), RefusedError('host', 'No.'))
        log.add_request(head(), RefusedError('origin', 'Not you.'))
    lines = [record.getMessage() for record in caplog.records]
    assert 18 <= len(lines) <= 22
    assert any('99 more of this kind before' in line for line in lines)


def test_what_the_client_wrote_is_quoted(head, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    path = '/\x1b[31m\nERROR ' + 'a' * 5000
    RefusalLog().add_request(head('G\x07T', path), RefusedError('host', 'No.'))
    text = caplog.records[0].getMessage()
    assert text.isprintable()
    assert len(text) < 200
