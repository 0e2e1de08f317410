#!/usr/bin/env python3
"""
Show what the nodes find in the sample pictures, and hear in the sample sound, live, over DDS.

Cameras (``camera_source``), a microphone (``sound_source``) and the perception nodes run in
processes of their own, as on a robot. This program only subscribes: it prints each result beside
the picture's name, or the time of the word, and saves the annotated pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
import math
from pathlib import Path
import subprocess
import sys
import time

from demo_sound import SOUND_NAMESPACE, SoundViewer
from demo_viewer import (
    DemoPart,
    DemoViewer,
    digits_in_words,
    people_in_words,
    say,
    tags_in_words,
)
from nn_perception.benchmark.discovery import stay_on_this_machine
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.ros.process.main import prepare_process
from nn_perception.ros.process.node_process import end_process, node_command
from nn_perception.ros.process.signals import stop_requested, watch_signals
from nn_perception_interfaces.msg import HumanPoseArray
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from vision_msgs.msg import Classification, Detection2DArray

# The first start exports the networks, which takes some seconds.
START_LIMIT_S = 180.0
LAST_RESULT_S = 10.0


def start(
    executable: str, namespace: str, parameters: Mapping[str, object]
) -> subprocess.Popen[bytes]:
    """Start one node of the package in a process of its own."""
    # The parts run one after the other: until then a node would warn that it gets no images.
    ros_args = ('--log-level', 'error', '-r', f'__ns:=/{namespace}')
    return subprocess.Popen(node_command(executable, parameters, ros_args))


def receive(viewer: Node, condition: Callable[[], bool], limit_s: float) -> bool:
    """Receive until a condition holds, a signal, or the time limit; tell whether it holds."""
    executor = SingleThreadedExecutor()
    executor.add_node(viewer)
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and not stop_requested():
        executor.spin_once(timeout_sec=0.2)
        if condition():
            return True
    return False


def play(part: DemoPart, node: subprocess.Popen[bytes], rate: float) -> bool:
    """Play the pictures of a part to its node; tell whether all results arrived."""
    viewer = DemoViewer(part)
    camera = None

    def one_exited() -> bool:
        return node.poll() is not None or (camera is not None and camera.poll() is not None)

    try:
        # The camera starts once the node's publishers are discovered, and exits after its last
        # picture, whose result may still be in transit.
        receive(viewer, lambda: viewer.sees_the_node or one_exited(), START_LIMIT_S)
        once = {'loop': False, 'exit_at_end': True, 'wait_for_subscriber': True}
        source = {'source': part.source, 'rate': rate if part.rate is None else part.rate}
        camera = start('camera_source', part.namespace, {**source, **once})
        complete = (
            receive(viewer, lambda: viewer.published > 0 or one_exited(), START_LIMIT_S)
            and receive(viewer, one_exited, math.inf)
            and viewer.published > 0
            and receive(viewer, lambda: viewer.complete, LAST_RESULT_S)
        )
        if not stop_requested():
            say(viewer.summary)
        return complete
    finally:
        status = end_process(camera) if camera else 0
        if status and not stop_requested():
            say(f'the camera exited with status {status}')
        viewer.destroy_node()


def play_sound(source: str, node: subprocess.Popen[bytes]) -> bool:
    """Play a recording to the sound tagger; tell whether it heard a word."""
    viewer, microphone = SoundViewer(), None

    def one_exited() -> bool:
        return node.poll() is not None or (
            microphone is not None and microphone.poll() is not None
        )

    try:
        receive(viewer, lambda: viewer.sees_the_node or one_exited(), START_LIMIT_S)
        once = {'loop': False, 'exit_at_end': True, 'wait_for_subscriber': True}
        microphone = start('sound_source', SOUND_NAMESPACE, {'source': source, **once})
        complete = (
            receive(viewer, lambda: viewer.hears or one_exited(), START_LIMIT_S)
            and receive(viewer, one_exited, math.inf)
            and receive(viewer, lambda: bool(viewer.words), LAST_RESULT_S)
        )
        if not stop_requested():
            say(viewer.summary)
        return complete
    finally:
        status = end_process(microphone) if microphone else 0
        if status and not stop_requested():
            say(f'the microphone exited with status {status}')
        viewer.destroy_node()


def parts_of(arguments: argparse.Namespace) -> list[DemoPart]:
    """List the parts of the demo, which run one after the other."""
    return [
        DemoPart(
            executable='tagger',
            topic='tags',
            kind=Classification,
            in_words=tags_in_words,
            done='tagged',
            source=arguments.source,
            folder=arguments.output,
            parameters={'top_k': 3, 'min_score': 0.1},
        ),
        DemoPart(
            executable='digit_reader',
            topic='digits',
            kind=Detection2DArray,
            in_words=digits_in_words,
            done='read',
            source=arguments.digits,
            folder=arguments.output / 'digits',
        ),
        DemoPart(
            executable='pose_estimator',
            topic='poses',
            kind=HumanPoseArray,
            in_words=people_in_words,
            done='searched for people',
            source=arguments.people,
            folder=arguments.output / 'people',
            rate=arguments.clip_rate,
            every=10,
            may_drop=0.2,
        ),
    ]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Show what the nodes find in the samples, live, over DDS.'
    )
    parser.add_argument(
        '--output',
        type=Path,
        default=Path('demo_pictures'),
        help='folder for the annotated pictures (default: %(default)s)',
    )
    parser.add_argument(
        '--source',
        default='',
        help='folder, video or webcam for the tagger (default: the sample photographs)',
    )
    parser.add_argument(
        '--digits',
        default=str(SAMPLES_FOLDER / 'digits'),
        help='folder, video or webcam for the digit reader (default: the sample pages)',
    )
    parser.add_argument(
        '--people',
        default=str(SAMPLES_FOLDER / 'people' / 'walking.mp4'),
        help='folder, video or webcam for the pose estimator (default: the sample clip)',
    )
    parser.add_argument(
        '--sounds',
        default=str(SAMPLES_FOLDER / 'sounds'),
        help='sound file, folder or microphone for the sound tagger (default: the sample words)',
    )
    parser.add_argument(
        '--rate',
        type=float,
        default=2.0,
        help='photographs per second (default: %(default)s)',
    )
    parser.add_argument(
        '--clip-rate',
        type=float,
        default=0.0,
        help='frames of the clip per second; 0: its own rate (default: %(default)s)',
    )
    return parser.parse_args()


def main() -> int:
    """Run the demo; status 1 when results are missing."""
    arguments = parse_arguments()
    parts = parts_of(arguments)
    for part in parts:
        part.folder.mkdir(parents=True, exist_ok=True)
    stay_on_this_machine()
    watch_signals()
    prepare_process()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    say(
        'Starting a tagger, a digit reader, a pose estimator and their cameras, a sound tagger '
        'and its microphone, each in its own process. The first start exports the networks, '
        'which takes some seconds.'
    )
    nodes = [start(part.executable, part.namespace, part.parameters) for part in parts]
    listener = start('sound_tagger', SOUND_NAMESPACE, {})
    try:
        good = all(
            play(part, node, arguments.rate) for part, node in zip(parts, nodes, strict=True)
        ) and play_sound(arguments.sounds, listener)
    finally:
        statuses = [end_process(node) for node in (*nodes, listener)]
        rclpy.try_shutdown()
    if stop_requested():
        return 130
    if any(statuses):
        say(f'the nodes exited with {statuses}')
    return 0 if good and not any(statuses) else 1


if __name__ == '__main__':
    sys.exit(main())
