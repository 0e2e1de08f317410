"""The node ``camera_source`` with what people give it: streams, memory, damage, clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import shutil
import tempfile
import time
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.ros.inputs.image_decoding import to_bgr
import numpy as np
from patience import HANGS_S, stretched
import pytest
from ros_graph import NodeProcess, Peer
from sensor_msgs.msg import Image
from videos import greys, number_of, stream_server, write_matroska, write_mjpeg

Start = Callable[..., NodeProcess]
ONCE = {'wait_for_subscriber': True, 'loop': False, 'exit_at_end': True}


def seconds(msg: Any) -> float:
    return float(msg.header.stamp.sec + msg.header.stamp.nanosec * 1e-9)


def test_a_folder_in_shared_memory_with_a_broken_photograph(peer: Peer, start_node: Start) -> None:
    folder = Path(tempfile.mkdtemp(dir='/dev/shm'))
    try:
        cv2.imwrite(str(folder / 'a.png'), greys(3)[2])
        (folder / 'b.jpg').write_bytes(b'broken')
        images = peer.collect(Image, 'image')
        node = start_node('camera_source', parameters={'source': folder, 'rate': 30.0})
        peer.until(lambda: len(images) >= 20)
        assert number_of(to_bgr(images[-1])) == 2
        assert node.log.count('b.jpg') == 1
        assert len(node.log.splitlines()) == 1, node.log
    finally:
        shutil.rmtree(folder)


def test_a_stream_of_pictures_loops(peer: Peer, start_node: Start, tmp_path: Path) -> None:
    source = write_mjpeg(tmp_path / 'raw.mjpeg', greys(5))
    images = peer.collect(Image, 'image')
    parameters = {'source': source, 'rate': 50.0, 'wait_for_subscriber': True}
    start_node('camera_source', parameters=parameters)
    peer.until(lambda: len(images) >= 20)
    numbers = [number_of(to_bgr(msg)) for msg in images[:15]]
    assert numbers == [0, 1, 2, 3, 4] * 3


def test_a_video_with_times_of_its_own(peer: Peer, start_node: Start, tmp_path: Path) -> None:
    times_ms = (0, 100, 200, 900, 1000, 1050)
    source = write_matroska(tmp_path / 'screen.mkv', greys(6), times_ms)
    images = peer.collect(Image, 'image')
    node = start_node('camera_source', parameters={'source': source, **ONCE})
    peer.until(lambda: len(images) == 6)
    assert node.process.wait(HANGS_S) == 0
    passed_ms = (np.array([seconds(msg) for msg in images]) - seconds(images[0])) * 1e3
    assert (passed_ms >= np.array(times_ms) - 10).all()
    assert (passed_ms <= np.array(times_ms) + stretched(500)).all()


def test_a_bag_whose_clock_was_set(peer: Peer, start_node: Start, cases: Path) -> None:
    source = cases / '08_bag_stamps_jump' / 'clock_set_late'
    images = peer.collect(Image, 'image')
    began_s = time.monotonic()
    node = start_node('camera_source', parameters={'source': source, **ONCE})
    assert node.process.wait(HANGS_S) == 0
    assert time.monotonic() - began_s < stretched(15.0)
    peer.until(lambda: len(images) == 8)
    assert np.diff([seconds(msg) for msg in images]) == pytest.approx([1.0] * 7, abs=0.5)
    assert node.log.count('by their recording times') == 1


@pytest.fixture
def cameras() -> Iterator[Any]:
    with stream_server() as server:
        yield server


def test_a_stream_over_the_network(peer: Peer, start_node: Start, cameras: Any) -> None:
    images = peer.collect(Image, 'image')
    playing = peer.collect(DiagnosticArray, 'camera_source/playing')
    url = cameras.url.replace('://', '://user:secret@')
    node = start_node('camera_source', parameters={'source': f'{url}/live?token=secret'})
    peer.until(lambda: len(images) >= 30)
    # As fast as the camera: it sends fifty a second.
    rate_hz = 29 / (seconds(images[29]) - seconds(images[0]))
    assert 25.0 < rate_hz < 55.0
    assert {number_of(to_bgr(msg)) for msg in images} == set(range(10))
    names = {msg.status[0].message.partition('#')[0] for msg in playing}
    assert names == {f'{cameras.url}/live'}
    assert 'secret' not in node.log


def test_a_stream_that_ends(peer: Peer, start_node: Start, cameras: Any) -> None:
    images = peer.collect(Image, 'image')
    source = {'source': f'{cameras.url}/ends'}
    once = start_node('camera_source', parameters={**source, **ONCE})
    assert once.process.wait(HANGS_S) == 0
    count = len(cameras.requests)
    again = start_node('camera_source', parameters=source)
    peer.until(lambda: len(cameras.requests) >= count + 4)
    peer.until(lambda: len(images) >= 20)
    assert again.process.poll() is None


def test_a_stream_that_stalls_does_not_hold_the_node(
    peer: Peer, start_node: Start, cameras: Any
) -> None:
    node = start_node('camera_source', parameters={'source': f'{cameras.url}/stalls'})
    peer.until(lambda: 'no frame from' in node.log)
    assert node.log.count('no frame from') == 1
    began_s = time.monotonic()
    assert peer.set_parameter('/camera_source', 'jpeg_quality', 50) == (True, '')
    assert time.monotonic() - began_s < stretched(1.0)
    began_s = time.monotonic()
    assert node.end() == 0
    assert time.monotonic() - began_s < stretched(2.0)


def test_ctrl_c_while_connecting(start_node: Start, cameras: Any) -> None:
    node = start_node('camera_source', parameters={'source': f'{cameras.url}/silent'})
    deadline_s = time.monotonic() + HANGS_S
    while not cameras.requests and time.monotonic() < deadline_s:
        time.sleep(0.05)
    began_s = time.monotonic()
    assert node.end() == 0
    assert time.monotonic() - began_s < stretched(2.0)


def test_names_that_are_no_text(peer: Peer, start_node: Start, tmp_path: Path) -> None:
    """Bytes that are not UTF-8 can be in no message, and in no log line."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    names = {b'\xff\xe9.png': greys(2)[1], '日本²🤖.png'.encode(): greys(1)[0]}
    for name, image in names.items():
        with open(os.fsencode(folder) + b'/' + name, 'wb') as file:
            file.write(cv2.imencode('.png', image)[1].tobytes())
    with open(os.fsencode(folder) + b'/broken\xfe.png', 'wb') as file:
        file.write(b'broken')
    playing = peer.collect(DiagnosticArray, 'camera_source/playing')
    node = start_node('camera_source', parameters={'source': folder, 'rate': 20.0})
    peer.until(lambda: len(playing) >= 6)
    shown = {msg.status[0].message for msg in playing}
    assert shown == {r'\udcff\udce9.png', '日本²🤖.png'}
    assert node.log.count(r'broken\udcfe.png') == 1
