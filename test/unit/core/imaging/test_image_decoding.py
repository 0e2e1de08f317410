"""What is decoded, by every way in alike: formats, depths, missing ends, other kinds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import struct
from typing import Any

import cv2
from encoding_cases import noise
from image_bytes import compressed, gif, jpeg, png, riff, smooth, tiff
from image_ways import by_both_ways, saved, written
from nn_perception.core.imaging.encodings import compressed_to_bgr
from nn_perception.core.imaging.image_files import decode_image, read_image
import numpy as np
from PIL import Image as Pillow
import pytest

RGB = smooth()
DEEP = RGB[:, :, 0].astype(np.uint16) * 16
FLOATS = DEEP.astype(np.float32)


EXACT = {
    'png': saved('PNG', RGB),
    'tiff': saved('TIFF', RGB),
    'tiff, lzw': saved('TIFF', RGB, compression='tiff_lzw'),
    'tiff, deflate': saved('TIFF', RGB, compression='tiff_adobe_deflate'),
    'tiff of opencv': written('.tiff', RGB[:, :, ::-1]),
    'bmp': saved('BMP', RGB),
    'lossless webp': saved('WEBP', RGB, lossless=True),
    'animated webp': saved(
        'WEBP', RGB, lossless=True, save_all=True, append_images=[Pillow.fromarray(RGB[::-1])]
    ),
    'ppm': saved('PPM', RGB),
    'plain ppm': b'P3 # a comment\n48 32\n255\n' + b' '.join(b'%d' % v for v in RGB.flat),
    'animated png': saved('PNG', RGB, save_all=True, append_images=[Pillow.fromarray(RGB[::-1])]),
}


@pytest.mark.parametrize('name', EXACT)
def test_lossless_formats(name: str, tmp_path: Path) -> None:
    np.testing.assert_array_equal(by_both_ways(tmp_path, EXACT[name]), RGB[:, :, ::-1])


def test_lossy_formats(tmp_path: Path) -> None:
    for stored in (jpeg(RGB), saved('WEBP', RGB, quality=99)):
        image = by_both_ways(tmp_path, stored)
        assert np.abs(image.astype(int) - RGB[:, :, ::-1]).max() <= 16


def test_a_gif_gives_its_first_image(tmp_path: Path) -> None:
    image = by_both_ways(tmp_path, gif((5, 4), (0, 0, 5, 4)))
    assert image.shape == (4, 5, 3)
    assert (image == (30, 20, 10)).all()
    two = saved('GIF', RGB, save_all=True, append_images=[Pillow.fromarray(RGB[::-1])])
    one = by_both_ways(tmp_path, two)
    assert np.abs(one.astype(int) - RGB[:, :, ::-1]).mean() < 12


@pytest.mark.parametrize('kind', ['GIF', 'WEBP', 'PNG', 'TIFF'])
def test_a_transparent_file_is_shown_on_white(kind: str, tmp_path: Path) -> None:
    rgba = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    rgba[:8] = 0
    path = tmp_path / 'image'
    path.write_bytes(saved(kind, rgba))
    image = read_image(path)
    assert (image[:6] == 255).all()
    assert np.abs(image[10:].astype(int) - RGB[10:, :, ::-1]).mean() < 12


# JPEG without its end marker.

NOISE = noise((64, 80, 3))
WITHOUT_END = {
    'baseline': saved('JPEG', NOISE, quality=80),
    'grey': saved('JPEG', NOISE[:, :, 0], quality=80),
    'progressive': saved('JPEG', NOISE, quality=80, progressive=True),
    'restart markers': saved('JPEG', NOISE, quality=80, restart_marker_blocks=4),
    'all chroma': saved('JPEG', NOISE, quality=95, subsampling=0),
}


@pytest.mark.parametrize('name', WITHOUT_END)
@pytest.mark.parametrize('tail', [b'', b'\xff', bytes(500)], ids=['no end', 'half of it', 'zeros'])
def test_a_jpeg_may_lack_its_end_marker(name: str, tail: bytes, tmp_path: Path) -> None:
    complete = WITHOUT_END[name]
    expected = decode_image(complete, upright=False)
    np.testing.assert_array_equal(by_both_ways(tmp_path, complete[:-2] + tail), expected)


@pytest.mark.parametrize('name', WITHOUT_END)
@pytest.mark.parametrize('cut', [30, 100, 400])
def test_a_jpeg_that_lacks_pixels_is_truncated(name: str, cut: int) -> None:
    with pytest.raises(ValueError, match='truncated'):
        decode_image(WITHOUT_END[name][:-cut], upright=False)


def test_a_jpeg_without_end_marker_that_was_met(cases: Path) -> None:
    stored = (cases / '26_jpeg_without_eoi' / 'no_eoi.jpg').read_bytes()
    expected = cv2.imdecode(np.frombuffer(stored + b'\xff\xd9', np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decode_image(stored, upright=True), expected)
    np.testing.assert_array_equal(compressed_to_bgr(compressed(stored)), expected)


# Kinds that are not supported.

FTYP = b'\0\0\0\x1cftyp'
FOREIGN = {
    'heic': (FTYP + b'heic\0\0\0\0mif1heic' + bytes(99), 'is HEIC.*convert it to JPEG.*heif-conv'),
    'heic of a burst': (FTYP + b'msf1\0\0\0\0hevcmsf1' + bytes(99), 'is HEIC'),
    'heif': (FTYP + b'mif1\0\0\0\0mif1heix' + bytes(99), 'is HEIC'),
    'avif': (FTYP + b'avif\0\0\0\0mif1avif' + bytes(99), 'is AVIF.*convert it to JPEG'),
    'avif called mif1': (FTYP + b'mif1\0\0\0\0avifmif1' + bytes(99), 'is AVIF'),
    'a video': (FTYP + b'isom\0\0\0\0mp42isom' + bytes(99), 'is a video'),
    'jpeg xl': (b'\xff\x0a' + bytes(99), 'is JPEG XL'),
    'jpeg 2000': (b'\0\0\0\x0cjP  \r\n\x87\n' + bytes(99), 'is JPEG 2000'),
    'a web page': (b'<!doctype html><html><body>404', 'is HTML'),
    'postscript': (b'%!PS-Adobe-3.0 EPSF-3.0', 'not an image of a known format'),
    'jpeg of 12 bits': (
        jpeg(RGB).replace(b'\xff\xc0\0\x11\x08', b'\xff\xc0\0\x11\x0c'),
        'JPEG with 12 bits',
    ),
    'tiff of a strange compression': (
        tiff({256: [4], 257: [4], 259: [34712], 273: [8], 278: [4], 279: [16]}, bytes(16)),
        'compression 34712',
    ),
}


@pytest.mark.parametrize('name', FOREIGN)
def test_other_kinds_are_named(name: str, tmp_path: Path) -> None:
    stored, reason = FOREIGN[name]
    path = tmp_path / 'photo.jpg'
    path.write_bytes(stored)
    with pytest.raises(ValueError, match=reason) as caught:
        read_image(path)
    assert str(caught.value).startswith(str(path))
    with pytest.raises(ValueError, match=reason) as caught:
        compressed_to_bgr(compressed(stored))
    assert len(str(caught.value)) <= 300


def test_a_heic_that_was_met(cases: Path) -> None:
    with pytest.raises(ValueError, match=r'is HEIC.*convert it to JPEG'):
        read_image(cases / '24_heic' / 'header_only.heic')


# What is no file, and how much is read.


@pytest.mark.parametrize('device', ['/dev/zero', '/dev/null', '/dev/urandom'])
def test_a_device_is_not_read_for_ever(device: str) -> None:
    with pytest.raises(ValueError, match=r'known format|is empty'):
        read_image(device)


def test_a_file_longer_than_any_image_is_not_read(
    tmp_path: Path, allocated: Callable[[], int]
) -> None:
    path = tmp_path / 'image.png'
    with path.open('wb') as file:
        file.write(png(RGB, 2))
        file.truncate(2 << 30)
    with pytest.raises(ValueError, match='is too large: more than'):
        read_image(path)
    assert allocated() < 1_000_000


@pytest.mark.parametrize(
    'stored',
    [EXACT['bmp'], EXACT['tiff'], EXACT['lossless webp'], EXACT['ppm'], EXACT['tiff, lzw'],
     saved('GIF', RGB), written('.tiff', DEEP), written('.pfm', FLOATS)],
)  # fmt: skip
@pytest.mark.parametrize('share', [0.01, 0.4, 0.97])
def test_half_an_image_is_no_image(stored: bytes, share: float) -> None:
    with pytest.raises(ValueError, match=r'truncated|damaged'):
        decode_image(stored[: max(14, int(share * len(stored)))], upright=True)


def test_random_damage_raises_only_value_errors() -> None:
    random = np.random.default_rng(1)
    files = [*EXACT.values(), saved('GIF', RGB), written('.tiff', DEEP), written('.pfm', FLOATS)]
    for stored in files:
        data = np.frombuffer(stored, np.uint8)
        for _ in range(40):
            damaged = data.copy()
            at = random.integers(0, random.choice((40, len(data))), 6)
            damaged[at] = random.integers(0, 256, 6)
            try:
                image: Any = decode_image(damaged.tobytes(), upright=True, max_pixels=1 << 20)
            except ValueError as error:
                assert str(error).isprintable()
                continue
            assert image.ndim == 3
            assert image.shape[2] == 3
            assert image[..., 0].size <= 1 << 20


def test_a_webp_may_not_lie_about_its_size() -> None:
    stored = bytearray(EXACT['lossless webp'])
    body = bytes(stored[12:])
    canvas = b'VP8X' + struct.pack('<II', 10, 0) + b'\x63\0\0\x63\0\0'
    with pytest.raises(ValueError, match='damaged'):
        decode_image(riff(canvas, body), upright=False)
