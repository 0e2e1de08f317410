"""
Hundreds of images that no camera should send, over DDS, to a node in another process.

They are sent in lock step as far as that is possible from outside: after a valid image the test
waits for the result, after an image that is rejected for a new reason for the line in the log. An
image that is rejected for a known reason only shows in a count once a second. It gets a moment, in
which a busy machine may not process it; then the node must count it as dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
import random
import re
import time
from typing import Any

import cv2
import nn_perception
from nn_perception.core.imaging.image_files import read_image
from nn_perception.ros.inputs.image_decoding import compressed_to_bgr, ENCODINGS, to_bgr
from nn_perception.ros.outputs.image_messages import compressed_image_message, image_message
import numpy as np
import pytest
from rcl_interfaces.srv import GetParameters
from ros_graph import header_at, NodeProcess, Peer, picture, RELIABLE
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Classification

StartNode = Callable[..., NodeProcess]

ESPRESSO = Path(nn_perception.__file__).with_name('samples') / 'espresso.jpg'
RAW_COUNT, MANY_RAW = 200, 5000
COMPRESSED_COUNT, MANY_COMPRESSED = 60, 1500
LONGEST_REASON = 300
MOMENT_S = 0.004

UNKNOWN_ENCODINGS = (
    '',
    ' ',
    'BGR8',
    'bgr8 ',
    'nv61',
    '8UC2',
    '64FC1',
    'jpeg',
    'Größe',
    '日本語',
    '📷' * 60,
    '\u202egnirts',
    'e\u0301\u200b',
    'two\nlines\r\t',
    '\x1b[31mred',
    '%s%n{0}',
    '../../etc/passwd',
    'x' * 5000,
)
FRAME_IDS = ('camera', '', 'Größe 日本語 📷', 'two\nlines', '%s', 'f' * 300)


def value_bytes(encoding: str) -> int:
    """Return the number of bytes of a value of an encoding."""
    return 4 if encoding.startswith('32') else 2 if '16' in encoding else 1


def pixel_bytes(encoding: str) -> int:
    """Return the number of bytes of a pixel in a row."""
    if encoding.startswith('yuv') or encoding in ('uyvy', 'yuyv'):
        return 2
    if numbered := re.fullmatch(r'\d+[UF]C(\d)', encoding):
        return int(numbered[1]) * value_bytes(encoding)
    channels = 4 if 'a' in encoding[:4] and 'bay' not in encoding else 3
    if encoding[:3] not in ('rgb', 'bgr'):
        channels = 1
    return channels * value_bytes(encoding)


def buffer_rows(encoding: str, height: int) -> int:
    """Count the rows of a buffer, including those of planar chroma."""
    return {'nv12': height * 3 // 2, 'nv21': height * 3 // 2, 'nv24': height * 3}.get(
        encoding, height
    )


class RawFuzzer:
    """Make raw images, valid ones and others that must be rejected."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._kinds = (
            (self._good, 8),
            (self._unknown, 3),
            (self._empty, 2),
            (self._huge, 2),
            (self._short_step, 3),
            (self._truncated, 4),
            (self._odd_step, 1),
            (self._impossible_size, 1),
            (self._chaos, 4),
        )

    def next(self) -> tuple[Image, bool | None]:
        """Make an image, and say whether it is valid; None where only the decoder knows."""
        kinds, weights = zip(*self._kinds, strict=True)
        msg, good = self._random.choices(kinds, weights)[0]()
        msg.is_bigendian = self._random.choice((0, 0, 1, 255))
        return msg, good

    def _bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def _whole(self, encoding: str) -> Image:
        width, height = (2 * self._random.randint(2, 30) for _ in range(2))
        if self._random.random() < 0.02:
            width, height = 640, 480
        msg = Image(encoding=encoding, width=width, height=height)
        padding = self._random.choice((0, 0, 1, 5, 100)) * value_bytes(encoding)
        msg.step = width * pixel_bytes(encoding) + padding
        msg.data.frombytes(self._bytes(msg.step * buffer_rows(encoding, height)))
        return msg

    def _good(self) -> tuple[Image, bool]:
        msg = self._whole(self._random.choice(ENCODINGS))
        if self._random.random() < 0.2:
            msg.data.frombytes(self._bytes(self._random.randint(1, 99)))
        return msg, True

    def _unknown(self) -> tuple[Image, bool]:
        msg = self._whole('bgr8')
        msg.encoding = self._random.choice(UNKNOWN_ENCODINGS)
        return msg, False

    def _empty(self) -> tuple[Image, bool]:
        msg = self._whole(self._random.choice(ENCODINGS))
        setattr(msg, self._random.choice(('width', 'height')), 0)
        return msg, False

    def _huge(self) -> tuple[Image, bool]:
        msg = self._whole(self._random.choice(ENCODINGS))
        msg.width, msg.height, msg.step = (2 ** self._random.randint(14, 32) - 1 for _ in range(3))
        return msg, False

    def _short_step(self) -> tuple[Image, bool]:
        msg = self._whole(self._random.choice(ENCODINGS))
        msg.step = self._random.randrange(msg.width * pixel_bytes(msg.encoding))
        return msg, False

    def _truncated(self) -> tuple[Image, bool]:
        msg = self._whole(self._random.choice(ENCODINGS))
        rows = buffer_rows(msg.encoding, msg.height)
        # The padding of the last row may be missing; so may, in effect, all of the chroma.
        least = msg.step * msg.height + 1 if rows > msg.height else 0
        most = msg.step * (rows - 2) + msg.width * pixel_bytes(msg.encoding)
        del msg.data[self._random.randint(min(least, most), most - 1) :]
        return msg, False

    def _odd_step(self) -> tuple[Image, bool]:
        msg = self._whole(self._random.choice([e for e in ENCODINGS if value_bytes(e) > 1]))
        msg.step += 1
        msg.data.frombytes(self._bytes(msg.height))
        return msg, False

    def _impossible_size(self) -> tuple[Image, bool]:
        encoding = self._random.choice(
            [e for e in ENCODINGS if e.startswith(('yuv', 'bayer')) or e in ('uyvy', 'yuyv')]
        )
        msg = self._whole(encoding)
        msg.width = 2 if encoding.startswith('bayer') else msg.width - 1
        return msg, False

    def _chaos(self) -> tuple[Image, None]:
        msg = Image(encoding=self._random.choice(ENCODINGS))
        msg.width, msg.height = (int(2 ** self._random.uniform(0, 9)) for _ in range(2))
        msg.step = self._random.choice((0, 1, msg.width, 3 * msg.width, 4 * msg.width, 2**32 - 1))
        msg.data.frombytes(self._bytes(self._random.randint(0, 50_000)))
        return msg, None


