"""
Sound out of the bytes that the middleware received.

``audio_common_msgs`` has no wheel: ``STAMPED`` stands for its AudioStamped, with the fields of two
versions of the package. The bytes are written here, as CDR lays them out.
"""

from __future__ import annotations

import random
import struct
from types import SimpleNamespace
from typing import Any

from builtin_interfaces.msg import Time
from nn_perception.ros.inputs import audio_messages
from nn_perception.ros.inputs.audio_messages import (
    MAX_MESSAGE_BYTES,
    read_audio_chunk,
    read_audio_stamped,
)
from nn_perception.ros.inputs.serialized_fields import SerializedMessageError
from nn_perception_interfaces.msg import AudioChunk
import numpy as np
import pytest
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

VERSIONS = (
    ('float32_data', 'int32_data', 'int24_data', 'int16_data', 'int8_data', 'uint8_data'),
    ('uint8_data', 'int8_data', 'int16_data', 'int32_data', 'float32_data'),
)
KINDS = {
    'float32_data': ('float', 'f'),
    'int32_data': ('int32', 'i'),
    'int24_data': ('int32', 'i'),
    'int16_data': ('int16', 'h'),
    'int8_data': ('int8', 'b'),
    'uint8_data': ('uint8', 'B'),
}


def audio_chunk(samples: list[int], frame_id: str = 'mic') -> AudioChunk:
    header = Header(stamp=Time(sec=5, nanosec=250_000_000), frame_id=frame_id)
    return AudioChunk(header=header, sample_rate=44_100, channels=2, samples=samples)


@pytest.mark.parametrize('frame_id', ['', 'm', 'mi', 'mic', 'Mikrofon über dem Kopf'])
def test_a_chunk_arrives_as_it_was_sent(frame_id: str) -> None:
    sent = [0, 1, -1, 32767, -32768, 7]
    chunk = read_audio_chunk(serialize_message(audio_chunk(sent, frame_id)), 9.0)
    assert chunk.samples.dtype == np.int16
    assert chunk.samples.tolist() == sent
    assert (chunk.rate_hz, chunk.channels, chunk.frame_id) == (44_100, 2, frame_id)
    assert (chunk.stamp_s, chunk.received_s) == (5.25, 9.0)
    assert read_audio_chunk(serialize_message(AudioChunk()), 9.0).samples.size == 0


def test_the_other_byte_order() -> None:
    body = struct.pack('>iII', 5, 0, 1) + bytes(1) + bytes(3)
    body += struct.pack('>IBxxxIhh', 8000, 1, 2, 300, -300)
    chunk = read_audio_chunk(b'\x00\x00\x00\x00' + body, 0.0)
    assert (chunk.rate_hz, chunk.samples.tolist()) == (8000, [300, -300])
    assert chunk.samples.dtype.isnative


def test_bytes_that_are_no_message_are_rejected() -> None:
    content = serialize_message(audio_chunk(list(range(100))))
    for size in range(len(content)):
        with pytest.raises(SerializedMessageError):
            read_audio_chunk(content[:size], 0.0)
    with pytest.raises(SerializedMessageError, match='at most'):
        read_audio_chunk(bytes(MAX_MESSAGE_BYTES + 1), 0.0)
    # A length beyond the end costs no memory.
    with pytest.raises(SerializedMessageError):
        read_audio_chunk(content[:28] + b'\xff\xff\xff\xff' + content[32:], 0.0)


def test_random_bytes_give_a_chunk_or_a_sentence() -> None:
    chance = random.Random(1)
    content = bytearray(serialize_message(audio_chunk(list(range(50)))))
    for _ in range(2000):
        changed = bytearray(content)
        for _ in range(chance.randint(1, 5)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        try:
            chunk = read_audio_chunk(bytes(changed), 0.0)
            chunk.check()
        except ValueError:
            continue
        assert chunk.duration_s > 0.0


class Message:
    """A message of a type that is only known by its fields."""

    def __init__(self, **fields: Any) -> None:
        self._types = {name: kind for name, (kind, _) in fields.items()}
        for name, (_, value) in fields.items():
            setattr(self, name, value)

    def get_fields_and_field_types(self) -> dict[str, str]:
        """Describe the fields, as the classes of messages do."""
        return self._types


def stamped(order: tuple[str, ...], **info: str) -> SimpleNamespace:
    """Make an AudioStamped, as far as it is looked at."""
    data = Message(**{name: (f'sequence<{KINDS[name][0]}>', None) for name in order})
    fields = info or {'format': 'int32', 'channels': 'int32', 'rate': 'int32', 'chunk': 'int32'}
    described = Message(**{name: (kind, 0) for name, kind in fields.items()})
    package = 'audio_common_msgs'
    return SimpleNamespace(
        audio=Message(
            audio_data=(f'{package}/AudioData', data), info=(f'{package}/AudioInfo', described)
        )
    )


def stamped_bytes(order: tuple[str, ...], filled: str, values: list[Any]) -> bytes:
    """Write an AudioStamped of 16 kHz and one channel, aligned as CDR demands."""
    body = struct.pack('<iII', 3, 500_000_000, 4) + b'mic\0'
    for name in order:
        code = KINDS[name][1]
        present = values if name == filled else []
        body += bytes(-len(body) % 4) + struct.pack('<I', len(present))
        body += struct.pack(f'<{len(present)}{code}', *present)
    body += bytes(-len(body) % 4) + struct.pack('<4i', 8, 1, 16_000, 512)
    return b'\x00\x01\x00\x00' + body


@pytest.mark.parametrize('order', VERSIONS)
@pytest.mark.parametrize(
    ('filled', 'values'),
    [
        ('float32_data', [0.0, 0.5, -1.0]),
        ('int32_data', [0, 2**30, -(2**31)]),
        ('int16_data', [0, 2**14, -(2**15)]),
        ('int8_data', [0, 64, -128]),
        ('uint8_data', [128, 192, 0]),
    ],
)
def test_sound_of_another_package(
    order: tuple[str, ...], filled: str, values: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_messages, 'AudioStamped', lambda: stamped(order))
    chunk = read_audio_stamped(stamped_bytes(order, filled, values), 0.0)
    assert chunk.samples.tolist() == [0.0, 0.5, -1.0]
    assert (chunk.rate_hz, chunk.channels, chunk.stamp_s) == (16_000, 1, 3.5)
    chunk.check()


def test_samples_of_24_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    order = VERSIONS[0]
    monkeypatch.setattr(audio_messages, 'AudioStamped', lambda: stamped(order))
    content = stamped_bytes(order, 'int24_data', [0, 2**22, -(2**23)])
    assert read_audio_stamped(content, 0.0).samples.tolist() == [0.0, 0.5, -1.0]


def test_a_version_with_other_fields_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    content = stamped_bytes(VERSIONS[0], 'int16_data', [1])
    monkeypatch.setattr(
        audio_messages, 'AudioStamped', lambda: stamped(VERSIONS[0], channels='int32')
    )
    with pytest.raises(SerializedMessageError, match="lacks 'rate'"):
        read_audio_stamped(content, 0.0)
    monkeypatch.setattr(
        audio_messages, 'AudioStamped', lambda: stamped(VERSIONS[0], rate='sequence<double, 3>')
    )
    with pytest.raises(SerializedMessageError, match='unknown type'):
        read_audio_stamped(content, 0.0)
