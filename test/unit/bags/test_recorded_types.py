"""Definitions and hashes of the types in bags."""

from __future__ import annotations

import time
from typing import Any

from nn_perception.bags.recorded_types import RecordedTypes
from nn_perception.bags.storage.connection import Connection, Definition
import pytest
from rosbags.typesys import get_typestore, Stores

IMAGE = 'sensor_msgs/msg/Image'
HASH = get_typestore(Stores.ROS2_HUMBLE).hash_rihs01(IMAGE)


def described(content: bytes, kind: str = 'a_msgs/msg/B', **more: Any) -> Connection:
    definition = Definition('ros2msg', content)
    return RecordedTypes().described(Connection(0, '/a', kind, definition=definition, **more))


def test_known_types() -> None:
    found = described(b'', IMAGE)
    assert found.digest == HASH
    assert b'uint32 height' in found.definition.content
    assert described(found.definition.content, IMAGE).digest == HASH
    # Empty lines are not part of the hash.
    spaced = found.definition.content.replace(b'\n', b'\n\n\n')
    assert described(spaced, IMAGE).digest == HASH
    assert described(b'', IMAGE, digest='x').digest == 'x'
    assert described(b'int32 x', digest='x').digest == 'x'


def test_what_stays_as_it_is() -> None:
    for given in (
        Connection(0, '/a', IMAGE, 'json'),
        Connection(0, '/a', 'a_msgs/msg/B'),
        Connection(0, '/a', 'a_msgs/msg/B', definition=Definition('ros2idl', b'module a {}')),
    ):
        assert RecordedTypes().described(given) == given


@pytest.mark.parametrize(
    'content',
    [
        b'\xff', b'not a definition ][', b'other_msgs/Unknown x', b'[' * 100_000, b'\n' * 190_000,
        b'int32 x\n' * 40_000, b'a' * 600_000, b'int32 a=' + b'9' * 100_000,
        b''.join(b'string a%d\n' % i for i in range(9000)),
    ],
)  # fmt: skip
def test_odd_definitions_take_no_time(content: bytes) -> None:
    started_s = time.process_time()
    found = described(content)
    assert found.definition.content == content
    assert time.process_time() - started_s < 10.0


def test_all_types_share_a_limit() -> None:
    types, texts = RecordedTypes(), [b'#%d' % i + b' ' * 150_000 for i in range(6)]
    found = [
        types.described(
            Connection(0, '/a', 'a_msgs/msg/B', definition=Definition('ros2msg', text))
        )
        for text in (*texts, texts[0])
    ]
    assert [bool(each.digest) for each in found] == [True, True, True, False, False, False, True]
