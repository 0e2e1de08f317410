"""Messages of the view Layers: what is understood, and what is refused."""

from __future__ import annotations

import json
import random
from typing import Any

from nn_perception.core.inspection.records import Maps
from nn_perception.studio.layers.answers import HEADER_LENGTH, look_message
from nn_perception.studio.layers.messages import (
    Acknowledge,
    ChooseInput,
    ChooseNetwork,
    Command,
    DRAWING,
    ENCODED,
    Message,
    OpenLayers,
    parse_picture,
    parse_text,
    Picture,
    PICTURE_HEADER,
    Question,
)
from nn_perception.studio.sockets import MessageError
from nn_perception.training.inspection.inspectable import Look
import numpy as np
import pytest

UNDERSTOOD: tuple[tuple[Any, Message], ...] = (
    ({'network': 'lenet5'}, ChooseNetwork('lenet5')),
    ({'network': None}, ChooseNetwork(None)),
    ({'open': ['a', 'b', 'a'], 'attention': True}, OpenLayers(('a', 'b'), attention=True)),
    ({'open': [], 'attention': False}, OpenLayers((), attention=False)),
    ({'camera': '/camera'}, ChooseInput('camera', '/camera')),
    ({'example': 'cat'}, ChooseInput('example', 'cat')),
    ({'test': 3}, ChooseInput('test', index=3)),
    ({'nothing': True}, ChooseInput('nothing')),
    (
        {'ask': 'hover', 'number': 1, 'layer': 'conv', 'element': [0, 1, 2]},
        Question('hover', 1, 'conv', (0, 1, 2)),
    ),
    ({'run': 'pause'}, Command('pause')),
    ({'ack': 7}, Acknowledge(7)),
)
REFUSED = (
    1,
    [],
    {},
    {'network': ''},
    {'network': 3},
    {'network': 'x' * 2000},
    {'open': 'conv', 'attention': True},
    {'open': [1], 'attention': True},
    {'open': ['a'], 'attention': 1},
    {'open': ['a']},
    {'open': ['a'] * 1001, 'attention': True},
    {'camera': None},
    {'test': -1},
    {'test': True},
    {'test': 1.5},
    {'nothing': False},
    {'ask': 'all', 'number': 1, 'layer': 'conv', 'element': [0]},
    {'ask': 'hover', 'number': 1, 'layer': 'conv', 'element': []},
    {'ask': 'hover', 'number': 1, 'layer': 'conv', 'element': [0] * 9},
    {'ask': 'hover', 'number': 1, 'layer': 'conv', 'element': [-1]},
    {'run': 'delete'},
    {'run': ['pause']},
    {'ack': -1},
    {'ack': 1, 'network': 'lenet5'},
)


@pytest.mark.parametrize(('message', 'meaning'), UNDERSTOOD)
def test_messages_are_understood(message: Any, meaning: Message) -> None:
    assert parse_text(json.dumps(message)) == meaning


@pytest.mark.parametrize('message', REFUSED)
def test_other_messages_are_refused(message: Any) -> None:
    with pytest.raises(MessageError):
        parse_text(json.dumps(message))


@pytest.mark.parametrize('text', ['', '{', '[' * 60_000, 'x' * 70_000, '{"ack": 1e400}'])
def test_text_that_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        parse_text(text)


def test_a_drawing_has_the_size_that_it_says() -> None:
    header = PICTURE_HEADER.pack(DRAWING, 5, 3, 2)
    assert parse_picture(header + b'abcdef') == Picture(5, b'abcdef', 3, 2)
    for size in (0, 5, 7):
        with pytest.raises(MessageError):
            parse_picture(header + b'a' * size)


def test_a_picture_has_no_size_and_is_limited() -> None:
    header = PICTURE_HEADER.pack(ENCODED, 5, 0, 0)
    assert parse_picture(header + b'JPEG') == Picture(5, b'JPEG')
    with pytest.raises(MessageError):
        parse_picture(header + b'a' * 1_000_001)
    with pytest.raises(MessageError):
        parse_picture(PICTURE_HEADER.pack(ENCODED, 5, 1, 1) + b'a')
    with pytest.raises(MessageError):
        parse_picture(PICTURE_HEADER.pack(3, 5, 0, 0) + b'a')


def test_random_bytes_are_refused_or_a_picture() -> None:
    rng = random.Random(1)
    for _ in range(1000):
        message = rng.randbytes(rng.randrange(40))
        try:
            assert isinstance(parse_picture(message), Picture)
        except MessageError:
            continue


def test_a_look_is_a_header_and_its_arrays() -> None:
    values = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    seen = np.full((2, 2, 3), 9, np.uint8)
    attention = np.full((1, 2), 8, np.uint8)
    look = Look((Maps('conv', values, -1.0, 1.0),), ('a',), (float('nan'),), seen, attention, 2.0)
    message = look_message(look, 3, 'lenet5', 4)
    (length,) = HEADER_LENGTH.unpack_from(message)
    header = json.loads(message[4 : 4 + length])
    mean = 2.5 / 255 * 2 - 1
    assert header['maps'] == [
        {'layer': 'conv', 'shape': [1, 2, 3], 'low': -1.0, 'high': 1.0, 'mean': mean}
    ]
    assert header['scores'] == [None]
    assert (header['number'], header['network'], header['picture']) == (3, 'lenet5', 4)
    assert message[4 + length :] == bytes(range(6)) + b'\x09' * 12 + b'\x08' * 2


def test_large_maps_are_thinned() -> None:
    values = np.random.default_rng(1).integers(0, 256, (20, 112, 110), np.uint8)
    seen = np.zeros((1, 1, 3), np.uint8)
    message = look_message(
        Look((Maps('conv', values, 0.0, 255.0),), (), (), seen, None, 1.0), 1, 'a', 0
    )
    (length,) = HEADER_LENGTH.unpack_from(message)
    (maps,) = json.loads(message[4 : 4 + length])['maps']
    assert maps['shape'] == [20, 56, 55]
    assert maps['mean'] == pytest.approx(values.mean())
    sent = np.frombuffer(message[4 + length : -3], np.uint8).reshape(20, 56, 55)
    np.testing.assert_array_equal(sent, values[:, ::2, ::2])
