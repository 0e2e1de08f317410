"""
Read image messages from the bytes that the middleware received.

Image subscriptions take bytes instead of messages, because Fast DDS can hang forever while it
deserialises a message itself, see docs/evaluation/transport.md. A message that claims to be larger
than its bytes is rejected before memory is allocated for it.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

ImageMessage: TypeAlias = Image | CompressedImage

# The representation identifiers of CDR, of the first and the second version; these messages look
# the same in both. Two more bytes with options follow.
_BYTE_ORDERS = {
    b'\x00\x00': '>',
    b'\x00\x01': '<',
    b'\x00\x06': '>',
    b'\x00\x07': '<',
}
_HEADER_SIZE = 4


class SerializedMessageError(ValueError):
    """Why bytes are no image message, in a few words."""


def read_image_message(serialized: bytes, kind: type[ImageMessage]) -> ImageMessage:
    """
    Deserialise an image; costs one copy of its pixels.

    :param serialized: CDR with its header of four bytes, as a raw subscription receives it
    :param kind: sensor_msgs/Image or CompressedImage
    :raises SerializedMessageError: if the bytes are no such message
    """
    fields = _Fields(serialized)
    msg = kind()
    _read_header(fields, msg.header)
    if kind is Image:
        msg.height = fields.uint32()
        msg.width = fields.uint32()
        msg.encoding = fields.text()
        msg.is_bigendian = fields.uint8()
        msg.step = fields.uint32()
    else:
        msg.format = fields.text()
    msg.data.frombytes(fields.sequence())
    return msg


def _read_header(fields: _Fields, header: Header) -> None:
    header.stamp.sec = fields.int32()
    header.stamp.nanosec = fields.uint32()
    header.frame_id = fields.text()


class _Fields:
    """The fields of a serialised message, one after the other."""

    def __init__(self, serialized: bytes) -> None:
        if not serialized:
            raise SerializedMessageError('it has no bytes')
        order = _BYTE_ORDERS.get(serialized[:2])
        if order is None or len(serialized) < _HEADER_SIZE:
            raise SerializedMessageError('it is not CDR')
        self._body = memoryview(serialized)[_HEADER_SIZE:]
        self._position = 0
        self._int32 = struct.Struct(f'{order}i')
        self._uint32 = struct.Struct(f'{order}I')

    def uint8(self) -> int:
        return int(self._take(1)[0])

    def int32(self) -> int:
        return int(self._int32.unpack(self._aligned())[0])

    def uint32(self) -> int:
        return int(self._uint32.unpack(self._aligned())[0])

    def text(self) -> str:
        """Read a string; bytes that are not UTF-8 are replaced, as rclpy does."""
        return str(self.sequence(), 'utf-8', 'replace').removesuffix('\0')

    def sequence(self) -> memoryview:
        """Read the bytes of a string or of a sequence of uint8."""
        return self._take(self.uint32())

    def _aligned(self) -> memoryview:
        self._position += -self._position % 4
        return self._take(4)

    def _take(self, size: int) -> memoryview:
        end = self._position + size
        if end > len(self._body):
            raise SerializedMessageError('it ends early')
        taken, self._position = self._body[self._position : end], end
        return taken
