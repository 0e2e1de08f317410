"""
The fields of a message in the bytes that the middleware received.

Subscriptions take bytes instead of messages, because Fast DDS can hang forever while it
deserialises a message itself, see docs/evaluation/transport.md. A message that claims to be larger
than its bytes is rejected before memory is allocated for it.
"""

from __future__ import annotations

import struct

from std_msgs.msg import Header

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
    """Why bytes are not the expected message, in a few words."""


class SerializedFields:
    """
    The fields of a serialised message, one after the other.

    :param serialized: CDR with its header of four bytes, as a raw subscription receives it
    :raises SerializedMessageError: if it is no CDR; the methods raise it if the bytes end early
    """

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

    @property
    def little_endian(self) -> bool:
        """Whether the first byte of a number is its least significant one."""
        return self._int32.format[0] == '<'

    def header(self) -> Header:
        """Read a std_msgs/Header."""
        header = Header()
        header.stamp.sec = self.int32()
        header.stamp.nanosec = self.uint32()
        header.frame_id = self.text()
        return header

    def uint8(self) -> int:
        """Read a number of one byte."""
        return int(self._take(1)[0])

    def int32(self) -> int:
        """Read a signed number of four bytes."""
        return int(self._int32.unpack(self._aligned())[0])

    def uint32(self) -> int:
        """Read an unsigned number of four bytes."""
        return int(self._uint32.unpack(self._aligned())[0])

    def text(self) -> str:
        """Read a string; bytes that are not UTF-8 are replaced, as rclpy does."""
        return str(self.sequence(), 'utf-8', 'replace').removesuffix('\0')

    def sequence(self) -> memoryview:
        """Read the bytes of a string or of a sequence of uint8."""
        return self.numbers(1)

    def numbers(self, size: int) -> memoryview:
        """
        Read the bytes of a sequence of numbers.

        :param size: of one of them, in bytes: 1, 2, 4 or 8
        """
        count = self.uint32()
        if count:
            self._align(size)
        return self._take(count * size)

    def _aligned(self) -> memoryview:
        self._align(4)
        return self._take(4)

    def _align(self, size: int) -> None:
        self._position += -self._position % size

    def _take(self, size: int) -> memoryview:
        end = self._position + size
        if end > len(self._body):
            raise SerializedMessageError('it ends early')
        taken, self._position = self._body[self._position : end], end
        return taken
