"""
The messages between the page and its viewers, on the WebSocket ``/viewer/socket``.

From the browser, text (JSON):

- ``{"watch": CAMERA, "capabilities": [...]}``: send the images of a camera, and those results;
- ``{"watch": null}``: send no more;
- ``{"ack": N}``: the image with this number is on the screen, the next one may come.

From the browser, binary: a picture to be processed, :data:`PICTURE_HEADER` and a JPEG.

To the browser, text (JSON):

- ``{"result": CAPABILITY, "stamp": S, "values": {...}, "inference_ms": M}``: what was found in the
  image with this stamp, in nanoseconds as text (a number of JavaScript has too few digits);
  ``"picture": N`` instead of the stamp for a picture from the browser;
- ``{"done": N}``: the picture with this number is processed;
- ``{"message": TEXT}``: why nothing comes, for people; empty when all is well again.

To the browser, binary: an image, :data:`IMAGE_HEADER` and a JPEG.
"""

from __future__ import annotations

from dataclasses import dataclass
import json
import struct
import time
from typing import Any

from nn_perception.studio.backend.cameras import CameraImage, CameraResult
from nn_perception.studio.backend.capabilities import CAPABILITIES
from nn_perception.studio.sockets import MessageError, parse_object

MAX_TEXT = 4096
MAX_CAMERA_ID = 1024
MAX_NUMBER = 2**32 - 1
MAX_PICTURE_BYTES = 4 * 1024**2
# Little endian: type (1), 3 unused bytes, number, stamp in ns, width and height in pixels, and the
# age when it is sent, in ms (NaN if it is unknown).
IMAGE_HEADER = struct.Struct('<B3xIQIIf')
IMAGE_TYPE = 1
# Little endian: type (1), 1 for a still picture and 0 for an image of a stream, the capabilities
# (bit 0: the first of CAPABILITIES), 0, and the number of the picture.
PICTURE_HEADER = struct.Struct('<BBBBI')
PICTURE_TYPE = 1
# An image older than this was stamped by another clock, or is of a recording.
OTHER_CLOCK_S = 60.0


@dataclass(frozen=True)
class WatchCamera:
    """
    The browser wants the images of a camera.

    :param camera: its id; None: of none
    :param capabilities: whose results it wants
    """

    camera: str | None
    capabilities: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Acknowledge:
    """
    The browser has shown an image.

    :param number: of the image
    """

    number: int


@dataclass(frozen=True)
class Picture:
    """
    A picture of the browser.

    :param number: of the picture
    :param still: whether it has nothing to do with the one before
    :param capabilities: whose results are wanted
    :param jpeg: the encoded picture, not checked yet
    """

    number: int
    still: bool
    capabilities: frozenset[str]
    jpeg: bytes


def parse_text(text: str) -> WatchCamera | Acknowledge:
    """
    Read a text message of the browser.

    :raises MessageError: if it is none of those above
    """
    message = parse_object(text, MAX_TEXT)
    if message.keys() == {'ack'}:
        return Acknowledge(_number(message['ack']))
    if message == {'watch': None}:
        return WatchCamera(None)
    if message.keys() == {'watch', 'capabilities'}:
        return WatchCamera(_camera(message['watch']), _capabilities(message['capabilities']))
    raise MessageError('a message has either watch and capabilities, or ack')


def parse_picture(message: bytes) -> Picture:
    """
    Read a binary message of the browser.

    :raises MessageError: if it is no picture
    """
    if not PICTURE_HEADER.size < len(message) <= PICTURE_HEADER.size + MAX_PICTURE_BYTES:
        raise MessageError('a picture has up to 4 MB after its header')
    kind, still, bits, unused, number = PICTURE_HEADER.unpack_from(message)
    if kind != PICTURE_TYPE or still > 1 or unused or not 0 < bits < 1 << len(CAPABILITIES):
        raise MessageError('the header of a picture is wrong')
    capabilities = (name for index, name in enumerate(CAPABILITIES) if bits >> index & 1)
    return Picture(number, bool(still), frozenset(capabilities), message[PICTURE_HEADER.size :])


def image_message(image: CameraImage, number: int) -> bytes:
    """Write an image for the browser."""
    age_s = (time.time_ns() - image.stamp_ns) * 1e-9
    age_ms = age_s * 1e3 if abs(age_s) < OTHER_CLOCK_S else float('nan')
    stamp_ns = max(0, image.stamp_ns)
    header = IMAGE_HEADER.pack(IMAGE_TYPE, number, stamp_ns, image.width, image.height, age_ms)
    return header + image.jpeg


def result_message(result: CameraResult, picture: int | None = None) -> str:
    """
    Write a result for the browser.

    :param picture: number of the picture of the browser that it belongs to; None: it belongs to
        the image with its stamp
    """
    place: dict[str, Any] = (
        {'stamp': str(max(0, result.stamp_ns))} if picture is None else {'picture': picture}
    )
    return json.dumps(
        {
            'result': result.capability,
            **place,
            'values': dict(result.values),
            'inference_ms': result.inference_ms,
        }
    )


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise MessageError('ack must be the number of an image')
    return value


def _camera(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_CAMERA_ID:
        raise MessageError('watch must be the id of a camera')
    return value


def _capabilities(value: Any) -> frozenset[str]:
    known = isinstance(value, list) and all(
        isinstance(one, str) and one in CAPABILITIES for one in value
    )
    if not known or len(set(value)) != len(value):
        raise MessageError(f'capabilities must be some of {", ".join(CAPABILITIES)}')
    return frozenset(value)
