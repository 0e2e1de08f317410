"""Images of recorded bags: more than 8 bits, formats, and bombs, as live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
from encoding_cases import stretched
from image_bombs import REFUSED
from image_bytes import smooth
from image_ways import saved
from nn_perception.bags.bag import Bag
from nn_perception.core.imaging.formats.container import MAX_PIXELS
import numpy as np
import pytest

TWELVE_BITS = (np.add.outer(np.arange(60), np.arange(80)) * 29 + 30).astype(np.uint16)


def stored(recording: Any, data: bytes, form: str = 'jpeg') -> Any:
    """Make a compressed message of a file's bytes."""
    kind = recording.types.types['sensor_msgs/msg/CompressedImage']
    return kind(recording.header(1), form, np.frombuffer(data, np.uint8))


def test_more_than_8_bits_look_the_same_by_every_way(tmp_path: Path, recording: Any) -> None:
    unit = TWELVE_BITS.astype(np.float32) / 4095
    png = cv2.imencode('.png', TWELVE_BITS)[1].tobytes()
    tiff = cv2.imencode('.tiff', unit)[1].tobytes()
    messages = [
        ('/raw', 1, recording.raw(1, TWELVE_BITS, 'mono16')),
        ('/raw', 2, recording.raw(1, TWELVE_BITS, '16UC1')),
        ('/raw', 3, recording.raw(1, unit, '32FC1')),
        ('/compressed', 4, stored(recording, png, '16UC1; png compressed')),
        ('/compressed', 5, stored(recording, tiff, '32FC1; tiff compressed')),
    ]
    with Bag(recording.write(tmp_path / 'bag', messages)) as bag:
        images = [bag.frame(message).image_bgr for message in bag.messages()]
    assert len(images) == len(messages)
    for image in images:
        difference = np.abs(image[:, :, 1].astype(int) - stretched(TWELVE_BITS))
        assert difference.max() <= 1


@pytest.mark.parametrize('kind', ['TIFF', 'BMP', 'WEBP', 'GIF'])
def test_formats_of_compressed_images(tmp_path: Path, recording: Any, kind: str) -> None:
    rgb = smooth()
    message = stored(recording, saved(kind, rgb), kind.lower())
    with Bag(recording.write(tmp_path / 'bag', [('/compressed', 1, message)])) as bag:
        (image,) = [bag.frame(one).image_bgr for one in bag.messages()]
    assert np.abs(image.astype(int) - rgb[:, :, ::-1]).mean() < 12


def test_bombs_are_refused(tmp_path: Path, recording: Any) -> None:
    bombs = [data for data, _ in REFUSED.values() if len(data) < 100_000]
    messages = [('/compressed', i, stored(recording, data)) for i, data in enumerate(bombs)]
    giant = recording.raw(1, np.zeros((2, 2), np.uint8), 'mono8')
    giant.width, giant.height, giant.step = MAX_PIXELS, 2, MAX_PIXELS
    messages.append(('/raw', len(bombs), giant))
    refused = 0
    with Bag(recording.write(tmp_path / 'bag', messages)) as bag:
        for message in bag.messages():
            with pytest.raises(ValueError, match=r'image (is|has) ') as caught:
                bag.frame(message)
            assert str(caught.value).isprintable()
            refused += 1
    assert refused == len(messages)
