"""What the WebSocket of the view Sound takes, and what it refuses."""

from __future__ import annotations

import json

from nn_perception.studio.backend.sounds import SoundBlock, SoundResult
from nn_perception.studio.sockets import MessageError
from nn_perception.studio.sound.messages import (
    check_block,
    ListenTo,
    parse_text,
    result_message,
    sound_message,
)
import pytest


@pytest.mark.parametrize(
    ('message', 'wanted'),
    [
        ({'source': 'none'}, ListenTo()),
        ({'source': 'browser'}, ListenTo('browser')),
        ({'source': 'robot', 'microphone': '/audio'}, ListenTo('robot', '/audio')),
    ],
)
def test_what_a_page_sends(message: dict[str, str], wanted: ListenTo) -> None:
    assert parse_text(json.dumps(message)) == wanted


@pytest.mark.parametrize(
    'text',
    [
        '',
        '[]',
        '{}',
        '{"source": "all"}',
        '{"source": "robot"}',
        '{"source": "robot", "microphone": 3}',
        '{"source": "browser", "microphone": "/audio"}',
        json.dumps({'source': 'robot', 'microphone': 'a' * 2000}),
        json.dumps({'source': 'none', 'more': 'a' * 10_000}),
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(MessageError):
        parse_text(text)


@pytest.mark.parametrize('size', [0, 1, 333, 32_002, 1_000_000])
def test_other_blocks_are_refused(size: int) -> None:
    with pytest.raises(MessageError, match='block of sound'):
        check_block(bytes(size))


def test_a_second_is_a_block() -> None:
    assert len(check_block(bytes(32_000))) == 32_000


def test_stamps_keep_all_digits() -> None:
    stamp_ns = 1_800_000_000_123_456_789
    assert sound_message(SoundBlock(stamp_ns, b'ab')) == stamp_ns.to_bytes(8, 'little') + b'ab'
    message = json.loads(result_message(SoundResult(stamp_ns, {'tags': []}, 3.0)))
    assert message == {'result': {'tags': []}, 'stamp': str(stamp_ns), 'inference_ms': 3.0}
