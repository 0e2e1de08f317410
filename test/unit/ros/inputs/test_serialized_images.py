"""Image messages out of the bytes that the middleware received."""

from __future__ import annotations

import random
import struct
import tracemalloc

from builtin_interfaces.msg import Time
from nn_perception.ros.inputs.serialized_fields import SerializedMessageError
from nn_perception.ros.inputs.serialized_images import ImageMessage, read_image_message
import numpy as np
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header


def image(data: bytes = b'123456', **fields: object) -> Image:
    msg = Image(height=1, width=2, step=6, encoding='bgr8', **fields)
    msg.data.frombytes(data)
    return msg


def jpeg(data: bytes = b'\xff\xd8', **fields: object) -> CompressedImage:
    msg = CompressedImage(format='bgr8; jpeg compressed bgr8', **fields)
    msg.data.frombytes(data)
    return msg


def header(frame_id: str) -> Header:
    return Header(stamp=Time(sec=-5, nanosec=999_999_999), frame_id=frame_id)


MESSAGES: list[ImageMessage] = [
    Image(),
    CompressedImage(),
    *(image(header=header('x' * length), is_bigendian=1) for length in range(5)),
    *(jpeg(header=header('x' * length)) for length in range(5)),
    image(data=bytes(range(256)) * 4000, header=header('Kamera größer')),
    jpeg(data=b''),
]


@pytest.mark.parametrize('msg', MESSAGES)
def test_a_message_arrives_as_it_was_sent(msg: ImageMessage) -> None:
    assert read_image_message(serialize_message(msg), type(msg)) == msg


def test_the_other_byte_order() -> None:
    body = struct.pack('>iIIxxxxIIIxxxxBxxxIIB', 3, 7, 4, 1, 2, 4, 0, 6, 1, 9)
    body = body.replace(struct.pack('>I', 4) + bytes(4), struct.pack('>I', 4) + b'rgb\0')
    msg = read_image_message(b'\x00\x00\x00\x00' + body, Image)
    assert (msg.header.stamp.sec, msg.header.stamp.nanosec, msg.header.frame_id) == (3, 7, 'rgb')
    assert (msg.height, msg.width, msg.encoding, msg.step) == (1, 2, 'rgb', 6)
    assert list(msg.data) == [9]


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    serialized = serialize_message(jpeg(header=header('abc'))).replace(b'abc', b'a\xffc')
    assert read_image_message(serialized, CompressedImage).header.frame_id == 'a\ufffdc'


@pytest.mark.parametrize('msg', [image(header=header('camera')), jpeg(header=header('camera'))])
def test_a_message_that_ends_early(msg: ImageMessage) -> None:
    serialized = serialize_message(msg)
    # Behind the message there may be bytes that fill it up to a multiple of four.
    for size in range(1, len(serialized) - 3):
        with pytest.raises(SerializedMessageError, match=r'ends early|is not CDR'):
            read_image_message(serialized[:size], type(msg))


@pytest.mark.parametrize(
    ('serialized', 'reason'),
    [
        (b'', 'no bytes'),
        (b'\x00\x01', 'not CDR'),
        (b'\x00\x03\x00\x00' + bytes(60), 'not CDR'),
        (b'\xff' * 64, 'not CDR'),
    ],
)
def test_what_is_no_message(serialized: bytes, reason: str) -> None:
    for kind in (Image, CompressedImage):
        with pytest.raises(SerializedMessageError, match=reason):
            read_image_message(serialized, kind)


def test_a_claimed_size_costs_no_memory() -> None:
    """A length of 4 GB in a message of some bytes, wherever it stands."""
    serialized = serialize_message(image(header=header('camera')))
    tracemalloc.start()
    for offset in range(4, len(serialized) - 4, 4):
        claimed = bytearray(serialized)
        claimed[offset : offset + 4] = b'\xff\xff\xff\xff'
        try:
            read_image_message(bytes(claimed), Image)
        except SerializedMessageError:
            continue
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


def test_bytes_that_were_changed_at_random() -> None:
    rng = random.Random(4)
    serialized = serialize_message(image(data=bytes(900), header=header('camera')))
    outcomes = {'read': 0, 'refused': 0}
    for _ in range(2000):
        changed = np.frombuffer(serialized, np.uint8).copy()
        for _ in range(rng.randint(1, 6)):
            changed[rng.randrange(64)] = rng.randrange(256)
        try:
            read_image_message(changed.tobytes(), Image)
            outcomes['read'] += 1
        except SerializedMessageError:
            outcomes['refused'] += 1
    assert min(outcomes.values()) > 0
