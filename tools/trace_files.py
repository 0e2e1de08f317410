#!/usr/bin/env python3
"""
Count the files that a unit of work travels through, and how often it comes back to one.

``python tools/trace_files.py image|bag|job DATA`` runs the work once to warm up and once under
``sys.setprofile``, and prints every call from one file of the package into another, each once. A
*return* is a call into a file that the work has been in before; the calls from one file into
another count as one return at most. DATA is the folder of test data.

``image`` is one image from the callback of a subscription to the published tags, ``bag`` the
command ``nn_perception bag`` on a recording, and ``job`` a fine-tuning job on two labels.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import contextlib
import io
import json
from pathlib import Path
import shutil
import sys
import tempfile
import threading
import time
from types import FrameType
from typing import Any

import nn_perception

PACKAGE = Path(nn_perception.__file__).parent
# How many pictures of each of the two labels the job learns from.
PICTURES = 6
TIMEOUT_S = 30.0


class Route:
    """The calls between the files of the package, in any thread, in their order."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.returns: set[tuple[str, str]] = set()
        self.calls: list[tuple[str, str, str]] = []

    def follow(self, frame: FrameType, event: str, _: Any) -> None:
        """Take a call, as a profile function."""
        if event != 'call' or frame.f_code.co_name == '<module>':
            return
        file = _file_of(frame)
        if not file:
            return
        caller = frame.f_back
        while caller is not None and not _file_of(caller):
            caller = caller.f_back
        source = '' if caller is None else _file_of(caller)
        if file == source:
            return
        call = (source, file, frame.f_code.co_name)
        if call not in self.calls:
            self.calls.append(call)
        if file not in self.files:
            self.files.append(file)
        else:
            self.returns.add((source, file))


def _file_of(frame: FrameType) -> str:
    """Name the file of a function of the package; empty for other functions."""
    name = frame.f_code.co_filename
    prefix = f'{PACKAGE}/'
    return name[len(prefix) :] if name.startswith(prefix) else ''


def trace(work: Callable[[], object]) -> Route:
    """Follow the calls of some work."""
    route = Route()
    threading.setprofile(route.follow)
    sys.setprofile(route.follow)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return route


def trace_job(data: Path, folder: Path) -> Route:
    """Fine-tune a head on a few pictures of two labels."""
    from nn_perception.training.fine_tuning.job import FineTuningJob

    for label in ('glass', 'paper'):
        (folder / 'frames' / label).mkdir(parents=True)
        for picture in sorted((data / 'fewshot_trashnet' / label).iterdir())[:PICTURES]:
            shutil.copy(picture, folder / 'frames' / label)
    job = FineTuningJob(folder / 'frames', folder / 'store', 'traced')
    job.run()
    return trace(lambda: job.run())


def trace_bag(data: Path, folder: Path) -> Route:
    """Annotate a recording."""
    from nn_perception.cli.main import main

    bag = data / 'bags' / 'gesture_raw_sqlite3'
    with contextlib.redirect_stdout(io.StringIO()):
        main(['bag', '--json', str(bag), str(folder / 'first')])
        return trace(lambda: main(['bag', '--json', str(bag), str(folder / 'second')]))


def trace_image(data: Path, folder: Path) -> Route:  # noqa: ARG001
    """Send images to a tagger in this process, and follow the second one."""
    from nn_perception.core.files.folders import SAMPLES_FOLDER
    from nn_perception.core.imaging.image_files import read_image
    from nn_perception.ros.nodes.tagger import TaggerNode
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from sensor_msgs.msg import Image
    from vision_msgs.msg import Classification

    image = read_image(SAMPLES_FOLDER / 'espresso.jpg')
    message = Image(encoding='bgr8', step=image.shape[1] * 3)
    message.height, message.width = image.shape[:2]
    message.data.frombytes(image.tobytes())
    route = Route()
    rclpy.init()
    # Set before the worker thread starts, and recorded only while `recording` is set.
    recording = threading.Event()

    def follow(frame: FrameType, event: str, argument: Any) -> None:
        if recording.is_set():
            if event == 'call' and frame.f_code.co_name == 'publish' and not _file_of(frame):
                recording.clear()
            route.follow(frame, event, argument)

    threading.setprofile(follow)
    node, executor = TaggerNode(), SingleThreadedExecutor()
    peer = rclpy.create_node('trace_files')
    results: list[Classification] = []
    peer.create_subscription(Classification, 'tagger/tags', results.append, 10)
    camera = peer.create_publisher(Image, 'image', 1)
    executor.add_node(node)
    executor.add_node(peer)
    node.start()

    def wait_for(count: int) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while len(results) < count and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.05)

    while not camera.get_subscription_count():
        executor.spin_once(timeout_sec=0.05)
    camera.publish(message)
    wait_for(1)
    sys.setprofile(follow)
    camera.publish(message)
    recording.set()
    wait_for(2)
    recording.clear()
    sys.setprofile(None)
    executor.shutdown()
    node.destroy_node()
    peer.destroy_node()
    rclpy.try_shutdown()
    return route


SUBJECTS = {'image': trace_image, 'bag': trace_bag, 'job': trace_job}


def main() -> int:
    """Trace what the command line names."""
    parser = argparse.ArgumentParser(description=str(__doc__).strip().split('\n')[0])
    parser.add_argument('subject', choices=SUBJECTS)
    parser.add_argument('data', type=Path, help='folder of the test data')
    parser.add_argument('--json', action='store_true', help='print the counts as JSON')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        route = SUBJECTS[args.subject](args.data.absolute(), Path(folder))
    files, returns = len(route.files), len(route.returns)
    if args.json:
        sys.stdout.write(json.dumps({'files': files, 'returns': returns}) + '\n')
        return 0
    for source, file, function in route.calls:
        mark = 'back to' if (source, file) in route.returns else 'to'
        sys.stdout.write(f'{source or "outside"} {mark} {file}: {function}\n')
    sys.stdout.write(f'{args.subject}: {files} files, {returns} returns\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
