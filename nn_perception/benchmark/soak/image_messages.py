"""Images as cameras publish them, and invalid ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
import random
import time

import cv2
from nn_perception.ros.outputs.headers import make_header
from nn_perception.ros.outputs.image_messages import (
    compressed_image_message,
    image_message,
    PUBLISHED_ENCODINGS,
)
import numpy as np
from numpy.typing import NDArray
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

SIZES = ((1280, 720), (800, 600), (320, 240), (64, 48))
# The stamp of an image with this frame_id is wrong: its results have no age.
ODD_STAMP = 'odd_stamp'
CAMERA = 'camera'
HALF_A_SECOND_NS = 5 * 10**8
HOUR_NS = 3600 * 10**9


def stamped(frame_id: str = CAMERA, shift_ns: int = 0) -> Header:
    """Return a header with the present time, or a time shifted from it."""
    stamp = Time(nanoseconds=time.time_ns() + shift_ns).to_msg()
    return make_header(stamp, frame_id)


class ImageFactory:
    """
    Make image messages of every kind from one picture.

    :param picture: uint8 BGR
    :param rng: decides everything that is random
    """

    def __init__(self, picture: NDArray[np.uint8], rng: random.Random) -> None:
        self._rng = rng
        self._pictures = {
            size: np.asarray(cv2.resize(picture, size), np.uint8) for size in ((640, 480), *SIZES)
        }
        self._invalid: tuple[Callable[[], Image], ...] = (
            self._truncated,
            self._wrong_step,
            self._unknown_encoding,
            self._zero_size,
            self._empty,
            self._huge,
            lambda: self.valid((640, 480), header=Header(frame_id=ODD_STAMP)),
            lambda: self.valid((640, 480), header=stamped(ODD_STAMP, -HOUR_NS)),
            lambda: self.valid((640, 480), header=stamped(ODD_STAMP, -HALF_A_SECOND_NS)),
            lambda: self.valid((640, 480), header=stamped(ODD_STAMP, HOUR_NS)),
        )

    def valid(
        self, size: tuple[int, int], encoding: str = 'bgr8', header: Header | None = None
    ) -> Image:
        """Make an image that gets a result, with the present time unless a header is given."""
        return image_message(self._pictures[size], header or stamped(), encoding)

    def every_valid(self) -> Iterator[tuple[str, Callable[[], Image]]]:
        """Yield a frame_id and a function that makes the image, for every size and encoding."""
        kinds = [(max(SIZES), encoding) for encoding in PUBLISHED_ENCODINGS]
        kinds += [(size, 'bgr8') for size in self._pictures if size != max(SIZES)]
        for size, encoding in kinds:
            name = f'{size[0]}x{size[1]}_{encoding}'
            yield name, partial(self._valid_named, name, size, encoding)

    def _valid_named(self, name: str, size: tuple[int, int], encoding: str) -> Image:
        return self.valid(size, encoding, stamped(name))

    def random_valid(self) -> Image:
        """Make a valid image of a random size and encoding."""
        encoding = self._rng.choice(PUBLISHED_ENCODINGS)
        return self.valid(self._rng.choice(SIZES), encoding)

    def random_invalid(self) -> Image:
        """Make an image that a node must reject, or one with a wrong stamp."""
        return self._rng.choice(self._invalid)()

    def jpeg(self) -> CompressedImage:
        """Make a compressed image; half of them are valid, half broken."""
        msg = compressed_image_message(self._pictures[320, 240], stamped(), 80)
        kind = self._rng.randrange(8)
        if kind == 0:
            msg.data = self._rng.randbytes(5000)
        elif kind == 1:
            msg.data = msg.data[: self._rng.randrange(1, len(msg.data) // 2)]
        elif kind == 2:
            msg.data = b''
        elif kind == 3:
            msg.format = 'bgr8; no such thing'
            msg.data = b'\xff\xd8' + self._rng.randbytes(500)
        return msg

    def _truncated(self) -> Image:
        msg = self.valid((320, 240))
        msg.data = msg.data[: self._rng.randrange(len(msg.data))]
        return msg

    def _wrong_step(self) -> Image:
        msg = self.valid((320, 240))
        msg.step = self._rng.choice((0, 1, 319, 959, 2**31))
        return msg

    def _unknown_encoding(self) -> Image:
        msg = self.valid((64, 48))
        invented = ''.join(self._rng.choices('abcdefghij', k=6))
        msg.encoding = self._rng.choice(('', 'bgr9', 'jpeg', 'größe', invented))
        return msg

    def _zero_size(self) -> Image:
        msg = self.valid((64, 48))
        msg.width, msg.height = self._rng.choice(((0, 48), (64, 0), (0, 0)))
        return msg

    def _empty(self) -> Image:
        return Image(header=stamped())

    def _huge(self) -> Image:
        msg = self.valid((64, 48))
        msg.width, msg.height, msg.step = 100_000, 100_000, 300_000
        return msg
