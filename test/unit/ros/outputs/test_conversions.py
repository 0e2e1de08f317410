"""Messages built from pictures and results."""

from __future__ import annotations

import io
import math

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from nn_perception.core.results import Digit, Tag
from nn_perception.ros.inputs.image_decoding import compressed_to_bgr, to_bgr
from nn_perception.ros.outputs import conversions
import numpy as np
from PIL import Image as Pillow
import pytest
from std_msgs.msg import Header

HEADER = Header(stamp=Time(sec=1_700_000_000, nanosec=123_456_789), frame_id='optical')

# Encoding -> what each byte of a pixel is, given its blue, green and red.
LAYOUTS = {
    'bgr8': lambda b, g, r: [b, g, r],
    'rgb8': lambda b, g, r: [r, g, b],
    'bgra8': lambda b, g, r: [b, g, r, 255],
    'rgba8': lambda b, g, r: [r, g, b, 255],
    # ITU-R BT.601, full range.
    'mono8': lambda b, g, r: [math.floor(0.299 * r + 0.587 * g + 0.114 * b + 0.5)],
}


def noise(height: int, width: int) -> np.ndarray:
    """Draw a picture, uint8 BGR."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_every_published_encoding_is_tested() -> None:
    assert set(LAYOUTS) == set(conversions.PUBLISHED_ENCODINGS)


@pytest.mark.parametrize('encoding', LAYOUTS)
@pytest.mark.parametrize('size', [(4, 6), (3, 5), (1, 1), (1, 7), (7, 1)])
def test_image(encoding: str, size: tuple[int, int]) -> None:
    picture = noise(*size)
    msg = conversions.image(picture, HEADER, encoding)
    assert msg.header == HEADER
    assert (msg.height, msg.width, msg.encoding, msg.is_bigendian) == (*size, encoding, 0)
    expected = [LAYOUTS[encoding](*(int(v) for v in pixel)) for pixel in picture.reshape(-1, 3)]
    assert msg.step == size[1] * len(expected[0])
    stored = np.array(list(msg.data)).reshape(-1, len(expected[0]))
    assert np.abs(stored - np.array(expected)).max() <= (1 if encoding == 'mono8' else 0)


@pytest.mark.parametrize('encoding', sorted(set(LAYOUTS) - {'mono8'}))
def test_image_comes_back_from_its_message(encoding: str) -> None:
    picture = noise(5, 7)
    assert np.array_equal(to_bgr(conversions.image(picture, HEADER, encoding)), picture)


@pytest.mark.parametrize('encoding', LAYOUTS)
@pytest.mark.parametrize(
    'part',
    [np.s_[:, 2:5], np.s_[::2], np.s_[::-1, ::-1], np.s_[:, :, ::-1]],
    ids=['columns', 'every other row', 'turned round', 'channels swapped'],
)
def test_image_of_a_view(encoding: str, part: tuple[slice, ...]) -> None:
    view = noise(6, 9)[part]
    assert conversions.image(view, HEADER, encoding) == conversions.image(
        view.copy(), HEADER, encoding
    )


def test_image_of_a_picture_that_is_read_only() -> None:
    picture = noise(2, 2)
    picture.flags.writeable = False
    assert bytes(conversions.image(picture, HEADER).data) == picture.tobytes()


def test_image_is_a_copy() -> None:
    picture = noise(2, 2)
    before = picture.tobytes()
    msg = conversions.image(picture, HEADER)
    picture[:] = 0
    assert bytes(msg.data) == before


def test_compressed_image() -> None:
    y, x = np.mgrid[:40, :60]
    picture = np.stack([x * 4, y * 6, np.full_like(x, 90)], axis=-1).astype(np.uint8)
    msg = conversions.compressed_image(picture, HEADER, 95)
    assert msg.header == HEADER
    assert msg.format == 'bgr8; jpeg compressed bgr8'
    # Pillow shows it in RGB.
    decoded = np.asarray(Pillow.open(io.BytesIO(bytes(msg.data))))[:, :, ::-1].astype(int)
    assert np.abs(decoded - picture).mean() < 2
    assert np.abs(compressed_to_bgr(msg).astype(int) - picture).mean() < 2


def test_compressed_image_is_smaller_at_less_quality() -> None:
    picture = noise(64, 64)
    sizes = [len(conversions.compressed_image(picture, HEADER, q).data) for q in (1, 50, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] * 4 < sizes[2]


@pytest.mark.parametrize('size', [(1, 65501), (65501, 1)])
def test_what_jpeg_cannot_hold_is_refused(size: tuple[int, int]) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    with pytest.raises(ValueError, match=f'65500 pixels a side, got {size[1]} x {size[0]}'):
        conversions.compressed_image(picture, HEADER, 95)


def test_the_largest_jpeg() -> None:
    msg = conversions.compressed_image(np.zeros((1, 65500, 3), np.uint8), HEADER, 95)
    assert compressed_to_bgr(msg).shape == (1, 65500, 3)


@pytest.mark.parametrize(
    ('stamp', 'seconds'),
    [
        (Time(), 0.0),
        (Time(sec=3, nanosec=500_000_000), 3.5),
        (Time(nanosec=1), 1e-9),
        (Time(sec=2**31 - 1, nanosec=999_999_999), 2147483647.999999999),
        (Time(sec=-1, nanosec=250_000_000), -0.75),
    ],
)
def test_stamp_seconds(stamp: Time, seconds: float) -> None:
    assert conversions.stamp_seconds(stamp) == pytest.approx(seconds, abs=1e-12)


def test_header() -> None:
    assert conversions.header(HEADER.stamp, 'optical') == HEADER


def test_camera_info_of_a_calibrated_camera() -> None:
    k = [500.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0]
    calibration = {
        'width': 640,
        'height': 480,
        'distortion_model': 'plumb_bob',
        'd': [0.1, -0.2, 0.0, 0.0, 0.01],
        'k': k,
        'r': [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        'p': [500.0, 0.0, 320.0, 0.0, 0.0, 510.0, 240.0, 0.0, 0.0, 0.0, 1.0, 0.0],
    }
    msg = conversions.camera_info(HEADER, calibration)
    assert msg.header == HEADER
    assert (msg.width, msg.height, msg.distortion_model) == (640, 480, 'plumb_bob')
    assert list(msg.d) == calibration['d']
    assert [list(msg.k), list(msg.r), list(msg.p)] == [k, calibration['r'], calibration['p']]


def test_camera_info_of_a_camera_that_is_not_calibrated() -> None:
    msg = conversions.camera_info(HEADER, {'width': 640, 'height': 480})
    assert (msg.width, msg.height) == (640, 480)
    assert msg.k[0] == 0.0
    assert not msg.distortion_model


def test_classification() -> None:
    # A label is text: it goes out as it is, whatever letters it has.
    tags = [Tag('espresso', 0.75), Tag('Größe 7, großer Kaffee ☕', 0.125)]
    msg = conversions.classification(tags, HEADER)
    assert msg.header == HEADER
    assert [(r.class_id, r.score) for r in msg.results] == [(t.label, t.score) for t in tags]


def test_classification_takes_scores_of_numpy() -> None:
    msg = conversions.classification([Tag('cup', np.float32(0.5))], HEADER)
    assert msg.results[0].score == 0.5


def test_classification_without_tags() -> None:
    msg = conversions.classification([], HEADER)
    assert msg.header == HEADER
    assert msg.results == []


def test_detections() -> None:
    digits = [Digit('7', 0.75, (10.0, 20.0, 5.0, 8.0)), Digit('0', np.float32(0.5), (1, 2, 3, 4))]
    msg = conversions.detections(digits, HEADER)
    assert msg.header == HEADER
    assert [detection.header for detection in msg.detections] == [HEADER, HEADER]
    hypotheses = [result.hypothesis for d in msg.detections for result in d.results]
    assert [(h.class_id, h.score) for h in hypotheses] == [('7', 0.75), ('0', 0.5)]
    boxes = [d.bbox for d in msg.detections]
    centres = [(box.center.position.x, box.center.position.y, box.center.theta) for box in boxes]
    assert centres == [(12.5, 24.0, 0.0), (2.5, 4.0, 0.0)]
    assert [(box.size_x, box.size_y) for box in boxes] == [(5.0, 8.0), (3.0, 4.0)]
    assert [d.id for d in msg.detections] == ['', '']


def test_detections_without_digits() -> None:
    msg = conversions.detections([], HEADER)
    assert msg.header == HEADER
    assert msg.detections == []


@pytest.mark.parametrize(('lines', 'data'), [((), ''), (('7',), '7'), (('12', '345'), '12\n345')])
def test_text(lines: tuple[str, ...], data: str) -> None:
    assert conversions.text(lines).data == data


def test_label_info() -> None:
    msg = conversions.label_info(('cat', 'dog'), 0.25, HEADER)
    assert msg.header == HEADER
    assert [(c.class_id, c.class_name) for c in msg.class_map] == [(0, 'cat'), (1, 'dog')]
    assert msg.threshold == 0.25


def test_vision_info() -> None:
    msg = conversions.vision_info('lite0 1', '/weights/lite0.safetensors', 3, HEADER)
    assert msg.header == HEADER
    assert (msg.method, msg.database_location, msg.database_version) == (
        'lite0 1',
        '/weights/lite0.safetensors',
        3,
    )


@pytest.mark.parametrize(
    ('level', 'expected'),
    [
        ('ok', DiagnosticStatus.OK),
        ('warn', DiagnosticStatus.WARN),
        ('error', DiagnosticStatus.ERROR),
    ],
)
def test_diagnostics(level: str, expected: bytes) -> None:
    values = {'rate_hz': '29.9', 'images_received': 3, 'nothing': None}
    msg = conversions.diagnostics('/tagger: images', '/image', level, 'fine', values, HEADER)
    assert msg.header == HEADER
    (status,) = msg.status
    assert (status.name, status.hardware_id, status.message) == (
        '/tagger: images',
        '/image',
        'fine',
    )
    assert status.level == expected
    assert [(pair.key, pair.value) for pair in status.values] == [
        ('rate_hz', '29.9'),
        ('images_received', '3'),
        ('nothing', 'None'),
    ]
