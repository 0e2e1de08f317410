"""Compressed images against pixels that are known: formats, depths, orientation, damage."""

from __future__ import annotations

from collections.abc import Callable

from encoding_cases import grey, noise, stretched
from image_bytes import compressed, jpeg, png, resized_header, smooth
from nn_perception.core.imaging.encodings import compressed_to_bgr
import numpy as np
from PIL import Image as Pillow
import pytest
from reasons import reason_of

PNGS = {
    'rgb': (png(noise((5, 7, 3)), 2), noise((5, 7, 3))[:, :, ::-1]),
    'one pixel': (png(noise((1, 1, 3)), 2), noise((1, 1, 3))[:, :, ::-1]),
    'grey': (png(noise((5, 7, 1)), 0), grey(noise((5, 7, 1))[:, :, 0])),
    'alpha is dropped': (png(noise((5, 7, 4)), 6), noise((5, 7, 4))[:, :, [2, 1, 0]]),
    'grey with alpha': (png(noise((5, 7, 2)), 4), grey(noise((5, 7, 2))[:, :, 0])),
    '16 bit rgb': (
        png(noise((5, 7, 3), np.uint16), 2),
        stretched(noise((5, 7, 3), np.uint16))[:, :, ::-1],
    ),
    '16 bit grey': (
        png(noise((5, 7, 1), np.uint16), 0),
        grey(stretched(noise((5, 7, 1), np.uint16)[:, :, 0])),
    ),
    '16 bit alpha': (
        png(noise((5, 7, 4), np.uint16), 6),
        stretched(noise((5, 7, 4), np.uint16)[:, :, :3])[:, :, ::-1],
    ),
    'palette': (
        png(noise((5, 7, 1)) % 3, 3, (b'PLTE', bytes([1, 2, 3, 40, 50, 60, 7, 8, 9]))),
        np.array([[3, 2, 1], [60, 50, 40], [9, 8, 7]])[noise((5, 7, 1))[:, :, 0] % 3],
    ),
}


@pytest.mark.parametrize('form', ['png', 'bgr8; png compressed bgr8', ''])
@pytest.mark.parametrize('name', PNGS)
def test_png(name: str, form: str) -> None:
    stored, expected = PNGS[name]
    picture = compressed_to_bgr(compressed(stored, form))
    assert picture.dtype == np.uint8
    assert picture.shape == expected.shape
    # Decoders drop the lower 8 of 16 bits or round them.
    tolerance = 1 if name.startswith('16') else 0
    assert np.abs(picture.astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize(
    'form', ['jpeg', 'rgb8; jpeg compressed bgr8', 'bgr8; jpeg compressed bgr8', 'jpg', '']
)
@pytest.mark.parametrize('progressive', [False, True])
def test_jpeg(form: str, progressive: bool) -> None:
    # What stands before the semicolon is the camera's encoding, not that of the file.
    rgb = smooth()
    picture = compressed_to_bgr(compressed(jpeg(rgb, progressive=progressive), form))
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - rgb[:, :, ::-1]).max() <= 6


def test_jpeg_in_grey() -> None:
    values = smooth()[:, :, 0]
    picture = compressed_to_bgr(compressed(jpeg(values), 'mono8; jpeg compressed mono8'))
    assert np.abs(picture.astype(int) - grey(values)).max() <= 6


@pytest.mark.parametrize('orientation', range(1, 9))
def test_the_exif_orientation_of_a_jpeg_is_ignored(orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    rgb = smooth()
    picture = compressed_to_bgr(compressed(jpeg(rgb, exif=exif)))
    assert picture.shape == rgb.shape
    assert np.abs(picture.astype(int) - rgb[:, :, ::-1]).max() <= 6


PNG_FILE = PNGS['rgb'][0]
JPEG_FILE = jpeg(smooth())
IDAT = PNG_FILE.index(b'IDAT')

REJECTED_COMPRESSED = {
    'nothing': (b'', 'is empty'),
    'text': (b'not a picture at all', 'not an image of a known format'),
    'h264': (b'\0\0\0\1\x67\x42\0\x1e', 'is H.264 video'),
    'only the start of a jpeg': (b'\xff\xd8\xff', 'truncated'),
    'only the start of a png': (b'\x89PNG\r\n\x1a\n', 'truncated'),
    'half a jpeg': (JPEG_FILE[: len(JPEG_FILE) // 2], 'truncated'),
    'a jpeg without the end of its data': (JPEG_FILE[:-40], 'truncated'),
    'half a png': (PNG_FILE[: len(PNG_FILE) // 2], 'truncated'),
    'a png without its end': (PNG_FILE[:-12], 'truncated'),
    'a jpeg with a broken segment': (JPEG_FILE[:4] + b'\0\2' + JPEG_FILE[6:], 'damaged'),
    'a jpeg of unknown tables': (JPEG_FILE.replace(b'\xff\xdb', b'\xff\xe5'), 'damaged'),
    'a png with a wrong checksum': (
        PNG_FILE[: IDAT + 8] + bytes([PNG_FILE[IDAT + 8] ^ 255]) + PNG_FILE[IDAT + 9 :],
        'damaged',
    ),
    'a png of no size': (resized_header(PNG_FILE, 0, 5), 'no pixels'),
    'a jpeg of no size': (resized_header(JPEG_FILE, 0, 5), 'no pixels'),
    'a png that would fill the memory': (resized_header(PNG_FILE, 60_000, 60_000), 'too large'),
    'a png of the largest size': (resized_header(PNG_FILE, 2**31 - 1, 2**31 - 1), 'too large'),
    'a jpeg of the largest size': (resized_header(JPEG_FILE, 65_535, 65_535), 'too large'),
}


@pytest.mark.parametrize('name', REJECTED_COMPRESSED)
def test_a_rejected_compressed_image_says_why(name: str, allocated: Callable[[], int]) -> None:
    stored, expected = REJECTED_COMPRESSED[name]
    reason = reason_of(lambda: compressed_to_bgr(compressed(stored)))
    assert expected in reason
    assert reason.startswith('the compressed image ')
    assert allocated() < 1_000_000


@pytest.mark.parametrize('form', ['16UC1; compressedDepth', '32FC1; compressedDepth png'])
def test_compressed_depth_is_not_an_image(form: str) -> None:
    reason = reason_of(lambda: compressed_to_bgr(compressed(b'\0' * 12 + PNG_FILE, form)))
    assert 'compressed depth' in reason
    long = reason_of(lambda: compressed_to_bgr(compressed(b'', form + '\n\0' * 999)))
    assert long.startswith('format ')
