"""Tell the format of an image from its first bytes."""

from __future__ import annotations

from collections.abc import Callable

from nn_perception.core.imaging.formats.bitmap import BMP_START, PNM_STARTS, read_bmp, read_pnm
from nn_perception.core.imaging.formats.container import Buffer, Container
from nn_perception.core.imaging.formats.gif import GIF_STARTS, read_gif
from nn_perception.core.imaging.formats.jpeg import JPEG_START, read_jpeg
from nn_perception.core.imaging.formats.png import PNG_START, read_png
from nn_perception.core.imaging.formats.tiff import read_tiff, TIFF_STARTS
from nn_perception.core.imaging.formats.webp import read_webp, WEBP_NAME, WEBP_START

FORMATS = 'JPEG, PNG, WebP, TIFF, BMP, GIF, PNM and PFM'
# So many bytes show the format.
SNIFFED_BYTES = 64

_CONVERT = 'convert it to JPEG first, for example with'
_HEIC_BRANDS = (b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'mif1', b'msf1')
_FOREIGN = (
    (b'\0\0\0\x0cJXL ', 'JPEG XL'),
    (b'\xff\x0a', 'JPEG XL'),
    (b'\0\0\0\x0cjP  ', 'JPEG 2000'),
    (b'\xff\x4f\xff\x51', 'JPEG 2000'),
    (b'%PDF', 'PDF'),
    (b'8BPS', 'Photoshop'),
    (b'\x76\x2f\x31\x01', 'OpenEXR'),
    (b'#?RADIANCE', 'Radiance HDR'),
    (b'<svg', 'SVG'),
    (b'<?xml', 'XML'),
    (b'<!DOCTYPE', 'HTML'),
    (b'<html', 'HTML'),
    (b'PK\x03\x04', 'a zip archive'),
    (b'\x1f\x8b', 'a gzip archive'),
    (b'\x1a\x45\xdf\xa3', 'a video (Matroska)'),
    (b'\0\0\0\x01\x67', 'H.264 video'),
)
_READERS: tuple[tuple[tuple[bytes, ...], Callable[[Buffer], Container]], ...] = (
    ((JPEG_START,), read_jpeg),
    ((PNG_START,), read_png),
    (TIFF_STARTS, read_tiff),
    (GIF_STARTS, read_gif),
    ((BMP_START,), read_bmp),
    (PNM_STARTS, read_pnm),
)


def read_container(stored: Buffer) -> Container:
    """
    Read what the container of an image says, without decoding the image.

    :param stored: the whole file or message
    :raises ValueError: if its format is unknown or not supported, or it is damaged or truncated;
        the message has no subject
    """
    return reader_of(bytes(stored[:SNIFFED_BYTES]))(stored)


def reader_of(start: bytes) -> Callable[[Buffer], Container]:
    """
    Choose what reads a container.

    :param start: its first 64 bytes
    :raises ValueError: if its format is unknown or not supported; the message has no subject
    """
    if not start:
        raise ValueError('is empty')
    for starts, reader in _READERS:
        if start.startswith(starts):
            return reader
    if start.startswith(WEBP_START) and start[8:12] == WEBP_NAME:
        return read_webp
    raise ValueError(_why_not(start))


def _why_not(start: bytes) -> str:
    """Say what the data is, if it is known, and what to do about it."""
    if start[4:8] == b'ftyp':
        brands = start[8:]
        if b'avif' in brands or b'avis' in brands:
            return f'is AVIF, which is not supported; {_CONVERT}: avifdec photo.avif photo.jpg'
        if any(brand in brands for brand in _HEIC_BRANDS):
            return (
                f'is HEIC, which is not supported; {_CONVERT}: heif-convert photo.heic photo.jpg '
                '(an iPhone takes JPEG with Settings, Camera, Formats, Most Compatible)'
            )
        return 'is a video, not an image'
    for magic, name in _FOREIGN:
        if start.lower().startswith(magic.lower()):
            return f'is {name}, which is not supported; supported are {FORMATS}'
    return 'is not an image of a known format'
