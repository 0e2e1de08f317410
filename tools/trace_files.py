#!/usr/bin/env python3
"""
Count the files that a unit of work enters, and how often it returns to one that it has left.

``python tools/trace_files.py all DATA`` traces four units of work, where DATA is the folder of
test data:

- ``image``: one image in a tagger node, from the call that receives it to the published tags
- ``bag_tags``: ``nn_perception bag --tags`` on a recording
- ``bag``: the same command with all its outputs
- ``job``: a fine-tuning job on two labels, compared with the active version

Each runs once to warm up and is traced the second time, so that neither imports nor exports count.
``tools/call_recorder.py`` defines what counts as entering a file and as a return.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
import contextlib
import io
import json
from pathlib import Path
import shutil
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from call_recorder import Call, MessageRecorder, profiled, Recorder, Route
import nn_perception

if TYPE_CHECKING:
    from rclpy.executors import Executor
    from rclpy.node import Node
    from rclpy.publisher import Publisher
    from sensor_msgs.msg import Image

PACKAGE = Path(nn_perception.__file__).parent
LABELS = ('glass', 'paper')
# How many pictures of each label the job learns from.
PICTURES = 6
BAG = Path('bags', 'gesture_raw_sqlite3')
TIMEOUT_S = 30.0


def trace(work: Callable[[], object]) -> list[Call]:
    """Record the calls of some work."""
    recorder = Recorder(PACKAGE)
    with profiled(recorder):
        work()
    return recorder.calls()


def trace_job(data: Path, folder: Path) -> list[Call]:
    """Fine-tune a head on a few pictures of two labels."""
    from nn_perception.training.fine_tuning.job import FineTuningJob

    for label in LABELS:
        (folder / 'frames' / label).mkdir(parents=True)
        for picture in sorted((data / 'fewshot_trashnet' / label).iterdir())[:PICTURES]:
            shutil.copy(picture, folder / 'frames' / label)
    job = FineTuningJob(folder / 'frames', folder / 'store', 'traced')
    job.run()
    return trace(job.run)


def trace_bag(data: Path, folder: Path, *outputs: str) -> list[Call]:
    """Annotate a recording."""
    from nn_perception.cli.main import main

    words = ['bag', '--json', *outputs, str(data / BAG)]
    with contextlib.redirect_stdout(io.StringIO()):
        main([*words, str(folder / 'first')])
        return trace(lambda: main([*words, str(folder / 'second')]))


def trace_bag_tags(data: Path, folder: Path) -> list[Call]:
    """Annotate a recording with tags only."""
    return trace_bag(data, folder, '--tags')


def trace_image(_data: Path, _folder: Path) -> list[Call]:
    """Send a tagger in this process images, and record the second one."""
    from nn_perception.ros.nodes.tagger import TaggerNode
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from sensor_msgs.msg import Image
    from vision_msgs.msg import Classification

    recorder = MessageRecorder(PACKAGE, Image, Classification)
    # A namespace of its own: a camera or a tagger that runs beside it must not interfere.
    rclpy.init(args=['--ros-args', '--remap', '__ns:=/trace_files'])
    executor = SingleThreadedExecutor()
    try:
        with profiled(recorder):
            node, peer = TaggerNode(), rclpy.create_node('camera')
            executor.add_node(node)
            executor.add_node(peer)
            node.start()
            results: list[Classification] = []
            peer.create_subscription(Classification, 'tagger/tags', results.append, 10)
            camera = peer.create_publisher(Image, 'image', 1)
            spin_until(executor, lambda: _connected(peer, camera))
            for count, armed in enumerate((False, True), start=1):
                recorder.armed = armed
                camera.publish(_sample_message())
                spin_until(executor, lambda wanted=count: len(results) >= wanted)
        node.destroy_node()
        peer.destroy_node()
    finally:
        executor.shutdown()
        rclpy.try_shutdown()
    return recorder.calls()


def spin_until(executor: Executor, condition: Callable[[], bool]) -> None:
    """
    Spin until a condition holds.

    :raises TimeoutError: if it does not within :data:`TIMEOUT_S`
    """
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f'the node did not answer within {TIMEOUT_S:g} s')
        executor.spin_once(timeout_sec=0.05)


def _connected(peer: Node, camera: Publisher) -> bool:
    return bool(camera.get_subscription_count() and peer.count_publishers('tagger/tags'))


def _sample_message() -> Image:
    import cv2
    from sensor_msgs.msg import Image

    pixels = cv2.imread(str(PACKAGE / 'samples' / 'espresso.jpg'))
    assert pixels is not None
    message = Image(encoding='bgr8', step=pixels.shape[1] * 3)
    message.height, message.width = pixels.shape[:2]
    message.data.frombytes(pixels.tobytes())
    return message


SUBJECTS = {
    'image': trace_image,
    'bag_tags': trace_bag_tags,
    'bag': trace_bag,
    'job': trace_job,
}


def print_calls(calls: Sequence[Call], route: Route) -> None:
    """Print the calls from one file into another, and mark the returns."""
    for call in calls:
        file, source = call.function.file, call.caller.file if call.caller else 'outside'
        if source != file:
            mark = '<-' if call in route.returns.values() else '->'
            print(f'  {source} {mark} {file}: {call.function.name}')


def main(arguments: Sequence[str] | None = None) -> int:
    """Trace what the command line names."""
    parser = argparse.ArgumentParser(description=str(__doc__).strip().split('\n')[0])
    parser.add_argument('subject', choices=('all', *SUBJECTS))
    parser.add_argument('data', type=Path, help='folder of the test data')
    parser.add_argument('--calls', action='store_true', help='list the calls too (<-: a return)')
    parser.add_argument('--json', action='store_true', help='print the counts as JSON')
    args = parser.parse_args(arguments)
    counts = {}
    for name in SUBJECTS if args.subject == 'all' else (args.subject,):
        with tempfile.TemporaryDirectory() as folder:
            calls = SUBJECTS[name](args.data.absolute(), Path(folder))
        route = Route.of(calls)
        counts[name] = {'files': len(route.files), 'returns': len(route.returns)}
        if not args.json:
            print(f'{name:<10} {len(route.files):3d} files {len(route.returns):3d} returns')
            if args.calls:
                print_calls(calls, route)
    if args.json:
        print(json.dumps(counts))
    return 0


if __name__ == '__main__':
    sys.exit(main())
