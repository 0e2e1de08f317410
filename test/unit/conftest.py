"""What unit tests share: kills at every moment, full disks, and bags as robots record them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import contextlib
import os
from pathlib import Path
import resource
import signal
import sys
from typing import Any

import cv2
import numpy as np
import pytest
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import get_types_from_msg, get_typestore, Stores

# What changes a file system, as Python announces it before it does it.
CHANGES = ('os.chmod', 'os.mkdir', 'os.remove', 'os.rename', 'os.rmdir', 'os.symlink')
SECOND = 1_000_000_000
TYPES = get_typestore(Stores.ROS2_JAZZY)
OWN = 'robot_msgs/msg/Wheel'
TYPES.register(get_types_from_msg('float64 speed\nstring name', OWN))
LATCHED = Qos(
    QosHistory.KEEP_LAST, 3, QosReliability.BEST_EFFORT, QosDurability.TRANSIENT_LOCAL,
    QosTime(1, 2), QosTime(3, 4), QosLiveliness.MANUAL_BY_TOPIC, QosTime(5, 6), True,
)  # fmt: skip


def is_change(event, arguments):
    if event == 'open':
        return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in CHANGES


def run_and_die(action, operations):
    """Run in a process of its own, let it change files so many times, then kill it; say if."""
    child = os.fork()
    if child == 0:

        def count(event, arguments):
            nonlocal operations
            if is_change(event, arguments):
                operations -= 1
                if operations < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            action()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.fixture
def killed_everywhere():
    """Kill an action before its first change of a file, its second, and so on to its end."""

    def kill(prepare, action):
        operations = 0
        while True:
            prepared = prepare(operations)
            killed = run_and_die(lambda given=prepared: action(given), operations)
            yield prepared, killed
            if not killed:
                assert operations > 2  # else the changes were not seen
                return
            operations += 1

    return kill


@pytest.fixture
def largest_file():
    """Let no file become larger than so many bytes, as on a disk that is full."""

    @contextlib.contextmanager
    def limited(size_bytes):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


class Recording:
    """Makes messages of rosbags, and bags of them."""

    types = TYPES
    own = OWN
    latched = LATCHED

    def header(self, stamp_ns: int, frame_id: str = 'camera') -> Any:
        time = TYPES.types['builtin_interfaces/msg/Time'](*divmod(stamp_ns, SECOND))
        return TYPES.types['std_msgs/msg/Header'](time, frame_id)

    def raw(
        self, stamp_ns: int, image: np.ndarray, encoding: str = 'bgr8', frame_id: str = 'camera'
    ) -> Any:
        data = np.ascontiguousarray(image).reshape(-1).view(np.uint8)
        height, width = image.shape[:2]
        return TYPES.types['sensor_msgs/msg/Image'](
            self.header(stamp_ns, frame_id), height, width, encoding, 0, len(data) // height, data
        )

    def compressed(self, stamp_ns: int, image: np.ndarray) -> Any:
        data = np.frombuffer(cv2.imencode('.png', image)[1].tobytes(), np.uint8)
        kind = TYPES.types['sensor_msgs/msg/CompressedImage']
        return kind(self.header(stamp_ns), 'bgr8; png compressed bgr8', data)

    def camera_info(self, stamp_ns: int, width: int, height: int, focus_px: float) -> Any:
        k = np.array([focus_px, 0, width / 2, 0, focus_px, height / 2, 0, 0, 1], float)
        roi = TYPES.types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
        return TYPES.types['sensor_msgs/msg/CameraInfo'](
            self.header(stamp_ns), height, width, 'plumb_bob', np.array([0.1, -0.2, 0, 0, 0]), k,
            np.eye(3).reshape(-1), np.hstack([k.reshape(3, 3), np.zeros((3, 1))]).reshape(-1),
            0, 0, roi,
        )  # fmt: skip

    def wheel(self, speed: float) -> Any:
        return TYPES.types[OWN](speed, 'left')

    def write(
        self,
        path: Path,
        messages: Sequence[tuple[str, int, Any]],
        *,
        storage: str = 'sqlite3',
        version: int = 9,
        empty: Sequence[tuple[str, str]] = (),
        qos: Sequence[Qos] = (),
        compression: str = 'NONE',
    ) -> Path:
        """
        Write a bag.

        :param messages: topic, time of the recording in ns, and a message or its bytes
        :param empty: topics and types without messages
        :param compression: name of a mode; STORAGE are the chunks of MCAP
        """
        plugin = StoragePlugin[storage.upper()]
        new = Writer(path, version=version, storage_plugin=plugin)
        new.set_compression(CompressionMode[compression], CompressionFormat.ZSTD)
        with new as writer:
            connections: dict[str, Any] = {}
            kinds = [(topic, message.__msgtype__) for topic, _, message in messages]
            for topic, kind in dict([*kinds, *empty]).items():
                connections[topic] = writer.add_connection(
                    topic, kind, typestore=TYPES, offered_qos_profiles=qos
                )
            for topic, recorded_ns, message in messages:
                content = TYPES.serialize_cdr(message, message.__msgtype__)
                writer.write(connections[topic], recorded_ns, content)
        return path


@pytest.fixture
def recording() -> Recording:
    return Recording()


@pytest.fixture
def picture() -> Callable[..., np.ndarray]:
    def make(seed: int = 0, shape: tuple[int, ...] = (6, 8, 3)) -> np.ndarray:
        return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)

    return make


# Libraries that are imported when a program starts, when it reads a file, and when it trains.
TRAPS = (
    'safetensors',
    'numpy',
    'cv2',
    'torch',
    'yaml',
    'rclpy',
    'json',
    'tempfile',
    'usercustomize',
)


@pytest.fixture
def trapped_folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder with modules that must not run, named as libraries are."""
    folder, trace = tmp_path / 'trapped', tmp_path / 'trace'
    folder.mkdir()
    for name in TRAPS:
        code = f'open({str(trace)!r}, "a").write("{name} was imported. ")\nraise SystemExit(77)'
        (folder / f'{name}.py').write_text(code)
    yield folder
    assert not trace.exists(), trace.read_text()