class CompressedFuzzer:
    """Make compressed images, valid and damaged ones, and data that is no image."""

    formats = ('jpeg', 'png', 'bgr8; jpeg compressed bgr8', '', 'Größe\n日本語', 'h264')

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._files = [
            cv2.imencode(suffix, picture(64, 48, seed=i))[1].tobytes()
            for i, suffix in enumerate(('.jpg', '.png', '.jpg', '.png'))
        ]

    def next(self) -> tuple[CompressedImage, bool | None]:
        """Make an image, and say whether it is valid; None where only the decoder knows."""
        stored = self._random.choice(self._files)
        make = self._random.choice(
            (self._good, self._truncated, self._damaged, self._no_image, self._depth)
        )
        data, good = make(stored)
        msg = CompressedImage(format=self._random.choice(self.formats))
        if make == self._depth:
            msg.format = '16UC1; compressedDepth png'
        msg.data.frombytes(data)
        return msg, good

    def _good(self, stored: bytes) -> tuple[bytes, bool]:
        return stored, True

    def _truncated(self, stored: bytes) -> tuple[bytes, bool]:
        return stored[: self._random.randrange(len(stored) - 12)], False

    def _damaged(self, stored: bytes) -> tuple[bytes, None]:
        data = bytearray(stored)
        for _ in range(self._random.randint(1, 8)):
            # Most of what matters stands in the first bytes.
            end = self._random.choice((60, 600, len(data)))
            data[self._random.randrange(min(end, len(data)))] = self._random.randrange(256)
        return bytes(data), None

    def _no_image(self, stored: bytes) -> tuple[bytes, bool]:
        return b'\0' + self._random.randbytes(self._random.randint(0, 2000)), False

    def _depth(self, stored: bytes) -> tuple[bytes, bool]:
        return b'\0' * 12 + stored, False


class LockStep:
    """Send images to a node, each after the node has processed the previous one."""

    def __init__(self, peer: Peer, node: NodeProcess, transport: str) -> None:
        self._peer = peer
        self._node = node
        raw = transport == 'raw'
        kind, topic = (Image, 'image') if raw else (CompressedImage, 'image/compressed')
        self._decode = to_bgr if raw else compressed_to_bgr
        self.tags = peer.collect(Classification, 'tagger/tags')
        # With a subscriber, overlays of odd images are drawn too.
        self.overlays = peer.collect(Image, 'tagger/overlay')
        self.reports = peer.diagnostics('/tagger')
        self._publisher = peer.publisher(kind, topic, RELIABLE)
        self._service = peer.node.create_client(GetParameters, 'tagger/get_parameters')
        self.sent = 0
        self.results = 0
        self.rejected = 0
        self.reasons: list[str] = []
        self._kinds: set[str] = set()

    def begin(self) -> None:
        """Wait until the node has subscribed."""
        self._peer.until(self._service.service_is_ready)
        self._peer.until(self._publisher.get_subscription_count)
        self._peer.matched(self._publisher)

    def send(self, msg: Image | CompressedImage, good: bool | None) -> None:
        """Send an image, and wait until the node has processed it."""
        before = time.monotonic()
        reason = self._rejection(msg)
        took_s = time.monotonic() - before
        assert good in (None, not reason), f'{describe(msg)}: {reason or "was accepted"}'
        self.sent += 1
        msg.header = header_at(self.sent / 64, FRAME_IDS[self.sent % len(FRAME_IDS)])
        self._publisher.publish(msg)
        if reason:
            assert len(reason) <= LONGEST_REASON
            self.rejected += 1
            self._await_rejection(reason, took_s)
            return
        self.results += 1
        for received in (self.tags, self.overlays):
            self._peer.until(lambda received=received: len(received) >= self.results)
            assert received[-1].header == msg.header

    def counts(self) -> Counter[str]:
        """Wait for new diagnostics, and read the counts."""
        seen = len(self.reports)
        self._peer.until(lambda: len(self.reports) > seen + 1)
        values = self.reports[-1]
        return Counter({k: int(v) for k, v in values.items() if k.startswith('images_')})

    def _rejection(self, msg: Any) -> str:
        try:
            self._decode(msg)
        except ValueError as error:
            return str(error)
        return ''

    def _await_rejection(self, reason: str, took_s: float) -> None:
        if kind_of(reason) not in self._kinds:
            self._kinds.add(kind_of(reason))
            self.reasons.append(reason)
            self._peer.until(lambda: len(logged_reasons(self._node.log)) >= len(self.reasons))
            return
        # The node receives the image before the request.
        answer = self._service.call_async(GetParameters.Request())
        self._peer.until(answer.done)
        self._peer.spin(MOMENT_S + 1.5 * took_s)


