"""The orientation in EXIF data, whatever else it claims."""

from __future__ import annotations

import struct

from image_bytes import exif_directory, tiff
from nn_perception.core.imaging.formats.exif import read_orientation, TagDirectory
from PIL import Image as Pillow
import pytest


@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientations_as_pillow_writes_them(orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = 'a camera with a long name'
    assert read_orientation(exif.tobytes().removeprefix(b'Exif\0\0')) == orientation


@pytest.mark.parametrize('order', ['<', '>'])
def test_both_byte_orders(order: str) -> None:
    assert read_orientation(tiff({0x0112: [6]}, b'', order)) == 6
    assert TagDirectory.read(tiff({256: [7], 273: [1, 2, 3]}, b'', order)).integers(273) == [
        1,
        2,
        3,
    ]


def test_big_tiff() -> None:
    entry = struct.pack('<HHQHHI', 0x0112, 3, 1, 8, 0, 0)
    data = struct.pack('<2sHHHQQ', b'II', 43, 8, 0, 16, 1) + entry + bytes(8)
    directory = TagDirectory.read(data)
    assert directory.is_big
    assert directory.integer(0x0112, 1) == 8


ONE_TAG = b'II*\0\x08\0\0\0\x01\0'
LIES = {
    'nothing': b'',
    'no byte order': b'XX*\0\x08\0\0\0',
    'another version': b'II+\x01\x08\0\0\0' + bytes(20),
    'a directory beyond the end': b'II*\0\xff\xff\xff\xff' + bytes(20),
    'more tags than there are': b'II*\0\x08\0\0\0\xff\xff' + bytes(30),
    'an orientation of 9': exif_directory({0x0112: 9}),
    'an orientation of 0': exif_directory({0x0112: 0}),
    'a text as orientation': b'II*\0\x08\0\0\0\x01\0'
    + struct.pack('<HHI4s', 274, 2, 4, b'6\0\0\0'),
    'no orientation': ONE_TAG + struct.pack('<HHII', 274, 3, 0, 6) + bytes(4),
    'a value beyond the end': ONE_TAG + struct.pack('<HHII', 274, 3, 9, 99999),
    'values of 4 GB': ONE_TAG + struct.pack('<HHII', 274, 4, 0x3FFF_FFFF, 8),
}


@pytest.mark.parametrize('name', LIES)
def test_an_image_with_broken_exif_data_is_upright(name: str) -> None:
    assert read_orientation(LIES[name]) == 1
    assert read_orientation(memoryview(LIES[name])) == 1


def test_a_tag_that_is_replaced() -> None:
    for order in '<>':
        data = tiff({256: [7], 0x0112: [6]}, b'data', order)
        changed = TagDirectory.read(data).replaced(0x0112, 1)
        assert TagDirectory.read(changed).integer(0x0112, 0) == 1
        assert TagDirectory.read(changed).integer(256, 0) == 7
        assert len(changed) == len(data)
