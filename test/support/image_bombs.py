"""
Small files that would cost a decoder gigabytes or minutes, made here byte by byte.

``REFUSED`` must be rejected with the words beside them; ``harmless()`` are images like any other
once the parts that nobody needs are left out.
"""

from __future__ import annotations

from functools import cache
import struct
import zlib

from image_bytes import (
    chunk,
    exif_directory,
    gif,
    jpeg,
    jpeg_segment,
    png,
    png_of_chunks,
    resized_header,
    riff,
    smooth,
    tiff,
)

_SIDE = 4000
_PNG = png(smooth(), 2)
_JPEG = jpeg(smooth())
_JPEG_REST = _JPEG[2:]
_COMMENT = jpeg_segment(0xFE, b'camera')


def _progressive(scans: int, side: int) -> bytes:
    """Make a grey progressive JPEG whose scans hold next to nothing."""
    tables = jpeg_segment(0xDB, b'\0' + bytes([1]) * 64)
    frame = jpeg_segment(0xC2, struct.pack('>BHHB3B', 8, side, side, 1, 1, 0x11, 0))
    # Code 0 (one bit) is the end of a band; as the first coefficient, no difference.
    huffman = b''.join(jpeg_segment(0xC4, bytes([kind, 1, *[0] * 15, 0])) for kind in (0x00, 0x10))
    first = jpeg_segment(0xDA, bytes([1, 1, 0x00, 0, 0, 0])) + b'\0' * 8
    other = jpeg_segment(0xDA, bytes([1, 1, 0x00, 1, 63, 0])) + b'\0' * 8
    return b''.join((b'\xff\xd8', tables, huffman, frame, first, other * scans, b'\xff\xd9'))


def _hidden_frame(before: bytes, after: bytes = b'') -> bytes:
    """Make a JPEG with a frame of 20000 x 20000 at a place where only libjpeg looks."""
    frame = _JPEG.index(b'\xff\xc0')
    large = bytearray(_JPEG[frame : frame + 19])
    struct.pack_into('>HH', large, 5, 20_000, 20_000)
    return b''.join((b'\xff\xd8', _COMMENT, before, bytes(large), after, _JPEG_REST))


def _in_length(marker: bytes) -> bytes:
    """Hide a frame in what a marker without a length would skip if FFC0 were its length."""
    frame = jpeg_segment(0xC0, struct.pack('>BHHB9B', 8, 20_000, 20_000, 3, *range(9)))
    rest = jpeg_segment(0xEF, bytes(0xFFC0 - len(frame) - 4))
    return b''.join((b'\xff\xd8', _COMMENT, marker, frame, rest, _JPEG_REST))


def _tiles() -> bytes:
    tags = {256: [8], 257: [8], 258: [8], 322: [65520], 323: [65520], 324: [8], 325: [16]}
    return tiff(tags, b'\0' * 16)


def _many_tags(count: int, size: int) -> bytes:
    """Let many tags share one large value: whoever loads each of them loads it many times."""
    start = struct.pack('<2sHI', b'II', 42, 8)
    at = 8 + 2 + 12 * count + 4
    entries = b''.join(struct.pack('<HHII', 1000 + i, 7, size, at) for i in range(count))
    return start + struct.pack('<H', count) + entries + bytes(4) + bytes(size)


def _vp8x(flags: int = 0) -> bytes:
    return b'VP8X' + struct.pack('<II', 10, flags) + b'\xff\x3f\0' * 2


def _one_bit_header(side: int) -> tuple[bytes, bytes]:
    return b'IHDR', struct.pack('>IIBBBBB', side, side, 1, 0, 0, 0, 0)


