"""Files of images, written byte by byte: as an encoder writes them, and as nobody should."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
import io
import struct
import zlib

from encoding_cases import Array
import numpy as np
from PIL import Image as Pillow


@dataclass
class CompressedMessage:
    """The fields of sensor_msgs/CompressedImage."""

    format: str = ''
    data: array[int] = field(default_factory=lambda: array('B'))


def compressed(data: bytes, form: str = 'bgr8; jpeg compressed bgr8') -> CompressedMessage:
    """Make a compressed message."""
    msg = CompressedMessage(format=form)
    msg.data.frombytes(data)
    return msg


def png(pixels: Array, colour_type: int, *extra: tuple[bytes, bytes]) -> bytes:
    """Write a PNG, ``(H, W, C)`` of uint8 or uint16, rows without a filter."""
    bits = pixels.dtype.itemsize * 8
    rows = b''.join(b'\0' + row.astype(f'>u{bits // 8}').tobytes() for row in pixels)
    height, width = pixels.shape[:2]
    header = struct.pack('>IIBBBBB', width, height, bits, colour_type, 0, 0, 0)
    chunks = [(b'IHDR', header), *extra, (b'IDAT', zlib.compress(rows)), (b'IEND', b'')]
    return b'\x89PNG\r\n\x1a\n' + b''.join(map(chunk, chunks))


def chunk(named: tuple[bytes, bytes]) -> bytes:
    """Write one chunk of a PNG."""
    name, data = named
    checksum = struct.pack('>I', zlib.crc32(name + data))
    return struct.pack('>I', len(data)) + name + data + checksum


def smooth(height: int = 32, width: int = 48) -> Array:
    """Make an RGB picture that JPEG keeps almost as it is: red to the right, green down."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 5, y * 7, np.full_like(x, 90)], axis=-1).astype(np.uint8)


def jpeg(rgb: Array, **options: object) -> bytes:
    """Write a JPEG that is hardly lossy."""
    buffer = io.BytesIO()
    Pillow.fromarray(rgb).save(buffer, 'jpeg', quality=98, subsampling=0, **options)
    return buffer.getvalue()


def resized_header(stored: bytes, width: int, height: int) -> bytes:
    """Let the header of a PNG or JPEG claim another size."""
    if stored.startswith(b'\x89PNG'):
        header = struct.pack('>II', width, height) + stored[24:29]
        return stored[:8] + chunk((b'IHDR', header)) + stored[33:]
    at = stored.index(b'\xff\xc0') + 5
    return stored[:at] + struct.pack('>HH', height, width) + stored[at + 4 :]


def png_of_chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    """Write a PNG of these chunks."""
    return b'\x89PNG\r\n\x1a\n' + b''.join(map(chunk, chunks))


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """Write a segment of a JPEG."""
    return struct.pack('>BBH', 0xFF, marker, len(body) + 2) + body


def riff(*chunks: bytes) -> bytes:
    """Write a WebP of these chunks."""
    body = b'WEBP' + b''.join(chunks)
    return b'RIFF' + struct.pack('<I', len(body)) + body


def tiff(tags: dict[int, list[int]], data: bytes, order: str = '<') -> bytes:
    """
    Write a TIFF.

    :param tags: with LONG values; offsets of data count from its start
    :param data: what stands before the tags, at byte 8
    """
    start = 8 + len(data)
    mark = b'II' if order == '<' else b'MM'
    beyond = start + 2 + 12 * len(tags) + 4
    entries, values = b'', b''
    for tag, numbers in sorted(tags.items()):
        stored = struct.pack(f'{order}{len(numbers)}I', *numbers)
        if len(numbers) > 1:
            values, stored = values + stored, struct.pack(f'{order}I', beyond + len(values))
        entries += struct.pack(f'{order}HHI', tag, 4, len(numbers)) + stored
    count = struct.pack(f'{order}H', len(tags))
    head = mark + struct.pack(f'{order}HI', 42, start)
    return head + data + count + entries + bytes(4) + values


def exif_directory(tags: dict[int, int]) -> bytes:
    """Write EXIF data with values of two bytes, or four where they need them."""
    entries = b''.join(
        struct.pack('>HHIHH', tag, 3, 1, value & 0xFFFF, 0) for tag, value in sorted(tags.items())
    )
    return b'MM' + struct.pack('>HIH', 42, 8, len(tags)) + entries + bytes(4)


def gif(screen: tuple[int, int], box: tuple[int, int, int, int], extra: bytes = b'') -> bytes:
    """
    Write a GIF of two colours, all of the first.

    :param screen: width and height
    :param box: left, top, width and height of the image
    :param extra: blocks before the image
    """
    palette = bytes((10, 20, 30, 200, 210, 220))
    head = b'GIF89a' + struct.pack('<HHBBB', *screen, 0x80, 0, 0) + palette
    image = b',' + struct.pack('<HHHHB', *box, 0)
    # Codes of 3 bits: clear (4), then 0 for each pixel, clearing before they grow; end (5).
    codes = [4, 0, 0] * 32 + [5]
    bits = sum(code << (3 * i) for i, code in enumerate(codes))
    data = bits.to_bytes((3 * len(codes) + 7) // 8, 'little')
    return head + extra + image + b'\x02' + bytes([len(data)]) + data + b'\0;'