def describe(msg: Image | CompressedImage) -> str:
    """Describe a message without its data."""
    size = f'{len(msg.data)} bytes'
    if isinstance(msg, CompressedImage):
        return f'{msg.format!r}, {size}'
    return f'{msg.width} x {msg.height} {msg.encoding[:40]!r}, step {msg.step}, {size}'


def kind_of(reason: str) -> str:
    """Replace the numbers of a reason, which differ from image to image."""
    words = [word.strip('(),:') for word in reason.split(' ')]
    numbers = [word.isdigit() or re.fullmatch('[0-9a-f]{2}', word) for word in words]
    return ' '.join('#' if number else word for number, word in zip(numbers, words, strict=True))


def logged_reasons(log: str) -> list[str]:
    """Read the reasons for rejecting images in a node's log."""
    mark = ': rejected an image: '
    return [line.partition(mark)[2] for line in log.splitlines() if mark in line]


@pytest.mark.parametrize(
    ('transport', 'fuzzer', 'count'),
    [
        ('raw', RawFuzzer, RAW_COUNT),
        ('compressed', CompressedFuzzer, COMPRESSED_COUNT),
        pytest.param('raw', RawFuzzer, MANY_RAW, marks=pytest.mark.long),
        pytest.param('compressed', CompressedFuzzer, MANY_COMPRESSED, marks=pytest.mark.long),
    ],
)
def test_no_image_harms_the_node(
    peer: Peer,
    start_node: StartNode,
    transport: str,
    fuzzer: type[RawFuzzer | CompressedFuzzer],
    count: int,
) -> None:
    parameters = {'image_transport': transport, 'top_k': 1, 'min_score': 0.0}
    node = start_node('tagger', parameters=parameters)
    steps = LockStep(peer, node, transport)
    steps.begin()
    source = fuzzer(seed=20240229)
    for _ in range(count):
        steps.send(*source.next())
    # There are many of both kinds.
    assert steps.results > count / 6
    assert steps.rejected > count / 3

    # The next good image is tagged.
    espresso = read_image(ESPRESSO)
    build = {
        'raw': lambda: image_message(espresso, header_at(0)),
        'compressed': lambda: compressed_image_message(espresso, header_at(0), 95),
    }
    steps.send(build[transport](), True)
    assert steps.tags[-1].results[0].class_id == 'espresso'
    assert all(len(msg.results) == 1 for msg in steps.tags)

    # The counts add up.
    counts = steps.counts()
    assert counts['images_processed'] == steps.results == len(steps.tags) == len(steps.overlays)
    assert counts['images_refused'] + counts['images_dropped'] == steps.rejected
    assert counts['images_lost'] == 0
    assert steps.sent - counts['images_dropped'] <= counts['images_received'] <= steps.sent
    assert counts['images_dropped'] < steps.rejected / 4

    # Each reason is logged once, at first; other numbers make no new reason.
    assert logged_reasons(node.log) == steps.reasons
    assert len(steps.reasons) > 5
    assert 'Traceback' not in node.log
    assert node.process.poll() is None


def test_the_fuzzer_reaches_every_encoding() -> None:
    source = RawFuzzer(seed=20240229)
    messages = [source.next() for _ in range(4 * RAW_COUNT)]
    for good in (True, False):
        assert {msg.encoding for msg, is_good in messages if is_good is good} >= set(ENCODINGS)
    encodings = {msg.encoding for msg, _ in messages}
    assert encodings == {*ENCODINGS, *UNKNOWN_ENCODINGS}
    decoded = [to_bgr(msg).shape for msg, good in messages if good]
    assert all(shape[2] == 3 and np.prod(shape) for shape in decoded)
