#!/usr/bin/env python3
"""
Show what the nodes find in the sample pictures, live, over DDS.

Cameras (``camera_source``) and the perception nodes run as processes of their own, as on
a robot; this program only listens, prints each result beside the picture's name, and
saves the annotated pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
import math
from pathlib import Path
import subprocess
import sys
import time

from demo_audience import (
    Audience,
    digits_in_words,
    people_in_words,
    say,
    Show,
    tags_in_words,
)
from nn_perception.core.discovery import stay_on_this_machine
from nn_perception.ros.nodes.camera_source import SAMPLES
from nn_perception.ros.process.executables import end_process, node_command
from nn_perception.ros.process.main import prepare_process
from nn_perception.ros.process.signals import stop_requested, watch_signals
from nn_perception_interfaces.msg import HumanPoseArray
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from vision_msgs.msg import Classification, Detection2DArray

# The first start exports the networks, which takes some seconds.
START_LIMIT_S = 180.0
LAST_RESULT_S = 10.0


def start(
    executable: str, namespace: str, parameters: Mapping[str, object]
) -> subprocess.Popen[bytes]:
    """Start one node of the package in a process of its own."""
    # Each waits for its turn, and would warn that no image comes.
    ros_args = ('--log-level', 'error', '-r', f'__ns:=/{namespace}')
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


def play(show: Show, node: subprocess.Popen[bytes], rate: float) -> bool:
    """Play a show's pictures to its node; tell whether every one of them came back."""
    audience = Audience(show)
    camera = None

    def one_ended() -> bool:
        return node.poll() is not None or (camera is not None and camera.poll() is not None)

    try:
        # The camera starts once the node's results would be heard, and ends by itself after
        # its last picture, whose result may still be on its way.
        listen(audience, lambda: audience.hears_the_node or one_ended(), START_LIMIT_S)
        once = {'loop': False, 'exit_at_end': True, 'wait_for_subscriber': True}
        source = {'source': show.source, 'rate': rate if show.rate is None else show.rate}
        camera = start('camera_source', show.namespace, {**source, **once})
        came_back = (
            listen(audience, lambda: audience.shown > 0 or one_ended(), START_LIMIT_S)
            and listen(audience, one_ended, math.inf)
            and audience.shown > 0
            and listen(audience, lambda: audience.complete, LAST_RESULT_S)
        )
        if not stop_requested():
            say(audience.summary)
        return came_back
    finally:
        status = end_process(camera) if camera else 0
        if status and not stop_requested():
            say(f'the camera ended with status {status}')
        audience.destroy_node()


def shows_of(arguments: argparse.Namespace) -> list[Show]:
    """List what is shown, one after the other."""
    return [
        Show(
            executable='tagger',
            topic='tags',
            kind=Classification,
            in_words=tags_in_words,
            done='tagged',
            source=arguments.source,
            folder=arguments.output,
            parameters={'top_k': 3, 'min_score': 0.1},
        ),
        Show(
            executable='digit_reader',
            topic='digits',
            kind=Detection2DArray,
            in_words=digits_in_words,
            done='read',
            source=arguments.digits,
            folder=arguments.output / 'digits',
        ),
        Show(
            executable='pose_estimator',
            topic='poses',
            kind=HumanPoseArray,
            in_words=people_in_words,
            done='looked through for people',
            source=arguments.people,
            folder=arguments.output / 'people',
            rate=0.0,
            told_every=10,
            may_drop=0.2,
        ),
    ]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=Path, default=Path('demo_pictures'))
    parser.add_argument(
        '--source', default='', help='folder, video or webcam for the tagger; default: samples'
    )
    parser.add_argument(
        '--digits',
        default=str(SAMPLES / 'digits'),
        help='folder, video or webcam for the digit reader; default: samples',
    )
    parser.add_argument(
        '--people',
        default=str(SAMPLES / 'people' / 'walking.mp4'),
        help='folder, video or webcam for the pose estimator; default: a clip of the samples',
    )
    parser.add_argument(
        '--rate', type=float, default=2.0, help='photographs a second; a clip has its own rate'
    )
    return parser.parse_args()


def main() -> int:
    """Run the demo; status 1 when a picture did not come back."""
    arguments = parse_arguments()
    shows = shows_of(arguments)
    for show in shows:
        show.folder.mkdir(parents=True, exist_ok=True)
    stay_on_this_machine()
    watch_signals()
    prepare_process()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    say(
        'Starting a tagger, a digit reader, a pose estimator and their cameras, each in a process '
        'of its own; the first time the networks are exported, which takes some seconds.'
    )
    nodes = [start(show.executable, show.namespace, show.parameters) for show in shows]
    try:
        good = all(
            play(show, node, arguments.rate) for show, node in zip(shows, nodes, strict=True)
        )
    finally:
        statuses = [end_process(node) for node in nodes]
        rclpy.try_shutdown()
    if stop_requested():
        return 130
    if any(statuses):
        say(f'the nodes ended with {statuses}')
    return 0 if good and not any(statuses) else 1


if __name__ == '__main__':
    sys.exit(main())