def one_bit_png(side: int) -> bytes:
    """Make a black PNG of one bit a pixel."""
    rows = zlib.compress(bytes(side * (1 + side // 8)))
    return png_of_chunks(_one_bit_header(side), (b'IDAT', rows), (b'IEND', b''))


def _texts(count: int) -> bytes:
    text = b'k\0\0' + zlib.compress(bytes(7_900_000), 9)
    one = [(b'zTXt', text)] * count
    return _PNG[:33] + b''.join(map(chunk, one)) + _PNG[33:]


# Less than the limit, but next to nothing of it is there.
_EMPTY_SIDE = 7000
_EMPTY_TIFF = {256: [_EMPTY_SIDE], 257: [_EMPTY_SIDE], 273: [8], 278: [_EMPTY_SIDE], 279: [1000]}

REFUSED = {
    'a jpeg with a line of its pixels': (
        resized_header(_JPEG, _EMPTY_SIDE, _EMPTY_SIDE),
        'need at least',
    ),
    'a progressive jpeg with a line of its pixels': (
        _progressive(9, _EMPTY_SIDE),
        'need at least',
    ),
    'a png with a line of its pixels': (
        resized_header(_PNG, _EMPTY_SIDE, _EMPTY_SIDE),
        'damaged',
    ),
    'a tiff with a line of its pixels': (
        tiff({**_EMPTY_TIFF, 258: [16]}, bytes(1000)),
        'need at least',
    ),
    'a tiff of lzw with a line of its pixels': (
        tiff({**_EMPTY_TIFF, 258: [16], 259: [5]}, bytes(1000)),
        'need at least',
    ),
    'a png chunk of 4 GB': (
        _PNG[:33] + struct.pack('>I', 0xFFFF_FFFF) + _PNG[37:],
        'truncated',
    ),
    'a png chunk of 2 GB': (
        _PNG[:33] + struct.pack('>I4s', 0x7FFF_FFFF, b'tEXt') + _PNG[33:],
        'truncated',
    ),
    'a one-bit png': (one_bit_png(10_000), 'too large'),
    'a png with two headers': (_PNG[:33] + chunk(_one_bit_header(20_000)) + _PNG[33:], 'damaged'),
    'a png of a million chunks': (_PNG[:33] + chunk((b'teXt', b'')) * 300_000 + _PNG[33:], 'more'),
    'a frame behind TEM': (_hidden_frame(b'\xff\x01'), 'two frames'),
    'a frame behind a restart': (_hidden_frame(b'\xff\xd3'), 'two frames'),
    'a frame behind fill bytes': (_hidden_frame(b'\xff' * 99), 'two frames'),
    'a frame behind stray bytes': (_hidden_frame(b'stray'), 'damaged'),
    'a frame behind stuffing': (_hidden_frame(b'\xff\0'), 'damaged'),
    'a frame in the length of TEM': (_in_length(b'\xff\x01'), 'two frames'),
    'a frame in the length of a restart': (_in_length(b'\xff\xd7'), 'two frames'),
    'a frame in the length of an unknown marker': (_in_length(b'\xff\xf0'), 'damaged'),
    'a frame after the scan': (
        _JPEG[:-2] + jpeg_segment(0xC0, struct.pack('>BHHB3B', 8, 9999, 9999, 1, 1, 17, 0)),
        'two frames',
    ),
    'a jpeg of 3000 scans': (_progressive(3000, _SIDE), 'scans'),
    'a jpeg of 100 scans': (_progressive(100, _SIDE), 'scans'),
    'a jpeg of 65535 x 65535': (
        b'\xff\xd8'
        + jpeg_segment(0xC0, struct.pack('>BHHB3B', 8, 65535, 65535, 1, 1, 17, 0))
        + jpeg_segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
        'too large',
    ),
    'a jpeg of many segments': (
        b'\xff\xd8' + jpeg_segment(0xFE, b'') * 1_000_000 + _JPEG_REST,
        'segments',
    ),
    'a jpeg of fill bytes': (b'\xff\xd8' + b'\xff' * 10_000_000, 'segments'),
    'a webp canvas': (riff(_vp8x(0x02), b'ANIM' + struct.pack('<IIH', 6, 0, 0)), 'too large'),
    'a still webp canvas': (riff(_vp8x(), bytes(32)), 'too large'),
    'a lossless webp': (
        riff(b'VP8L' + struct.pack('<IBI', 13, 0x2F, 0x0FFF_FFFF) + bytes(8), bytes(8)),
        'too large',
    ),
    'a webp chunk of 4 GB': (
        riff(b'VP8X' + struct.pack('<II', 10, 0) + bytes(6), b'ICCP\xff\xff\xff\xff', bytes(16)),
        'damaged',
    ),
    'a gif screen': (gif((65535, 65535), (0, 0, 1, 1)), 'too large'),
    'a gif image beyond its screen': (gif((1, 1), (0, 0, 65535, 65535)), 'too large'),
    'a gif image far off its screen': (gif((1, 1), (60000, 60000, 1, 1)), 'too large'),
    'a bmp': (
        b'BM' + struct.pack('<IHHIIiiHHIIiiII', 0, 0, 0, 54, 40, 60000, -60000, 1, 1, *[0] * 6),
        'too large',
    ),
    'a pgm': (b'P5 99999 99999 255\n', 'truncated'),
    'a pgm in words': (b'P2\n# ' + b'9' * 100 + b'\n99999 99999 255\n1 2 3', 'too large'),
    'a pfm': (b'Pf 99999 99999 -1.0\n' + bytes(99), 'truncated'),
    'tags that share a value': (_many_tags(4000, 1 << 20), 'claim more bytes'),
    'a tiff of one huge tile': (_tiles(), 'far larger'),
    'a tiff of 100000 x 100000': (
        tiff({256: [100_000], 257: [100_000], 273: [8], 278: [100_000], 279: [16]}, bytes(16)),
        'too large',
    ),
    'a tiff of a million strips': (
        tiff({256: [40], 257: [1_000_000], 273: [8], 278: [1], 279: [16]}, bytes(16)),
        'limit is',
    ),
    'a tiff with a strip of 4 GB': (
        tiff({256: [8], 257: [8], 273: [8], 278: [8], 279: [0xFFFF_FFFF]}, bytes(16)),
        'truncated',
    ),
}


@cache
def harmless() -> dict[str, bytes]:
    """Make what costs nothing to decode, though something to make."""
    return {
        'texts that unpack to 4 GB': _texts(500),
        'a colour profile that unpacks to 100 MB': _PNG[:33]
        + chunk((b'iCCP', b'p\0\0' + zlib.compress(bytes(100_000_000), 9)))
        + _PNG[33:],
        'a gif with a comment of 10 MB': gif(
            (8, 8), (0, 0, 8, 8), b'\x21\xfe' + (b'\xff' + b'c' * 255) * 40_000 + b'\0'
        ),
        'exif that shares values': b'\xff\xd8'
        + jpeg_segment(0xE1, b'Exif\0\0' + _many_tags(2000, 30_000))
        + _JPEG_REST,
        'exif of another size': b'\xff\xd8'
        + jpeg_segment(0xE1, b'Exif\0\0' + exif_directory({256: 60_000, 257: 60_000, 0x0112: 1}))
        + _JPEG_REST,
    }
