"""Measure what nodes in one process save, and cameras that share a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
import subprocess
import time
from typing import Any

from nn_perception.benchmark.probe_node import (
    DIGITS,
    POSES,
    SETTLE_S,
    START_LIMIT_S,
    TAGS,
    Task,
    two_skiers,
)
from nn_perception.benchmark.process_samples import take_sample
from nn_perception.ros.outputs.headers import make_header
from nn_perception.ros.outputs.image_messages import image_message
from nn_perception.ros.process.node_process import end_process, node_command
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.time import Time
from sensor_msgs.msg import Image

NODES = {'tagger': TAGS, 'digit_reader': DIGITS, 'pose_estimator': POSES}
RATE_HZ = 30.0
# One core is enough for three cameras at the first rate, and not at the second.
RATES_HZ = (15.0, 30.0)
ROUNDS = 2
CAMERAS = ('front', 'left', 'right')


class Cameras:
    """
    Cameras that all publish one picture, and subscriptions to results.

    :ivar ages_ms: of the results, by topic
    :ivar rate_hz: frame rate of each camera

    :param topics: of the cameras' images
    :param results: message type and topic of the results
    """

    def __init__(self, topics: Sequence[str], results: Sequence[tuple[type, str]]) -> None:
        self.rate_hz = RATE_HZ
        self._node = rclpy.create_node('cameras')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._image = two_skiers()
        self._publishers = [self._node.create_publisher(Image, topic, 1) for topic in topics]
        self.ages_ms: dict[str, list[float]] = {topic: [] for _, topic in results}
        for kind, topic in results:
            self._node.create_subscription(kind, topic, self._listener(topic), 10)

    def close(self) -> None:
        """Destroy the node."""
        self._executor.shutdown()
        self._node.destroy_node()

    def await_nodes(self) -> None:
        """Play until there is a result on every topic, then let the nodes settle."""
        begun = time.monotonic()
        while not all(self.ages_ms.values()):
            if time.monotonic() > begun + START_LIMIT_S:
                raise RuntimeError('a node published no result')
            self.play(1.0)
        self.play(SETTLE_S)
        for ages in self.ages_ms.values():
            ages.clear()

    def play(self, seconds: float, *, apart: bool = False) -> None:
        """
        Publish at the cameras' rate for a time.

        :param apart: the cameras publish in turn, not all at the same moment
        """
        begun = time.monotonic()
        count = len(self._publishers)
        for number in range(round(seconds * self.rate_hz)):
            for index, publisher in enumerate(self._publishers):
                self._spin_until(begun + (number + apart * index / count) / self.rate_hz)
                stamp = Time(nanoseconds=time.time_ns()).to_msg()
                header = make_header(stamp, 'camera')
                publisher.publish(image_message(self._image, header))
        self._spin_until(begun + seconds)

    def _spin_until(self, due_s: float) -> None:
        while (left_s := due_s - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left_s)

    def _listener(self, topic: str) -> Any:
        def add(msg: Any) -> None:
            stamp_ns = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
            self.ages_ms[topic].append((time.time_ns() - stamp_ns) * 1e-6)

        return add


def one_process(seconds: float) -> dict[str, Any]:
    """Run three nodes on one camera, in turn in three processes and in one."""
    layouts = {
        'apart': [node_command(name) for name in NODES],
        'together': [node_command('perception')],
    }
    results = [(task.kind, task.topic) for task in NODES.values()]
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in layouts}
    for _ in range(ROUNDS):
        for name, commands in layouts.items():
            with _running(commands, ['image'], results) as (cameras, pids):
                figures[name].append(_measure(cameras, pids, seconds / ROUNDS))
    return _medians(figures)


def many_cameras(seconds: float) -> dict[str, Any]:
    """Tag the images of one camera and of three, in turn in step and out of step."""
    names = ', '.join(CAMERAS)
    many = node_command('tagger', ros_args=['-p', f'cameras:=[{names}]'])
    cases = [f'{name} {rate:.0f}' for rate in RATES_HZ for name in ('one', 'three', 'three_apart')]
    figures: dict[str, list[dict[str, float]]] = {case: [] for case in cases}
    span_s = seconds / ROUNDS
    for _ in range(ROUNDS):
        with _running([node_command('tagger')], ['image'], [_tags('')]) as (cameras, pids):
            for cameras.rate_hz in RATES_HZ:
                figures[f'one {cameras.rate_hz:.0f}'].append(_measure(cameras, pids, span_s))
        images = [f'{name}/image' for name in CAMERAS]
        listened = [_tags(f'{name}/') for name in CAMERAS]
        with _running([many], images, listened) as (cameras, pids):
            for cameras.rate_hz in RATES_HZ:
                cameras.play(SETTLE_S)
                together = _measure(cameras, pids, span_s)
                apart = _measure(cameras, pids, span_s, apart=True)
                figures[f'three {cameras.rate_hz:.0f}'].append(together)
                figures[f'three_apart {cameras.rate_hz:.0f}'].append(apart)
    return _medians(figures)


def _tags(prefix: str) -> tuple[type, str]:
    task: Task = TAGS
    return task.kind, f'tagger/{prefix}tags'


@contextmanager
def _running(
    commands: Sequence[list[str]], topics: Sequence[str], results: Sequence[tuple[type, str]]
) -> Iterator[tuple[Cameras, list[int]]]:
    """Run processes and cameras for them; yield the cameras and the ids of the processes."""
    processes = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for command in commands]
    cameras = Cameras(topics, results)
    try:
        cameras.await_nodes()
        yield cameras, [process.pid for process in processes]
    finally:
        for process in processes:
            end_process(process)
        cameras.close()


def _measure(
    cameras: Cameras, pids: Sequence[int], seconds: float, *, apart: bool = False
) -> dict[str, float]:
    """Play for a time; return the CPU time and memory of the processes, and the ages."""
    for ages in cameras.ages_ms.values():
        ages.clear()
    before_s = sum(take_sample(pid).cpu_s for pid in pids)
    cameras.play(seconds, apart=apart)
    after = [take_sample(pid) for pid in pids]
    spent_s = sum(sample.cpu_s for sample in after) - before_s
    figures = {
        'cpu_s_per_s': spent_s / seconds,
        'results_hz': sum(len(ages) for ages in cameras.ages_ms.values()) / seconds,
        'resident_mb': sum(sample.resident_mb for sample in after),
        'own_mb': sum(_own_mb(pid) for pid in pids),
    }
    figures['cpu_ms_per_result'] = 1e3 * figures['cpu_s_per_s'] / figures['results_hz']
    for topic, ages in cameras.ages_ms.items():
        figures[f'age_p50_ms {topic}'] = float(np.median(ages)) if ages else float('nan')
    return figures


def _medians(figures: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    return {
        f'{name} {key}': float(np.median([values[key] for values in rounds]))
        for name, rounds in figures.items()
        for key in rounds[0]
    }


def _own_mb(pid: int) -> float:
    """Return the proportional set size of a process: shared pages are divided among processes."""
    for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
        if line.startswith('Pss:'):
            return int(line.split()[1]) / 1024
    raise OSError(f'process {pid} does not report its memory')
