"""
Read messages with sound from the bytes that the middleware received.

``audio_common_msgs`` is another project's package. What its messages contain differs between
versions, so they are read as the installed version describes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nn_perception.capabilities.sounds.chunks import Chunk
from nn_perception.ros.inputs.serialized_fields import SerializedFields, SerializedMessageError
from nn_perception_interfaces.msg import AudioChunk
import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

try:
    from audio_common_msgs.msg import AudioStamped
except ImportError:  # not installed, or another package of this name
    AudioStamped = None

CHUNK_TYPE = 'nn_perception_interfaces/msg/AudioChunk'
STAMPED_TYPE = 'audio_common_msgs/msg/AudioStamped'
# A minute of stereo at 48 kHz; longer messages are not looked at.
MAX_MESSAGE_BYTES = 16_000_000

# What the types of numbers are in numpy, and their largest value as a sound.
_NUMBERS: dict[str, tuple[str, float]] = {
    'float': ('f4', 1.0),
    'int32': ('i4', 2.0**31),
    'int16': ('i2', 2.0**15),
    'int8': ('i1', 2.0**7),
    'uint8': ('u1', 2.0**7),
}
# In versions that have it, the samples of 24 bits are in numbers of 32.
_INT24 = 'int24_data'
_INT24_SCALE = 2.0**23


# Takes the bytes and the time of receipt in seconds.
Reader = Callable[[bytes, float], Chunk]


def read_audio_chunk(serialized: bytes, received_s: float) -> Chunk:
    """
    Read a nn_perception_interfaces/AudioChunk.

    :param serialized: CDR with its header of four bytes, as a raw subscription receives it
    :param received_s: time of receipt in seconds
    :returns: the sound, which may still be none: see :meth:`.Chunk.check`
    :raises SerializedMessageError: if the bytes are no such message, or too many
    """
    fields = _fields(serialized)
    header = fields.header()
    rate_hz, channels = fields.uint32(), fields.uint8()
    samples = _array(fields, 'int16')
    return Chunk(samples, rate_hz, channels, _seconds(header), received_s, header.frame_id)


def read_audio_stamped(serialized: bytes, received_s: float) -> Chunk:
    """
    Read an audio_common_msgs/AudioStamped, see :func:`read_audio_chunk`.

    :raises SerializedMessageError: also if the installed version has other fields
    """
    fields = _fields(serialized)
    header = fields.header()
    content = _content(fields, AudioStamped().audio)
    arrays = [one for one in content.values() if isinstance(one, np.ndarray)]
    samples = arrays[0] if arrays else np.empty(0, np.float32)
    try:
        rate_hz, channels = content['rate'], content['channels']
    except KeyError as error:
        raise SerializedMessageError(f'its type lacks {error}') from error
    return Chunk(samples, rate_hz, channels, _seconds(header), received_s, header.frame_id)


READERS: dict[str, tuple[type, Reader]] = {CHUNK_TYPE: (AudioChunk, read_audio_chunk)}
if AudioStamped is not None:
    READERS[STAMPED_TYPE] = (AudioStamped, read_audio_stamped)


def _fields(serialized: bytes) -> SerializedFields:
    if len(serialized) > MAX_MESSAGE_BYTES:
        raise SerializedMessageError(
            f'it has {len(serialized)} bytes; expected at most {MAX_MESSAGE_BYTES}'
        )
    return SerializedFields(serialized)


def _seconds(header: Header) -> float:
    return float(header.stamp.sec + header.stamp.nanosec * 1e-9)


def _content(fields: SerializedFields, msg: Any) -> dict[str, Any]:
    """
    Read the fields of a message and of the messages in it.

    :param msg: any message of its type
    :returns: numbers, and samples as float32 where there are some, by the name of their field
    """
    content: dict[str, Any] = {}
    for name, kind in msg.get_fields_and_field_types().items():
        if kind in ('int32', 'uint32'):
            content[name] = fields.int32() if kind == 'int32' else fields.uint32()
        elif kind == 'uint8':
            content[name] = fields.uint8()
        elif kind == 'string':
            fields.text()
        elif kind.startswith('sequence<') and kind[9:-1] in _NUMBERS:
            scale = _INT24_SCALE if name == _INT24 else 0.0
            values = _scaled(_array(fields, kind[9:-1]), kind[9:-1], scale)
            if values.size:
                content[name] = values
        elif '/' in kind and '<' not in kind:
            content.update(_content(fields, getattr(msg, name)))
        else:
            raise SerializedMessageError(f'its type has a field of the unknown type {kind}')
    return content


def _array(fields: SerializedFields, kind: str) -> NDArray[Any]:
    """Read a sequence of numbers; it is not copied if the byte order is that of this machine."""
    name = _NUMBERS[kind][0]
    dtype = np.dtype(f'{"<" if fields.little_endian else ">"}{name}')
    values = np.frombuffer(fields.numbers(dtype.itemsize), dtype)
    return values.astype(dtype.newbyteorder('='), copy=False)


def _scaled(values: NDArray[Any], kind: str, scale: float) -> NDArray[np.float32]:
    """Convert numbers to samples from -1 to 1."""
    middle = 128.0 if kind == 'uint8' else 0.0
    samples = (values.astype(np.float64) - middle) / (scale or _NUMBERS[kind][1])
    return samples.astype(np.float32)
