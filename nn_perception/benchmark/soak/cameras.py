"""The cameras of an endurance run: real ones in processes of their own."""

from __future__ import annotations

from pathlib import Path
import random
import signal

import cv2
from nn_perception.benchmark.digit_page import digit_page
from nn_perception.benchmark.probe_node import photograph, two_skiers
from nn_perception.benchmark.soak.frames import SIZES
from nn_perception.benchmark.soak.programs import Program
from nn_perception.benchmark.soak.scripts import after, Condition, Script
from nn_perception.ros.outputs import conversions
from nn_perception.ros.process.executables import node_command

RATE_HZ = 30.0
CAMERA_FRAME = 'camera_optical_frame'
OVERLAP_S = 2.5


class Cameras:
    """
    One camera that plays 640 x 480 at 30 Hz nearly always, and others that come and go.

    :param folder: for pictures and logs
    :param chance: decides what the next one is
    """

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.all: list[Program] = []
        self._folder = folder
        self._chance = chance
        self._pictures = folder / 'pictures'
        self._pictures.mkdir(parents=True)
        for name, make in (('a', photograph), ('b', digit_page), ('c', two_skiers)):
            cv2.imwrite(str(self._pictures / f'{name}.jpg'), make())
        self.begin_anew()

    @property
    def playing(self) -> list[Program]:
        """Those that run."""
        return [camera for camera in self.all if camera.process.poll() is None]

    def visitor(self, stay_s: float, unless: Condition) -> Script:
        """Let another camera play on the same topic for some seconds."""
        camera = self._start(
            self._chance.choice(((640, 480), *SIZES)),
            self._chance.choice(conversions.PUBLISHED_ENCODINGS),
            reliable=self._chance.random() < 0.5,
        )
        yield after(stay_s, unless)
        yield from self._end(camera)

    def replacement(self) -> Script:
        """Let a new camera take the place of the first; both play for a moment, or neither."""
        before = self._main
        self._main = self._start((640, 480), 'bgr8', reliable=self._chance.random() < 0.5)
        if self._chance.random() < 0.7:
            yield after(OVERLAP_S)
        yield from self._end(before)

    def begin_anew(self) -> None:
        """Let one camera play."""
        self._main = self._start((640, 480), 'bgr8', reliable=True)

    def end_all(self) -> Script:
        """End every camera that still runs."""
        for camera in self.playing:
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
        yield camera.listens
        camera.ask_to_end(self._chance.choice((signal.SIGINT, signal.SIGTERM)))
        yield camera.has_ended
