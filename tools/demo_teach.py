#!/usr/bin/env python3
"""
Teach a tagger three new labels, live, over DDS, without a camera.

A ``camera_source`` shows one thing after the other, a ``fine_tuner`` records and teaches, and a
``tagger`` that runs all the time begins to give the new labels: each a process of its own, as on a
robot. Without ``--pictures`` the things are parts of three sample photographs, as a hand-held
camera would see them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path
import sys
import tempfile
import time
from typing import Any

import cv2
from demo import start
from demo_viewer import say
from nn_perception.benchmark.discovery import stay_on_this_machine
from nn_perception.core.imaging.image_files import read_image
from nn_perception.ros.nodes.camera_source import SAMPLES
from nn_perception.ros.process.main import prepare_process
from nn_perception.ros.process.node_process import end_process
from nn_perception.ros.process.signals import stop_requested, watch_signals
from nn_perception.sources.photographs import PHOTO_SUFFIXES
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import DatasetSummary
from nn_perception_interfaces.srv import Record
import numpy as np
import rclpy
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from vision_msgs.msg import Classification, LabelInfo

THINGS = {'cup': 'espresso.jpg', 'clock': 'clock.jpg', 'flower': 'dahlia.jpg'}
FRAMES, SHOWN_AGAIN = 40, 10
RATE_HZ = 10.0
# The first start exports the networks, which takes some seconds.
START_LIMIT_S = 180.0
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Student(Node):
    """Ask the fine_tuner for things, and listen to the tagger."""

    def __init__(self) -> None:
        super().__init__('student', namespace='teach')
        self.summary: DatasetSummary | None = None
        self.labels: list[str] = []
        self.tags: Counter[str] = Counter()
        self.create_subscription(DatasetSummary, 'fine_tuner/dataset', self._on_summary, LATCHED)
        self.create_subscription(LabelInfo, 'tagger/label_info', self._on_labels, LATCHED)
        self.create_subscription(Classification, 'tagger/tags', self._on_tags, 10)
        self._record = self.create_client(Record, 'fine_tuner/record')
        self._goals = ActionClient(self, FineTune, 'fine_tuner/fine_tune')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)

    def until(self, condition: Callable[[], Any], limit_s: float = 60.0) -> None:
        """Listen until something holds; RuntimeError if it does not in time."""
        deadline = time.monotonic() + limit_s
        while not condition():
            if stop_requested() or time.monotonic() > deadline:
                raise RuntimeError('stopped' if stop_requested() else 'waited in vain')
            self._executor.spin_once(timeout_sec=0.2)

    def count(self, label: str) -> int:
        """Count the frames of a label."""
        if self.summary is None or label not in self.summary.labels:
            return 0
        return int(self.summary.counts[list(self.summary.labels).index(label)])

    def record(self, label: str) -> None:
        """Record under a label; an empty one ends it."""
        self.until(self._record.service_is_ready)
        answer = self._record.call_async(Record.Request(record=bool(label), label=label))
        self.until(answer.done)
        if not answer.result().success:
            raise RuntimeError(answer.result().message)

    def teach(self) -> FineTune.Result:
        """Teach what was recorded."""
        self.until(self._goals.server_is_ready)
        asked = self._goals.send_goal_async(FineTune.Goal())
        self.until(asked.done)
        taught = asked.result().get_result_async()
        self.until(taught.done, 300.0)
        return taught.result().result

    def _on_summary(self, msg: DatasetSummary) -> None:
        self.summary = msg

    def _on_labels(self, msg: LabelInfo) -> None:
        self.labels = [entry.class_name for entry in msg.class_map]

    def _on_tags(self, msg: Classification) -> None:
        self.tags.update(tag.class_id for tag in msg.results[:1])


def show(student: Student, folder: Path, until: Callable[[], bool]) -> None:
    """Let a camera show the pictures of a folder until something holds."""
    camera = start(
        'camera_source',
        'teach',
        {'source': folder, 'rate': RATE_HZ, 'wait_for_subscriber': True},
    )
    try:
        student.until(until)
    finally:
        end_process(camera)


def lesson(student: Student, things: dict[str, tuple[Path, Path]]) -> bool:
    """Play the tutorial; tell whether the new labels are given."""
    student.until(lambda: student.summary and student.labels, START_LIMIT_S)
    for label, (shown, _) in things.items():
        student.record(label)
        before = student.count(label)
        show(student, shown, lambda label=label, n=before: student.count(label) >= n + FRAMES)
        student.record('')
        say(f'  recorded {student.count(label)} frames of {label}')
    began = time.monotonic()
    taught = student.teach()
    say(f'  {taught.message}')
    if not taught.success:
        return False
    student.until(lambda: set(things) <= set(student.labels))
    say(f'  {time.monotonic() - began:.1f} s from the call to the tagger with the new labels')
    right = 0
    for label, (_, kept) in things.items():
        student.tags.clear()
        show(student, kept, lambda: student.tags.total() >= SHOWN_AGAIN)
        right += student.tags.most_common(1)[0][0] == label
        counts = ', '.join(f'{tag} {count}' for tag, count in student.tags.most_common())
        say(f'  {label}, other pictures of it: {counts}')
    return right == len(things)


def views(photograph: Path, folder: Path, count: int, seed: int) -> None:
    """Look at parts of a photograph as a hand-held camera does, and store what it sees."""
    image = read_image(photograph)
    random = np.random.default_rng(seed)
    height, width = image.shape[:2]
    folder.mkdir(parents=True)
    for number in range(count):
        side = random.uniform(0.5, 0.9) * min(height, width)
        middle = random.uniform(side / 2, np.array([width, height]) - side / 2)
        turn = cv2.getRotationMatrix2D(tuple(middle), random.uniform(-12, 12), 240 / side)
        turn[:, 2] += 120 - middle
        part = cv2.warpAffine(image, turn, (240, 240), borderMode=cv2.BORDER_REFLECT)
        light = np.clip(part * random.uniform(0.7, 1.2), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f'{number:03}.png'), light)


def sample_things(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Make pictures to show, and others to ask about, of three sample photographs."""
    for seed, (label, name) in enumerate(THINGS.items()):
        views(SAMPLES / name, folder / 'shown' / label, FRAMES, seed)
        views(SAMPLES / name, folder / 'kept' / label, SHOWN_AGAIN, 100 + seed)
    return {label: (folder / 'shown' / label, folder / 'kept' / label) for label in THINGS}


