"""The node ``camera_source`` plays a recorded bag."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.ros.inputs.image_decoding import to_bgr
import numpy as np
from patience import HANGS_S, stretched
import pytest
from ros_graph import NodeProcess, Peer
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores
from sensor_msgs.msg import CameraInfo, Image

TYPES = get_typestore(Stores.ROS2_JAZZY)
# Seconds at which the images were taken: a pause, and two at once.
TIMES = (0.0, 0.1, 0.6, 0.7, 0.7)


def message(kind: str, **fields: Any) -> Any:
    return TYPES.types[kind](**fields)


def bag(folder: Path, topics: tuple[str, ...] = ('/cam/image/compressed',)) -> Path:
    """Write a bag of pictures in shades of grey, and the camera's calibration."""
    k = np.array([40.0, 0, 32, 0, 41.0, 24, 0, 0, 1])
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        infos = writer.add_connection('/cam/camera_info', CAMERA_INFO, typestore=TYPES)
        images = [writer.add_connection(t, COMPRESSED, typestore=TYPES) for t in topics]
        for number, seconds in enumerate(TIMES):
            stamp = message('builtin_interfaces/msg/Time', sec=1000, nanosec=round(seconds * 1e9))
            header = message('std_msgs/msg/Header', stamp=stamp, frame_id='bag_frame')
            roi = message(
                'sensor_msgs/msg/RegionOfInterest',
                x_offset=0, y_offset=0, height=0, width=0, do_rectify=False,
            )  # fmt: skip
            info = message(
                CAMERA_INFO, header=header, height=48, width=64, distortion_model='plumb_bob',
                d=np.zeros(5), k=k, r=np.eye(3).reshape(-1), p=np.zeros(12),
                binning_x=0, binning_y=0, roi=roi,
            )  # fmt: skip
            picture = np.full((48, 64, 3), 20 + 40 * number, np.uint8)
            data = np.frombuffer(cv2.imencode('.png', picture)[1].tobytes(), np.uint8)
            image = message(COMPRESSED, header=header, format='png', data=data)
            writer.write(infos, number, TYPES.serialize_cdr(info, CAMERA_INFO))
            for connection in images:
                writer.write(connection, number, TYPES.serialize_cdr(image, COMPRESSED))
    return folder


CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'


def seconds(msg: Any) -> float:
    return msg.header.stamp.sec + msg.header.stamp.nanosec * 1e-9


def test_plays_with_the_recorded_timing(
    peer: Peer, start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    images = peer.collect(Image, 'image')
    infos = peer.collect(CameraInfo, 'camera_info')
    playing = peer.collect(DiagnosticArray, 'camera_source/playing')
    before = peer.node.get_clock().now().nanoseconds * 1e-9
    node = start_node(
        'camera_source',
        parameters={
            'source': bag(tmp_path / 'walk'),
            'wait_for_subscriber': True,
            'loop': False,
            'exit_at_end': True,
        },
    )
    peer.until(lambda: len(images) == len(infos) == len(playing) == 5)
    assert node.process.wait(HANGS_S) == 0
    assert [int(to_bgr(msg)[0, 0, 0]) for msg in images] == [20, 60, 100, 140, 180]
    assert [msg.status[0].message for msg in playing] == [f'walk#{i}' for i in range(1, 6)]
    # The intervals are the recorded ones, the time is now.
    passed = np.array([seconds(msg) for msg in images]) - seconds(images[0])
    assert (passed >= np.array(TIMES) - 0.01).all()
    assert (passed <= np.array(TIMES) + stretched(1.0)).all()
    assert seconds(images[0]) > before
    assert {msg.header.frame_id for msg in (*images, *infos)} == {'bag_frame'}
    assert all((info.k[0], info.k[4], info.width) == (40.0, 41.0, 64) for info in infos)


def test_loops_at_a_rate_of_its_own(
    peer: Peer, start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    images = peer.collect(Image, 'image')
    infos = peer.collect(CameraInfo, 'camera_info')
    path = bag(tmp_path / 'walk', ('/cam/image', '/rear/image'))
    parameters = {'source': path / 'walk.mcap', 'bag_topic': '/rear/image', 'rate': 50.0}
    start_node('camera_source', parameters={**parameters, 'frame_id': 'mine'})
    peer.until(lambda: len(images) >= 12 and infos)
    steps = np.diff([int(to_bgr(msg)[0, 0, 0]) for msg in images])
    assert set(steps) <= {40, -160, 80, -120}  # one may be lost while discovery goes on
    assert {msg.header.frame_id for msg in images} == {'mine'}
    assert {info.k[0] for info in infos} == {0.0}


@pytest.mark.parametrize(
    ('parameters', 'sentence'),
    [
        ({}, 'has images on several topics; choose one of: /cam/image, /rear/image'),
        ({'bag_topic': '/up'}, 'has no images on /up; choose one of: /cam/image, /rear/image'),
    ],
)
def test_rejects_an_unclear_topic(
    start_node: Callable[..., NodeProcess],
    tmp_path: Path,
    parameters: dict[str, str],
    sentence: str,
) -> None:
    source = bag(tmp_path / 'walk', ('/cam/image', '/rear/image'))
    node = start_node('camera_source', parameters={'source': source, **parameters})
    assert node.process.wait(HANGS_S) == 2
    assert sentence in node.log
    assert 'Traceback' not in node.log
