"""Read image messages from the bytes that the middleware received."""

from __future__ import annotations

from typing import TypeAlias

from nn_perception.ros.inputs.serialized_fields import SerializedFields
from sensor_msgs.msg import CompressedImage, Image

ImageMessage: TypeAlias = Image | CompressedImage


def read_image_message(serialized: bytes, kind: type[ImageMessage]) -> ImageMessage:
    """
    Deserialise an image; costs one copy of its pixels.

    :param serialized: CDR with its header of four bytes, as a raw subscription receives it
    :param kind: sensor_msgs/Image or CompressedImage
    :raises SerializedMessageError: if the bytes are no such message
    """
    fields = SerializedFields(serialized)
    msg = kind(header=fields.header())
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
