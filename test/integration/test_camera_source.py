"""The node ``camera_source`` plays photographs and videos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import time

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.ros.inputs.image_decoding import compressed_to_bgr, to_bgr
from nn_perception.ros.outputs.image_messages import PUBLISHED_ENCODINGS
import numpy as np
from patience import HANGS_S, wait_until
import pytest
from ros_graph import BEST_EFFORT, NodeProcess, Peer
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

COLOURS = {'1.png': (255, 0, 0), '2.png': (0, 255, 0), '10.png': (0, 0, 255)}
FAST = {'rate': 20.0, 'wait_for_subscriber': True}

CALIBRATION = """
image_width: 64
image_height: 48
camera_name: test
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, -0.2, 0.0, 0.0, 0.0]}
camera_matrix: {rows: 3, cols: 3, data: [60.0, 0, 32, 0, 61.0, 24, 0, 0, 1]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [60.0, 0, 32, 0, 0, 61.0, 24, 0, 0, 0, 1, 0]}
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Make a folder with three photographs of one colour each, and another file."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name, colour in COLOURS.items():
        cv2.imwrite(str(folder / name), np.full((48, 64, 3), colour, np.uint8))
    (folder / '3.jpg').write_bytes(b'no picture')
    (folder / 'notes.txt').write_text('no picture either')
    return folder


def test_plays_a_folder_once_in_natural_order_and_ends(
    peer: Peer, start_node: Callable[..., NodeProcess], photos: Path
) -> None:
    images = peer.collect(Image, 'image')
    infos = peer.collect(CameraInfo, 'camera_info')
    playing = peer.collect(DiagnosticArray, 'camera_source/playing')
    before = peer.node.get_clock().now().nanoseconds
    node = start_node(
        'camera_source',
        parameters={**FAST, 'source': photos, 'loop': False, 'exit_at_end': True},
    )
    peer.until(lambda: len(images) == len(playing) == len(infos) == 3)
    after = peer.node.get_clock().now().nanoseconds
    assert node.process.wait(HANGS_S) == 0
    assert [msg.status[0].message for msg in playing] == list(COLOURS)
    assert [tuple(to_bgr(msg)[0, 0]) for msg in images] == list(COLOURS.values())
    stamps = [msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec for msg in images]
    assert before < stamps[0] < stamps[1] < stamps[2] < after
    for image, info, shown in zip(images, infos, playing, strict=True):
        assert image.header == info.header == shown.header
        assert image.header.frame_id == 'camera_optical_frame'
        assert (info.width, info.height, info.k[0]) == (64, 48, 0.0)
    assert node.log.count('skipped: ') == 1
    assert '3.jpg' in node.log


def test_encodings(peer: Peer, start_node: Callable[..., NodeProcess], photos: Path) -> None:
    """A camera for each encoding, all at once."""
    images = {
        encoding: peer.collect(Image, f'/{encoding}/image', BEST_EFFORT)
        for encoding in PUBLISHED_ENCODINGS
    }
    for encoding in images:
        start_node(
            'camera_source',
            parameters={**FAST, 'source': photos / '10.png', 'encoding': encoding},
            ros_args=['-r', f'__ns:=/{encoding}'],
        )
    peer.until(lambda: all(len(received) >= 3 for received in images.values()))
    for encoding, received in images.items():
        assert received[-1].encoding == encoding
        # Pure red; its gray value is 0.299 of white.
        expected = (76, 76, 76) if encoding == 'mono8' else COLOURS['10.png']
        assert tuple(to_bgr(received[-1])[5, 5]) == expected, encoding


def test_compressed_images_calibration_size_and_rate(
    peer: Peer, start_node: Callable[..., NodeProcess], photos: Path, tmp_path: Path
) -> None:
    calibration = tmp_path / 'calibration.yaml'
    calibration.write_text(CALIBRATION)
    images = peer.collect(CompressedImage, '/robot/image/compressed')
    infos = peer.collect(CameraInfo, '/robot/camera_info')
    start_node(
        'camera_source',
        parameters={
            **FAST,
            'source': photos,
            'camera_info_file': calibration,
            'frame_id': 'optical',
        },
        ros_args=['-r', '__ns:=/robot'],
    )
    peer.until(lambda: len(images) >= 6 and len(infos) >= 6)
    assert compressed_to_bgr(images[0]).shape == (48, 64, 3)
    assert images[0].header.frame_id == 'optical'
    assert infos[0].k[0] == 60.0
    assert infos[0].distortion_model == 'plumb_bob'
    assert list(infos[0].d) == [0.1, -0.2, 0.0, 0.0, 0.0]
    # The calibration does not apply to resized frames, so CameraInfo must not contain it.
    assert peer.set_parameter('/robot/camera_source', 'width', 32) == (True, '')
    peer.until(lambda: infos[-1].width == 32 and compressed_to_bgr(images[-1]).shape[1] == 32)
    assert (infos[-1].height, infos[-1].k[0]) == (24, 0.0)
    assert peer.set_parameter('/robot/camera_source', 'rate', 100.0) == (True, '')

    def rate_hz() -> float:
        count, began_s = len(images), time.monotonic()
        peer.spin(1.0)
        return (len(images) - count) / (time.monotonic() - began_s)

    # Faster than the 20 Hz before, which a busy machine may reach later only.
    assert wait_until(lambda: (rate := rate_hz()) > 30 and rate) < 115
    taken, reason = peer.set_parameter('/robot/camera_source', 'encoding', 'cmyk')
    assert not taken
    assert 'bgr8' in reason


