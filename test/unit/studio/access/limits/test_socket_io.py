"""What a browser may tell NiceGUI."""

from __future__ import annotations

import json
import logging
import time

from nn_perception.studio.access.limits.socket_io import check_message
from nn_perception.studio.access.refusal import RefusedError
import pytest

EVENT = {'id': 4, 'client_id': 'c', 'listener_id': 'l', 'args': ['{"a":1}', None]}


def event(name: str = 'event', **changes: object) -> str:
    return '42' + json.dumps([name, {**EVENT, **changes}])


@pytest.mark.parametrize(
    'text',
    [
        '2',
        '3',
        '1',
        '2probe',
        '40',
        '41',
        event(),
        event(args=[]),
        '427' + event()[2:],
        '42["ack",{"client_id":"c","next_message_id":3}]',
        '42["javascript_response",{"client_id":"c","request_id":"r","result":[1]}]',
        '42["handshake",{"client_id":"c","tab_id":"t","document_id":"d","old_tab_id":null}]',
        '430[]',
    ],
)
def test_what_pages_send_passes(text: str) -> None:
    assert check_message(text)


@pytest.mark.parametrize(
    'text',
    [
        None,
        '',
        '0',
        '5',
        '6',
        '7',
        'b4aGVsbG8=',
        '4',
        '44{}',
        '45',
        '451-["event",{"_placeholder":true,"num":0}]',
        '46',
        '40/admin,',
        '40{"token":1}',
        '42',
        '42{}',
        '42[]',
        '42["event"]',
        '42["event",{}]',
        '42["event",{},{}]',
        '42["connect",{}]',
        '42["disconnect",{}]',
        '42[1,{}]',
        '42/admin,["event",{}]',
        '429999999999["event",{}]',
        event('unknown'),
        event(id='4'),
        event(id=True),
        event(client_id=None),
        event(listener_id=[]),
        event(args={}),
        event(args=[{}]),
        event(args=['{']),
        event(args=['[' * 5000 + ']' * 5000]),
        '42' + '[' * 100_000,
        '42' + '[' * 100_000 + ']' * 100_000,
        '42["event",{"id":NaN}]',
        '\x00',
    ],
)
def test_what_no_page_sends_is_refused(text: str | None) -> None:
    with pytest.raises(RefusedError) as refused:
        check_message(text)
    assert refused.value.sentence.isprintable()
    assert len(refused.value.sentence) < 200


def test_deep_texts_are_refused_at_once() -> None:
    began = time.process_time()
    for text in ('42' + '[' * 1_000_000, '42' + '[{"a":' * 100_000, event(args=['[' * 900_000])):
        with pytest.raises(RefusedError):
            check_message(text)
    assert time.process_time() - began < 2


def test_brackets_in_a_text_are_no_depth() -> None:
    assert check_message(event(args=[json.dumps('[' * 50 + '{}' * 500)]))


def test_what_a_page_logs_is_quoted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    text = '\x1b[31m\nERROR all is lost' + 'a' * 100_000
    assert not check_message('42' + json.dumps(['log', {'level': 'error', 'message': text}]))
    assert '\x1b' not in caplog.text
    assert len(caplog.text) < 300
