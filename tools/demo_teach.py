#!/usr/bin/env python3
"""
Fine-tune a tagger on three new labels, live, over DDS, without a camera.

A ``camera_source`` plays pictures of one object after the other, a ``fine_tuner`` records and
fine-tunes, and a running ``tagger`` switches to the new labels: each a process of its own, as on a
robot. Without ``--pictures`` the objects are parts of three sample photographs, as a hand-held
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
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.imaging.image_files import read_image
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

OBJECTS = {'cup': 'espresso.jpg', 'clock': 'clock.jpg', 'flower': 'dahlia.jpg'}
RECORDED_FRAMES, TEST_FRAMES = 40, 10
RATE_HZ = 10.0
# The first start exports the networks, which takes some seconds.
START_LIMIT_S = 180.0
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class DemoClient(Node):
    """Call the fine_tuner, and receive what the tagger publishes."""

    def __init__(self) -> None:
        super().__init__('demo', namespace='teach')
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
        """Process messages until a condition holds; RuntimeError if it does not in time."""
        deadline = time.monotonic() + limit_s
        while not condition():
            if stop_requested() or time.monotonic() > deadline:
                raise RuntimeError(
                    'stopped' if stop_requested() else 'a node did not respond in time'
                )
            self._executor.spin_once(timeout_sec=0.2)

    def count(self, label: str) -> int:
        """Return the number of frames of a label."""
        if self.summary is None or label not in self.summary.labels:
            return 0
        return int(self.summary.counts[list(self.summary.labels).index(label)])

    def record(self, label: str) -> None:
        """Start to record under a label; an empty label stops the recording."""
        self.until(self._record.service_is_ready)
        answer = self._record.call_async(Record.Request(record=bool(label), label=label))
        self.until(answer.done)
        if not answer.result().success:
            raise RuntimeError(answer.result().message)

    def fine_tune(self) -> FineTune.Result:
        """Fine-tune on the recorded frames."""
        self.until(self._goals.server_is_ready)
        goal = self._goals.send_goal_async(FineTune.Goal())
        self.until(goal.done)
        result = goal.result().get_result_async()
        self.until(result.done, 300.0)
        return result.result().result

    def _on_summary(self, msg: DatasetSummary) -> None:
        self.summary = msg

    def _on_labels(self, msg: LabelInfo) -> None:
        self.labels = [entry.class_name for entry in msg.class_map]

    def _on_tags(self, msg: Classification) -> None:
        self.tags.update(tag.class_id for tag in msg.results[:1])


def play(client: DemoClient, folder: Path, until: Callable[[], bool]) -> None:
    """Play the pictures of a folder as a camera until a condition holds."""
    camera = start(
        'camera_source',
        'teach',
        {'source': folder, 'rate': RATE_HZ, 'wait_for_subscriber': True},
    )
    try:
        client.until(until)
    finally:
        end_process(camera)


def run_demo(client: DemoClient, objects: dict[str, tuple[Path, Path]]) -> bool:
    """Record, fine-tune and test; return whether the tagger reports the right labels."""
    client.until(lambda: client.summary and client.labels, START_LIMIT_S)
    for label, (recorded, _) in objects.items():
        client.record(label)
        before = client.count(label)
        play(
            client,
            recorded,
            lambda label=label, n=before: client.count(label) >= n + RECORDED_FRAMES,
        )
        client.record('')
        say(f'  recorded {client.count(label)} frames of {label}')
    began = time.monotonic()
    result = client.fine_tune()
    say(f'  {result.message}')
    if not result.success:
        return False
    client.until(lambda: set(objects) <= set(client.labels))
    say(f'  {time.monotonic() - began:.1f} s from the goal to the tagger with the new labels')
    right = 0
    for label, (_, others) in objects.items():
        client.tags.clear()
        play(client, others, lambda: client.tags.total() >= TEST_FRAMES)
        right += client.tags.most_common(1)[0][0] == label
        counts = ', '.join(f'{tag} {count}' for tag, count in client.tags.most_common())
        say(f'  other pictures of {label}: {counts}')
    return right == len(objects)


def write_views(photograph: Path, folder: Path, count: int, seed: int) -> None:
    """Write views of a photograph as a hand-held camera would see it."""
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


def sample_objects(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Write pictures to record, and others to test with, of three sample photographs."""
    for seed, (label, name) in enumerate(OBJECTS.items()):
        write_views(SAMPLES_FOLDER / name, folder / 'recorded' / label, RECORDED_FRAMES, seed)
        write_views(SAMPLES_FOLDER / name, folder / 'others' / label, TEST_FRAMES, 100 + seed)
    return {label: (folder / 'recorded' / label, folder / 'others' / label) for label in OBJECTS}


def own_objects(pictures: Path) -> dict[str, tuple[Path, Path]]:
    """Use each subfolder as a label; the same pictures are recorded and tested with."""
    folders = sorted(path for path in pictures.iterdir() if path.is_dir())
    suffixes = {path.suffix.lower() for folder in folders for path in folder.iterdir()}
    if len(folders) < 2 or not suffixes & PHOTO_SUFFIXES:
        raise SystemExit(f'{pictures} must contain at least two folders of pictures')
    return {folder.name: (folder, folder) for folder in folders}


def main() -> int:
    """Run the demo; the exit status is 1 if a label is not recognised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--pictures', type=Path, help='folder with a subfolder of pictures for each label'
    )
    arguments = parser.parse_args()
    stay_on_this_machine()
    watch_signals()
    prepare_process()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    say('Starting a tagger and a fine_tuner; then a camera shows them one object after the other.')
    with tempfile.TemporaryDirectory(prefix='nn_perception-') as name:
        folder = Path(name)
        objects = own_objects(arguments.pictures) if arguments.pictures else sample_objects(folder)
        folders = {'store_folder': folder / 'models'}
        nodes = [
            start('fine_tuner', 'teach', {**folders, 'data_folder': folder / 'datasets'}),
            start('tagger', 'teach', {**folders, 'model': 'store:taught'}),
        ]
        client = DemoClient()
        try:
            good = run_demo(client, objects)
        except RuntimeError as error:
            say(str(error))
            good = False
        finally:
            statuses = [end_process(node) for node in nodes]
            client.destroy_node()
            rclpy.try_shutdown()
    if stop_requested():
        return 130
    return 0 if good and not any(statuses) else 1


if __name__ == '__main__':
    sys.exit(main())