def test_related_topics_follow_the_remapping_of_the_image(
    peer: Peer, start_node: Callable[..., NodeProcess], photos: Path
) -> None:
    images = peer.collect(CompressedImage, '/front/image_raw/compressed')
    infos = peer.collect(CameraInfo, '/front/camera_info')
    node = start_node(
        'camera_source',
        parameters={**FAST, 'source': photos},
        ros_args=['-r', 'image:=/front/image_raw'],
    )
    peer.until(lambda: images and infos)
    # A rate beyond the range of a timer does not end the process.
    assert peer.set_parameter('/camera_source', 'rate', 1e-12) == (True, '')
    peer.spin(0.3)
    assert node.process.poll() is None


def test_plays_a_video(peer: Peer, start_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25.0, (64, 48))
    for i in range(10):
        writer.write(np.full((48, 64, 3), 20 * i + 20, np.uint8))
    writer.release()
    images = peer.collect(Image, 'image')
    playing = peer.collect(DiagnosticArray, 'camera_source/playing')
    start_node('camera_source', parameters={'source': path, 'wait_for_subscriber': True})
    peer.until(lambda: len(images) >= 25 and len(playing) >= 25)
    # It loops, and the names of the frames are correct.
    for image, shown in zip(images, playing, strict=False):
        number = int(shown.status[0].message.rpartition('#')[2])
        assert abs(int(to_bgr(image)[24, 32, 0]) - 20 * number) <= 6
    stamps = [m.header.stamp.sec + m.header.stamp.nanosec * 1e-9 for m in images[:25]]
    assert 0.03 < np.median(np.diff(stamps)) < 0.05


def test_stamps_and_rate_follow_simulated_time(
    peer: Peer, start_node: Callable[..., NodeProcess], photos: Path
) -> None:
    clock = peer.publisher(Clock, '/clock')
    images = peer.collect(Image, 'image')
    start_node('camera_source', parameters={'source': photos, 'rate': 10.0, 'use_sim_time': True})
    peer.matched(clock)
    peer.spin(1.0)
    assert not images
    for tick in range(1, 60):
        msg = Clock()
        msg.clock.sec, msg.clock.nanosec = 1000 + tick // 20, tick % 20 * 50_000_000
        clock.publish(msg)
        peer.spin(0.02)
    # Three simulated seconds at 10 Hz passed in little more than one.
    peer.until(lambda: len(images) >= 20)
    assert len(images) <= 32
    assert {1000, 1001, 1002} >= {msg.header.stamp.sec for msg in images}


UNUSABLE: list[tuple[dict[str, object], str]] = [
    ({'source': '/nowhere'}, 'is neither a folder, a file nor a webcam'),
    ({'source': '/dev/video77'}, 'webcam /dev/video77 does not exist'),
    ({'source': __file__}, 'is not a video that OpenCV can read'),
    ({'source': 'rtsp://127.0.0.1:9/live'}, 'rtsp://127.0.0.1:9/live cannot be reached'),
    ({'source': 'gopher://camera'}, 'gopher: URLs of this kind cannot be played'),
    ({'source': '99999999999'}, '99999999999 is neither a folder, a file nor a webcam'),
    ({'camera_info_file': __file__}, 'is not a camera calibration'),
    ({'encoding': 'cmyk'}, 'parameter encoding: expected one of bgr8'),
    ({'rate': -1.0}, 'parameter rate'),
    ({'rate': 'fast'}, 'parameter rate: expected a value of type double'),
    ({'source': 0}, 'parameter source: expected a value of type string (write source: "0"'),
]


def test_rejects_unusable_sources_with_one_sentence(
    start_node: Callable[..., NodeProcess],
) -> None:
    nodes = [start_node('camera_source', parameters=parameters) for parameters, _ in UNUSABLE]
    for node, (_, sentence) in zip(nodes, UNUSABLE, strict=True):
        assert node.process.wait(HANGS_S) == 2, sentence
        assert sentence in node.log
        assert 'Traceback' not in node.log
