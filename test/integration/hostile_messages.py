"""Messages that no camera should send, whose types are right and whose values are not."""

from __future__ import annotations

from collections.abc import Callable
import math
import random
from typing import Any

import cv2
from nn_perception.ros.inputs.image_decoding import ENCODINGS
from nn_perception.ros.outputs.image_messages import compressed_image_message, image_message
import numpy as np
from ros_graph import header_at, picture
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

TEXTS = (
    '', ' ', 'bgr8', '16UC1', '32FC1', 'jpeg', '16UC1; png compressed', 'jpeg; compressedDepth',
    'plumb_bob', 'equidistant', 'rational_polynomial', 'camera', 'Größe 日本語 📷', 'two\nlines\r',
    '\x1b[31mred', '%s%n{0}', '../../etc/passwd', "it's \"quoted\"", 'x' * 5000,
)  # fmt: skip
NUMBERS = (0, 1, 2, 3, 17, 640, 65535, 2**31 - 1, 2**31, 2**32 - 1)
FLOATS = (
    0.0, -0.0, 1.0, -1.0, 320.5, 525.0, 1e-308, -1e308, 1e308, 5e-324, math.nan, math.inf,
    -math.inf,
)  # fmt: skip
FORMATS = ('.jpg', '.png', '.webp', '.bmp', '.tiff')
SMALL = picture(64, 48)


class HostileMessages:
    """
    Make messages of each type that the nodes subscribe to.

    :param size: width and height of the good images, which some of the others share
    :param seed: of the random numbers
    """

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self._random = random.Random(seed)
        self._size = size
        self.kinds: dict[type, Callable[[], Any]] = {
            Image: self.image,
            CompressedImage: self.compressed,
            CameraInfo: self.camera_info,
            Clock: self.clock,
        }

    def header(self) -> Header:
        """Make a header with any stamp and frame."""
        header = Header(frame_id=self._random.choice(TEXTS))
        header.stamp.sec = self._random.choice((0, 1, -1, -(2**31), 2**31 - 1, 1_700_000_000))
        header.stamp.nanosec = self._random.choice((0, 1, 999_999_999, 10**9, 2**32 - 1))
        return header

    def image(self) -> Image:
        """Make a raw image, or a depth image."""
        encoding = self._random.choice((*ENCODINGS, '16UC1', '32FC1', *TEXTS))
        if self._random.random() < 0.5:
            width, height = self._size if self._random.random() < 0.5 else (30, 20)
            values = 4 if encoding.startswith('32') else 2 if '16' in encoding else 1
            step = width * values * self._random.choice((1, 1, 2, 3, 4))
            data = self._random.randbytes(min(step * height, 400_000))
        else:
            width, height, step = (self._random.choice(NUMBERS) for _ in range(3))
            data = self._random.randbytes(self._random.choice((0, 1, 7, 4096)))
        message = Image(header=self.header(), encoding=encoding)
        if self._random.random() < 0.3:
            message.header = header_at(1.0)
        message.width, message.height, message.step = width, height, step
        message.is_bigendian = self._random.choice((0, 1, 255))
        message.data.frombytes(data)
        return message

    def compressed(self) -> CompressedImage:
        """Make a compressed image, damaged in one place or more."""
        image = self._random.choice((SMALL, SMALL[:1, :1], SMALL[..., 0]))
        if self._random.random() < 0.2:
            image = image.astype(np.uint16) * 257
        suffix = self._random.choice(FORMATS if image.dtype == np.uint8 else ('.png', '.tiff'))
        data = bytearray(cv2.imencode(suffix, image)[1].tobytes())
        for _ in range(self._random.choice((0, 1, 3, 30))):
            data[self._random.randrange(len(data))] = self._random.randrange(256)
        if self._random.random() < 0.3:
            del data[self._random.randrange(len(data)) :]
        message = CompressedImage(header=self.header(), format=self._random.choice(TEXTS))
        message.data.frombytes(bytes(data))
        return message

    def camera_info(self) -> CameraInfo:
        """Make a calibration."""
        message = CameraInfo(header=self.header())
        message.width, message.height = (
            self._size if self._random.random() < 0.7 else self._random.choices(NUMBERS, k=2)
        )
        message.distortion_model = self._random.choice(TEXTS)
        message.d = self._floats(self._random.choice((0, 1, 4, 5, 8, 14, 1000)))
        message.k, message.r = self._floats(9), self._floats(9)
        if self._random.random() < 0.5:
            message.k = [525.0, 0.0, 160.0, 0.0, 525.0, 120.0, 0.0, 0.0, 1.0]
        message.p = self._floats(12)
        return message

    def clock(self) -> Clock:
        """Make a time, also before zero and beyond all years."""
        return Clock(clock=self.header().stamp)

    def _floats(self, count: int) -> list[float]:
        return [self._random.choice(FLOATS) for _ in range(count)]


def good_message(kind: type, image: np.ndarray, seconds: float) -> Image | CompressedImage:
    """Make an image that every node can read."""
    if kind is Image:
        return image_message(image, header_at(seconds))
    return compressed_image_message(image, header_at(seconds), 95)
