"""The cameras of a soak test: camera_source in processes of its own."""

from __future__ import annotations

from pathlib import Path
import random
import signal

import cv2
from nn_perception.benchmark.digit_page import digit_page
from nn_perception.benchmark.probe_node import photograph, two_skiers
from nn_perception.benchmark.soak.image_messages import SIZES
from nn_perception.benchmark.soak.programs import Program
from nn_perception.benchmark.soak.scripts import after, Condition, Script
from nn_perception.ros.outputs.image_messages import PUBLISHED_ENCODINGS
from nn_perception.ros.process.node_process import node_command

RATE_HZ = 30.0
CAMERA_FRAME = 'camera_optical_frame'
OVERLAP_S = 2.5


class Cameras:
    """
    A main camera that plays 640 x 480 at 30 Hz nearly always, and others that come and go.

    :param folder: for pictures and logs
    :param rng: decides everything that is random
    """

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.all: list[Program] = []
        self._folder = folder
        self._rng = rng
        self._pictures = folder / 'pictures'
        self._pictures.mkdir(parents=True)
        for name, make in (('a', photograph), ('b', digit_page), ('c', two_skiers)):
            cv2.imwrite(str(self._pictures / f'{name}.jpg'), make())
        self._main = self._start((640, 480), 'bgr8', reliable=True)

    @property
    def running(self) -> list[Program]:
        """The cameras whose process runs."""
        return [camera for camera in self.all if camera.process.poll() is None]

    def play_beside(self, seconds: float, unless: Condition) -> Script:
        """Let another camera play on the same topic for some seconds."""
        camera = self._start(
            self._rng.choice(((640, 480), *SIZES)),
            self._rng.choice(PUBLISHED_ENCODINGS),
            reliable=self._rng.random() < 0.5,
        )
        yield after(seconds, unless)
        yield from self._end(camera)

    def replace_main(self) -> Script:
        """Replace the main camera by a new one; for a moment both play, or neither."""
        before = self._main
        self._main = self._start((640, 480), 'bgr8', reliable=self._rng.random() < 0.5)
        if self._rng.random() < 0.7:
            yield after(OVERLAP_S)
        yield from self._end(before)

    def start_main(self) -> None:
        """Start a main camera."""
        self._main = self._start((640, 480), 'bgr8', reliable=True)

    def end_all(self) -> Script:
        """End every camera that runs."""
        for camera in self.running:
            yield from self._end(camera)

    def _start(self, size: tuple[int, int], encoding: str, *, reliable: bool) -> Program:
        number = len(self.all)
        parameters = {
            'source': self._pictures,
            'rate': RATE_HZ,
            'frame_id': CAMERA_FRAME,
            'width': size[0],
            'height': size[1],
            'encoding': encoding,
            'reliability': 'reliable' if reliable else 'best_effort',
        }
        command = node_command('camera_source', parameters, ('-r', f'__node:=camera_{number}'))
        camera = Program(f'camera_{number}', command, self._folder / f'camera_{number}')
        self.all.append(camera)
        return camera

    def _end(self, camera: Program) -> Script:
        yield camera.handles_signals
        camera.request_exit(self._rng.choice((signal.SIGINT, signal.SIGTERM)))
        yield camera.has_exited
