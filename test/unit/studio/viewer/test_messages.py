"""The messages between the page and its viewers."""

from __future__ import annotations

import json
import math
import time

from nn_perception.studio.backend.cameras import CameraImage, CameraResult
from nn_perception.studio.sockets import MessageError
from nn_perception.studio.viewer import messages
from nn_perception.studio.viewer.messages import (
    Acknowledge,
    IMAGE_HEADER,
    parse_picture,
    parse_text,
    PICTURE_HEADER,
    WatchCamera,
)
import pytest


def test_what_the_page_sends() -> None:
    assert parse_text('{"ack": 7}') == Acknowledge(7)
    assert parse_text('{"watch": null}') == WatchCamera(None)
    wanted = parse_text('{"watch": "/camera", "capabilities": ["tags", "poses"]}')
    assert wanted == WatchCamera('/camera', frozenset({'tags', 'poses'}))


@pytest.mark.parametrize(
    'text',
    [
        '',
        'nonsense',
        '[' * 4000,
        '[]',
        '{}',
        '{"ack": -1}',
        '{"ack": 1.5}',
        '{"ack": true}',
        '{"ack": NaN}',
        '{"ack": 4294967296}',
        '{"ack": 1, "watch": null}',
        '{"watch": "", "capabilities": []}',
        '{"watch": 7, "capabilities": []}',
        '{"watch": "/camera"}',
        '{"watch": "/camera", "capabilities": "tags"}',
        '{"watch": "/camera", "capabilities": ["sounds"]}',
        '{"watch": "/camera", "capabilities": ["tags", "tags"]}',
        '{"watch": "/camera", "capabilities": [["tags"]]}',
        json.dumps({'watch': 'a' * 2000, 'capabilities': []}),
        json.dumps({'watch': 'a' * 5000, 'capabilities': []}),
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        parse_text(text)


def test_pictures() -> None:
    picture = parse_picture(PICTURE_HEADER.pack(1, 1, 0b101, 0, 9) + b'jpeg')
    assert (picture.number, picture.still, picture.jpeg) == (9, True, b'jpeg')
    assert picture.capabilities == {'tags', 'poses'}


@pytest.mark.parametrize(
    'message',
    [
        b'',
        PICTURE_HEADER.pack(1, 0, 1, 0, 9),
        PICTURE_HEADER.pack(2, 0, 1, 0, 9) + b'jpeg',
        PICTURE_HEADER.pack(1, 2, 1, 0, 9) + b'jpeg',
        PICTURE_HEADER.pack(1, 0, 0, 0, 9) + b'jpeg',
        PICTURE_HEADER.pack(1, 0, 8, 0, 9) + b'jpeg',
        PICTURE_HEADER.pack(1, 0, 1, 1, 9) + b'jpeg',
        PICTURE_HEADER.pack(1, 0, 1, 0, 9) + bytes(messages.MAX_PICTURE_BYTES + 1),
    ],
)
def test_other_bytes_are_refused(message: bytes) -> None:
    with pytest.raises(MessageError):
        parse_picture(message)


def test_the_layout_of_an_image() -> None:
    stamp_ns = time.time_ns() - 50_000_000
    message = messages.image_message(CameraImage(stamp_ns, b'jpeg', 640, 480, 0), 5)
    kind, number, stamp, width, height, age_ms = IMAGE_HEADER.unpack_from(message)
    assert IMAGE_HEADER.size == 28
    assert (kind, number, stamp, width, height) == (1, 5, stamp_ns, 640, 480)
    assert age_ms == pytest.approx(50.0, abs=40.0)
    assert message[28:] == b'jpeg'


def test_the_age_of_a_recording_is_unknown() -> None:
    message = messages.image_message(CameraImage(7, b'jpeg', 640, 480, 0), 5)
    assert math.isnan(IMAGE_HEADER.unpack_from(message)[5])


def test_results() -> None:
    result = CameraResult('tags', 1_700_000_000_123_456_789, {'tags': []}, 3.5)
    assert json.loads(messages.result_message(result)) == {
        'result': 'tags',
        'stamp': '1700000000123456789',
        'values': {'tags': []},
        'inference_ms': 3.5,
    }
    assert json.loads(messages.result_message(result, 4))['picture'] == 4
