"""Image files: formats, EXIF, bit depths, transparency, and damaged files."""

import struct
import zlib

import cv2
from nn_perception.core.imaging.image_files import decode_image, read_image
import numpy as np
import pytest

# Left half blue, right half red; not square, so that a rotation is visible.
IMAGE = np.zeros((20, 40, 3), np.uint8)
IMAGE[:, :20, 0] = 255
IMAGE[:, 20:, 2] = 255


def encoded(suffix, image=IMAGE, options=()):
    done, data = cv2.imencode(suffix, image, list(options))
    assert done
    return data.tobytes()


def with_orientation(jpeg, value):
    """Insert an EXIF segment with an orientation after the start of a JPEG."""
    tiff = b'MM\x00*\x00\x00\x00\x08' + struct.pack('>HHHIHHI', 1, 0x0112, 3, 1, value, 0, 0)
    body = b'Exif\x00\x00' + tiff
    return jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(body) + 2) + body + jpeg[2:]


def png_with_size(width, height):
    def chunk(kind, body):
        crc = zlib.crc32(kind + body)
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', crc)

    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    start = b'\x89PNG\r\n\x1a\n'
    return start + chunk(b'IHDR', header) + chunk(b'IDAT', b'') + chunk(b'IEND', b'')


def jpeg_with_size(width, height):
    jpeg = bytearray(encoded('.jpg'))
    at = jpeg.index(b'\xff\xc0')
    struct.pack_into('>HH', jpeg, at + 5, height, width)
    return bytes(jpeg)


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.bmp', '.webp', '.tiff', '.ppm'])
def test_formats(tmp_path, suffix):
    path = tmp_path / f'image{suffix}'
    path.write_bytes(encoded(suffix))
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.shape == IMAGE.shape
    # Away from the vertical edge, which JPEG and WebP blur.
    np.testing.assert_allclose(image[:, :16].astype(int), IMAGE[:, :16], atol=4)
    np.testing.assert_allclose(image[:, 24:].astype(int), IMAGE[:, 24:], atol=4)


@pytest.mark.parametrize(
    ('orientation', 'shape', 'blue_at'),
    [(1, (20, 40), (10, 5)), (3, (20, 40), (10, 35)), (6, (40, 20), (5, 10)),
     (8, (40, 20), (35, 10))],
)  # fmt: skip
def test_exif_orientation_is_optional(tmp_path, orientation, shape, blue_at):
    data = with_orientation(encoded('.jpg'), orientation)
    path = tmp_path / 'rotated.jpg'
    path.write_bytes(data)
    image = read_image(path)
    assert image.shape[:2] == shape
    assert image[blue_at][0] > 240
    assert image[blue_at][2] < 16
    assert decode_image(data, upright=False).shape == IMAGE.shape


@pytest.mark.parametrize('suffix', ['.png', '.tiff'])
@pytest.mark.parametrize(
    ('value', 'expected'), [(0x0000, 0), (0x12FF, 0x12), (0xABCD, 0xAB), (0xFFFF, 0xFF)]
)
def test_a_uniform_16_bit_image_keeps_its_level(tmp_path, suffix, value, expected):
    path = tmp_path / f'deep{suffix}'
    path.write_bytes(encoded(suffix, np.full((4, 5), value, np.uint16)))
    image = read_image(path)
    assert image.shape == (4, 5, 3)
    assert np.abs(image.astype(int) - expected).max() <= 1


def test_grey_has_three_equal_channels():
    image = decode_image(encoded('.png', np.full((4, 5), 77, np.uint8)), upright=True)
    np.testing.assert_array_equal(image, np.full((4, 5, 3), 77))


def test_transparency_is_blended_with_white():
    bgra = np.zeros((1, 3, 4), np.uint8)
    bgra[0] = [(10, 20, 30, 0), (10, 20, 30, 255), (0, 100, 200, 51)]  # 51 / 255 is a fifth
    data = encoded('.png', bgra)
    expected = [(255, 255, 255), (10, 20, 30), (204, 224, 244)]
    np.testing.assert_array_equal(decode_image(data, upright=True)[0], expected)
    np.testing.assert_array_equal(decode_image(data, upright=False)[0, 1], (10, 20, 30))


@pytest.mark.parametrize('kind', [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, 'u1')])
def test_any_bytes_like_object(kind):
    np.testing.assert_array_equal(decode_image(kind(encoded('.png')), upright=False), IMAGE)


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
@pytest.mark.parametrize('share', [0.02, 0.3, 0.6, 0.95])
def test_truncated_files_are_rejected(suffix, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(suffix, noise)
    with pytest.raises(ValueError, match=r'truncated|damaged'):
        decode_image(data[: max(12, int(share * len(data)))], upright=True)


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_image():
    jpeg = encoded('.jpg')
    thumbnail = encoded('.jpg', IMAGE[:8, :8])
    segment = b'\xff\xe1' + struct.pack('>H', len(thumbnail) + 2) + thumbnail
    complete = jpeg[:2] + segment + jpeg[2:]
    assert decode_image(complete, upright=True).shape == IMAGE.shape
    with pytest.raises(ValueError, match='truncated'):
        decode_image(complete[:-20], upright=True)


@pytest.mark.parametrize('make', [png_with_size, jpeg_with_size])
def test_huge_sizes_are_rejected_before_decoding(make):
    with pytest.raises(ValueError, match=r'too large: 60000 x 50000 pixels'):
        decode_image(make(60000, 50000), upright=True)
    with pytest.raises(ValueError, match=r'no pixels|damaged|truncated'):
        decode_image(make(0, 0), upright=True)


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'is empty'),
        (b'hello, this is text', 'not an image'),
        (b'BM' + bytes(20), 'damaged|not an image'),
        (b'\x89PNG\r\n\x1a\n' + bytes(100), 'truncated|damaged|no pixels'),
        (b'\xff\xd8\xff\xe0' + bytes(100), 'truncated|damaged'),
    ],
)
def test_errors_name_the_file_and_the_reason(tmp_path, content, reason):
    path = tmp_path / 'broken.jpg'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=reason) as caught:
        read_image(path)
    assert str(caught.value).startswith(str(path))
    assert '\n' not in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match='No such file') as caught:
        read_image(tmp_path / 'none.jpg')
    assert str(tmp_path / 'none.jpg') in str(caught.value)
    with pytest.raises(IsADirectoryError, match='is a folder'):
        read_image(tmp_path)


def test_unsupported_bytes():
    with pytest.raises(ValueError, match='is not an image of a known format'):
        decode_image(b'FLIF89a....', upright=False)
    with pytest.raises(ValueError, match='is empty'):
        decode_image(b'', upright=False)


def test_random_damage_raises_only_value_errors():
    random = np.random.default_rng(1)
    noise = random.integers(0, 256, (32, 32, 3), np.uint8)
    for suffix in ('.jpg', '.png'):
        data = np.frombuffer(encoded(suffix, noise), np.uint8)
        for _ in range(100):
            damaged = data.copy()
            damaged[random.integers(0, len(data), 8)] = random.integers(0, 256, 8)
            try:
                image = decode_image(damaged.tobytes(), upright=True)
            except ValueError:
                continue
            assert image.ndim == 3
            assert image.shape[2] == 3