def own_things(pictures: Path) -> dict[str, tuple[Path, Path]]:
    """Take each subfolder for a label; the same pictures are shown and asked about."""
    folders = sorted(path for path in pictures.iterdir() if path.is_dir())
    suffixes = {path.suffix.lower() for folder in folders for path in folder.iterdir()}
    if len(folders) < 2 or not suffixes & PHOTO_SUFFIXES:
        raise SystemExit(f'{pictures} must hold two folders of pictures or more')
    return {folder.name: (folder, folder) for folder in folders}


def main() -> int:
    """Run the demo; status 1 when a label was not learned."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--pictures', type=Path, help='a folder of pictures for each label')
    arguments = parser.parse_args()
    stay_on_this_machine()
    watch_signals()
    prepare_process()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    say('Starting a tagger and a fine_tuner; then a camera shows them one thing after the other.')
    with tempfile.TemporaryDirectory(prefix='nn_perception-') as name:
        folder = Path(name)
        things = own_things(arguments.pictures) if arguments.pictures else sample_things(folder)
        places = {'store_folder': folder / 'models'}
        nodes = [
            start('fine_tuner', 'teach', {**places, 'data_folder': folder / 'datasets'}),
            start('tagger', 'teach', {**places, 'model': 'store:taught'}),
        ]
        student = Student()
        try:
            good = lesson(student, things)
        except RuntimeError as error:
            say(str(error))
            good = False
        finally:
            statuses = [end_process(node) for node in nodes]
            student.destroy_node()
            rclpy.try_shutdown()
    if stop_requested():
        return 130
    return 0 if good and not any(statuses) else 1


if __name__ == '__main__':
    sys.exit(main())
