"""Messages between processes."""

from __future__ import annotations

import json
import random
import struct

from nn_perception.training.inspection.wire import decode, encode, Message
import numpy as np
import pytest


def test_a_message_arrives_as_it_was_sent() -> None:
    arrays = (
        np.arange(7, dtype=np.uint8),
        np.array([[1.5, np.nan], [np.inf, -2.0]]),
        np.zeros((0, 3), np.float32),
        np.arange(24, dtype=np.int64).reshape(2, 3, 4)[:, ::-1],
    )
    message = decode(encode(Message({'name': 'Größe', 'list': [1, 2.5, None, True]}, arrays)))
    assert message.values == {'name': 'Größe', 'list': [1, 2.5, None, True]}
    for array, sent in zip(message.arrays, arrays, strict=True):
        assert array.dtype == sent.dtype
        np.testing.assert_array_equal(array, sent)


def test_arrays_are_aligned_and_are_not_copied() -> None:
    content = encode(Message({'x': 'odd'}, (np.zeros(3, np.uint8), np.ones(5))))
    _, ones = decode(content).arrays
    assert ones.ctypes.data % 8 == np.frombuffer(content, np.uint8).ctypes.data % 8
    assert not ones.flags.owndata


@pytest.mark.parametrize(
    'array', [np.array(['text']), np.array([None]), np.zeros(2, np.complex64), np.zeros(2, '>f4')]
)
def test_other_arrays_cannot_be_sent(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match='an array is none of'):
        encode(Message({}, (array,)))


def test_numbers_that_are_not_finite_are_sent_in_arrays_only() -> None:
    with pytest.raises(ValueError, match='not JSON compliant'):
        encode(Message({'loss': float('nan')}))


def packed(header: object, rest: bytes = b'') -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack('<I', len(text)) + text + rest


@pytest.mark.parametrize(
    ('content', 'why'),
    [
        (b'', 'too short'),
        (b'\xff\xff\xff\xff', 'shorter than it says'),
        (packed(b'{'), 'malformed'),
        (packed([]), 'no object'),
        (packed({'values': {}}), 'lacks'),
        (packed({'values': [], 'arrays': []}), 'lacks'),
        (packed({'values': {}, 'arrays': [['|u1', [2]]]}, b'1'), 'shorter than its arrays'),
        (packed({'values': {}, 'arrays': [['|O', [2]]]}, b'12345678' * 2), 'none of'),
        (packed({'values': {}, 'arrays': [['|u1', [-1]]]}), 'no sizes'),
        (packed({'values': {}, 'arrays': [['|u1', [1 << 29] * 8]]}), 'shorter than its arrays'),
        (packed({'values': {}, 'arrays': [['|u1', [1] * 9]]}), 'at most 8 axes'),
        (packed({'values': {}, 'arrays': [['|u1', [1]]] * 20_000}), 'more than 10000 arrays'),
        (packed({'values': {}, 'arrays': [5]}), 'a type and a shape'),
        (packed(b'[' * 100_000), 'malformed'),
    ],
)
def test_a_malformed_message_has_a_reason(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        decode(content)


def test_a_damaged_message_raises_nothing_else() -> None:
    content = encode(Message({'method': 'look', 'layers': ['a']}, (np.ones((4, 4)),)))
    chance = random.Random(0)
    for _ in range(1_000):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            decode(bytes(damaged[: chance.randint(0, len(damaged))]))
        except ValueError:
            continue
