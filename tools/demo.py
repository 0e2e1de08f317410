#!/usr/bin/env python3
"""
Show what the nodes find in the sample photographs, live, over DDS.

A camera (``camera_source``) and the perception nodes run as processes of their own, as on
a robot; this program only listens, prints each result beside the picture's name, and
saves the annotated pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import math
from pathlib import Path
import re
import statistics
import subprocess
import sys
import time

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.discovery import stay_on_this_machine
from nn_perception.nodes.camera_source_node import PLAYING_QOS
from nn_perception.nodes.image_decoding import to_bgr
from nn_perception.nodes.processes import end_process, node_command
from nn_perception.nodes.run import prepare_process
from nn_perception.nodes.stopping import stop_requested, watch_signals
from nn_perception.vision.frame_source import PHOTO_SUFFIXES
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification

# The first start exports the network, which takes some seconds.
START_LIMIT_S = 180.0
LAST_RESULT_S = 10.0
NAMESPACE = 'demo'


class Audience(Node):
    """Listen to the camera and the tagger, and pair what belongs to one image."""

    def __init__(self, folder: Path) -> None:
        super().__init__('audience', namespace=NAMESPACE)
        self._folder = folder
        self._names: dict[tuple[int, int], str] = {}
        self._tags: dict[tuple[int, int], Classification] = {}
        self._pictures: dict[tuple[int, int], Image] = {}
        self.shown = 0
        self.tagged = 0
        self.saved = 0
        self.ages_ms: list[float] = []
        self.create_subscription(
            DiagnosticArray, 'camera_source/playing', self._on_playing, PLAYING_QOS
        )
        self.create_subscription(Classification, 'tagger/tags', self._on_tags, 10)
        self.create_subscription(Image, 'tagger/overlay', self._on_overlay, 10)

    @property
    def complete(self) -> bool:
        """Whether every picture that was shown came back tagged and drawn."""
        return 0 < self.shown == self.tagged == self.saved

    @property
    def hears_the_tagger(self) -> bool:
        """Whether the tagger's results and overlays are found."""
        return all(self.count_publishers(f'tagger/{name}') for name in ('tags', 'overlay'))

    def _on_playing(self, msg: DiagnosticArray) -> None:
        self.shown += 1
        self._names[key(msg.header)] = msg.status[0].message
        self._pair(key(msg.header))

    def _on_tags(self, msg: Classification) -> None:
        stamp = msg.header.stamp.sec + msg.header.stamp.nanosec * 1e-9
        self.ages_ms.append((time.time() - stamp) * 1e3)
        self._tags[key(msg.header)] = msg
        self._pair(key(msg.header))

    def _on_overlay(self, msg: Image) -> None:
        self._pictures[key(msg.header)] = msg
        self._pair(key(msg.header))

    def _pair(self, stamp: tuple[int, int]) -> None:
        name = self._names.get(stamp)
        if name is None:
            return
        if stamp in self._tags:
            tags = self._tags.pop(stamp).results
            text = ', '.join(f'{tag.class_id} {tag.score:.2f}' for tag in tags[:3])
            say(f'  {name:<18} {text or "nothing that it knows"}')
            self.tagged += 1
        if stamp in self._pictures:
            cv2.imwrite(str(self._folder / file_name(name)), to_bgr(self._pictures.pop(stamp)))
            self.saved += 1


def key(header: Header) -> tuple[int, int]:
    """Name an image by its stamp."""
    return header.stamp.sec, header.stamp.nanosec


def file_name(name: str) -> str:
    """Name the picture of a frame; those of a video or webcam have a number and no suffix."""
    suffix = '' if Path(name).suffix.lower() in PHOTO_SUFFIXES else '.jpg'
    return re.sub(r'[^\w.-]', '_', name) + suffix


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def start(executable: str, **parameters: object) -> subprocess.Popen[bytes]:
    """Start one node of the package in a process of its own, in the demo's namespace."""
    ros_args = ('--log-level', 'warn', '-r', f'__ns:=/{NAMESPACE}')
    return subprocess.Popen(node_command(executable, parameters, ros_args))


def listen(audience: Audience, is_over: Callable[[], bool], limit_s: float) -> bool:
    """Receive until ``is_over``, a signal, or the time limit; tell whether it was over."""
    executor = SingleThreadedExecutor()
    executor.add_node(audience)
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and not stop_requested():
        executor.spin_once(timeout_sec=0.2)
        if is_over():
            return True
    return False


def main() -> int:
    """Run the demo; status 1 when a picture did not come back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, default=Path('demo_pictures'))
    parser.add_argument('--source', default='', help='folder, video or webcam; default: samples')
    parser.add_argument('--rate', type=float, default=2.0, help='pictures a second')
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    stay_on_this_machine()
    watch_signals()
    prepare_process()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    say(
        'Starting a camera and a tagger, each in a process of its own; the first time the '
        'network is exported, which takes some seconds.'
    )
    audience = Audience(arguments.output)
    nodes = [start('tagger', top_k=3, min_score=0.1)]

    def one_ended() -> bool:
        return any(node.poll() is not None for node in nodes)

    try:
        # The camera starts once the tagger's results would be heard, and ends by itself after
        # its last picture, whose result may still be on its way.
        listen(audience, lambda: audience.hears_the_tagger or one_ended(), START_LIMIT_S)
        nodes.append(
            start(
                'camera_source',
                source=arguments.source,
                rate=arguments.rate,
                loop=False,
                exit_at_end=True,
                wait_for_subscriber=True,
            )
        )
        over = (
            listen(audience, lambda: audience.shown > 0 or one_ended(), START_LIMIT_S)
            and listen(audience, one_ended, math.inf)
            and audience.shown > 0
            and listen(audience, lambda: audience.complete, LAST_RESULT_S)
        )
    finally:
        statuses = [end_process(node) for node in reversed(nodes)]
        audience.destroy_node()
        rclpy.try_shutdown()
    if stop_requested():
        return 130
    if not over or any(statuses):
        say(
            f'{audience.tagged} of {audience.shown} pictures came back tagged, '
            f'{audience.saved} annotated; the processes ended with {statuses}'
        )
        return 1
    say(
        f'{audience.tagged} pictures tagged; from camera to result in '
        f'{statistics.median(audience.ages_ms):.0f} ms (median). '
        f'Annotated: {arguments.output.resolve()}'
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
