"""What the containers of images say, compared with the libraries that decode them."""

from __future__ import annotations

import cv2
from encoding_cases import Array, noise
from image_bytes import chunk, gif, jpeg, jpeg_segment, png, smooth
from image_ways import saved
from nn_perception.core.imaging.formats.jpeg import MAX_SCANS
from nn_perception.core.imaging.formats.sniffing import read_container
import numpy as np
from PIL import Image as Pillow
import pytest

RGB = smooth()
FILES = {
    'JPEG': jpeg(RGB),
    'PNG': png(RGB, 2),
    'WebP': saved('WEBP', RGB),
    'TIFF': saved('TIFF', RGB),
    'BMP': saved('BMP', RGB),
    'GIF': saved('GIF', RGB),
    'PNM': saved('PPM', RGB),
}


@pytest.mark.parametrize('kind', FILES)
def test_size_and_kind(kind: str) -> None:
    container = read_container(memoryview(FILES[kind]))
    assert container.kind == kind
    assert (container.height, container.width) == RGB.shape[:2]
    assert container.bits == 8
    assert not container.has_alpha
    assert container.is_complete


@pytest.mark.parametrize('kind', ['PNG', 'WEBP', 'TIFF'])
def test_transparency(kind: str) -> None:
    rgba = noise((9, 8, 4))
    assert read_container(memoryview(saved(kind, rgba))).has_alpha
    lossless = {'lossless': True} if kind == 'WEBP' else {}
    assert read_container(memoryview(saved(kind, rgba, **lossless))).has_alpha


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP', 'TIFF'])
@pytest.mark.parametrize('orientation', [1, 3, 6, 8])
def test_orientation(kind: str, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    container = read_container(memoryview(saved(kind, RGB, exif=exif)))
    assert container.orientation == orientation
    assert (container.height, container.width) == RGB.shape[:2]


def test_a_decoder_gets_the_pixels_only() -> None:
    start = FILES['PNG'][:33]
    extra = chunk((b'tEXt', b'Title\0x')) + chunk((b'gAMA', b'\0\0\xb1\x8f'))
    data = bytes(read_container(memoryview(start + extra + FILES['PNG'][33:] + b'after')).data)
    assert data == FILES['PNG']
    assert bytes(read_container(memoryview(FILES['PNG'] + b'after')).data) == FILES['PNG']
    assert (
        bytes(read_container(memoryview(FILES['JPEG'] + b'\xff\xd8after')).data) == FILES['JPEG']
    )
    comment = b'\x21\xfe\x07comment\0'
    assert b'comment' not in bytes(
        read_container(memoryview(gif((4, 4), (0, 0, 4, 4), comment))).data
    )


def pixels_of(stored: bytes) -> Array:
    """Let OpenCV decode."""
    return np.asarray(cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_COLOR))


def test_markers_that_libjpeg_skips_are_skipped() -> None:
    expected = pixels_of(FILES['JPEG'])
    skipped = (b'\xff\xff\xff', b'\xff\x01', b'\xff\xd0\xff\xd7', jpeg_segment(0xE5, b'x'))
    for before in skipped:
        stored = b'\xff\xd8' + jpeg_segment(0xFE, b'a') + before + FILES['JPEG'][2:]
        container = read_container(memoryview(stored))
        assert (container.height, container.width) == RGB.shape[:2]
        np.testing.assert_array_equal(pixels_of(stored), expected)


def test_ordinary_progressive_images_have_few_scans() -> None:
    stored = jpeg(RGB, progressive=True)
    assert 3 < stored.count(b'\xff\xda') <= MAX_SCANS / 3
    assert read_container(memoryview(stored)).is_complete


def test_a_video_behind_a_photograph_is_not_read() -> None:
    # A phone appends a clip to a photograph, with bytes like those of scans in it.
    clip = b'\xff\xda\0\x08' * 1000
    assert read_container(memoryview(FILES['JPEG'] + clip)).is_complete
