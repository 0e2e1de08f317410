"""
Measure nodes from outside: a camera and a subscriber around a node in its own process.

``python -m nn_perception.benchmark.probe NAME [SECONDS]`` runs one of :data:`MEASUREMENTS` and
writes its figures to standard output as one JSON object. Times are in ms, memory in MB, rates in
Hz.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
import json
import signal
import subprocess
import sys
import time
from typing import Any

from nn_perception.benchmark.baseline import baseline_forward
from nn_perception.benchmark.digit_page import digit_page
from nn_perception.benchmark.image_loss import loss
from nn_perception.benchmark.probe_node import (
    DIGITS,
    POSES,
    Probe,
    running,
    START_LIMIT_S,
    TAGS,
    Task,
    two_skiers,
)
from nn_perception.benchmark.process_samples import take_sample
from nn_perception.benchmark.sharing import many_cameras, one_process
from nn_perception.benchmark.sound import sound
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.poses.movenet import PRESETS
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.core.imaging.letterbox import letterbox
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.processors import default_threads
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.subprocess import module_command
from nn_perception.ros.process.main import prepare_process
from nn_perception.ros.process.node_process import end_process, node_command
import numpy as np
import rclpy

USUAL_WAY = module_command('nn_perception.benchmark.usual_way')
PAUSE_S = 0.02
BLOCKS = 4
# Slow enough that a camera in Python can be ten times as fast.
SLOW_TAGGER = {'engine': 'torch', 'threads': 1}


def latency(seconds: float) -> dict[str, Any]:
    """Time from publishing to the tags, and the bare forward pass, see :func:`_latency`."""
    checkpoint = find_checkpoint(DEFAULT_MODEL)
    return _latency(
        seconds, 'tagger', TAGS, lambda: baseline_forward(checkpoint, default_threads())
    )


def digit_latency(seconds: float) -> dict[str, Any]:
    """Time from publishing to the digits, and the reader without ROS, see :func:`_latency`."""
    page = digit_page()
    return _latency(
        seconds, 'digit_reader', DIGITS, lambda: partial(DigitReader.open().read, page)
    )


def pose_latency(seconds: float) -> dict[str, Any]:
    """Time from publishing to the people, and the bare forward pass, see :func:`_latency`."""
    preset = PRESETS['fast']
    checkpoint = find_checkpoint(preset.detector)
    batch, _ = letterbox(two_skiers(), preset.long_sides_px[0], checkpoint.image_preprocessing)
    return _latency(
        seconds,
        'pose_estimator',
        POSES,
        lambda: baseline_forward(checkpoint, default_threads(), batch),
    )


def pose_cost(seconds: float) -> dict[str, Any]:
    """Time both presets on two people, in turn alone and beside a busy process."""
    picture = two_skiers()
    estimators = {
        name: PoseEstimator.open(name, RunOptions(device='cpu')) for name in ('fast', 'accurate')
    }
    times: dict[str, list[float]] = {}
    for _ in range(BLOCKS):
        for neighbours in ('alone', 'busy'):
            with _busy_process() if neighbours == 'busy' else nullcontext():
                for name, estimator in estimators.items():
                    estimate = partial(estimator.estimate, picture)
                    ms = _bare_ms(estimate, seconds / BLOCKS / 4)
                    times.setdefault(f'{name}_{neighbours}_ms', []).extend(ms)
    return {name: float(np.median(values)) for name, values in times.items()}


@contextmanager
def _busy_process() -> Iterator[None]:
    """Keep one core busy."""
    process = subprocess.Popen([sys.executable, '-c', 'while True: pass'])
    try:
        time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()


def _latency(
    seconds: float, executable: str, task: Task, open_bare: Callable[[], Callable[[], object]]
) -> dict[str, Any]:
    """
    Measure the time from publishing to the result, one image at a time.

    The bare work at the same rate is measured in turn with it, so that both see the same
    machine. Its session is closed in between, since its threads may spin for long.

    :param open_bare: loads what the bare work needs, and returns a function that does it once
    """
    bare_ms: list[float] = []
    with running(node_command(executable), task) as (probe, _):
        probe.await_node()
        for _ in range(BLOCKS):
            bare_ms += _bare_ms(open_bare(), seconds / BLOCKS / 2)
            ends = time.monotonic() + seconds / BLOCKS / 2
            while time.monotonic() < ends:
                probe.publish()
                probe.spin(5.0, lambda: len(probe.ages_ms) == probe.published)
                time.sleep(PAUSE_S)
        return {**_summary(probe.ages_ms), 'bare_p50_ms': float(np.median(bare_ms))}


def _bare_ms(bare: Callable[[], object], seconds: float) -> list[float]:
    times: list[float] = []
    ends = time.monotonic() + seconds
    # The first run warms up.
    while len(times) < 2 or time.monotonic() < ends:
        begun = time.perf_counter()
        bare()
        times.append((time.perf_counter() - begun) * 1e3)
        time.sleep(PAUSE_S)
    return times[1:]


def throughput(seconds: float) -> dict[str, Any]:
    """Results per second of the tagger and the usual way; the camera is faster than both."""
    rates = {}
    for name, command in (('tagger', node_command('tagger')), ('usual_way', USUAL_WAY)):
        with running(command) as (probe, _):
            probe.await_node()
            begun = time.monotonic()
            probe.play(250.0, seconds)
            rates[f'{name}_hz'] = len(probe.ages_ms) / (time.monotonic() - begun)
            rates[f'{name}_age_ms'] = float(np.median(probe.ages_ms))
    return rates


def age(seconds: float) -> dict[str, Any]:
    """Age of the results of a slow node; the camera is ten times as fast."""
    with running(node_command('tagger', SLOW_TAGGER), reliable=False) as (probe, _):
        probe.await_node()
        probe.play(1.0, 10.0, lambda: 'nan' not in probe.values.get('inference_p50_ms', 'nan'))
        alone_ms = float(probe.values['inference_p50_ms'])
        rate_hz = 10.0 / (alone_ms * 1e-3)
        probe.ages_ms.clear()
        probe.published = 0
        begun = time.monotonic()
        probe.play(rate_hz, seconds)
        real_rate_hz = probe.published / (time.monotonic() - begun)
        ages = list(probe.ages_ms)
        probe.spin(2.0)
        return {
            **_summary(ages),
            'inference_alone_ms': alone_ms,
            'inference_p50_ms': float(probe.values['inference_p50_ms']),
            'inference_p95_ms': float(probe.values['inference_p95_ms']),
            'camera_hz': real_rate_hz,
            'frame_ms': 1e3 / real_rate_hz,
        }


def start(seconds: float) -> dict[str, Any]:
    """Time from the start of a process to its first result, and its memory afterwards."""
    times_ms, resident_mb = [], []
    for _ in range(5):
        begun = time.monotonic()
        with running(node_command('tagger')) as (probe, pid):
            probe.play(30.0, START_LIMIT_S, probe.has_results)
            times_ms.append((time.monotonic() - begun) * 1e3)
            probe.play(30.0, seconds)
            resident_mb.append(take_sample(pid).resident_mb)
    return {
        'start_p50_ms': float(np.median(times_ms)),
        'start_max_ms': max(times_ms),
        'resident_mb': float(np.median(resident_mb)),
    }


def clean_ends(seconds: float) -> dict[str, Any]:
    """Count how often a working tagger exits with status 0; ``seconds`` is the number of tries."""
    tries = round(seconds)
    ways = {'SIGINT': [signal.SIGINT], 'SIGTERM': [signal.SIGTERM]}
    ways['two SIGINT'] = [signal.SIGINT, signal.SIGINT]
    return {name: sum(_exits_cleanly(ways[name]) for _ in range(tries)) for name in ways} | {
        'tries': tries
    }


MEASUREMENTS = {
    measure.__name__: measure
    for measure in (
        latency,
        digit_latency,
        pose_latency,
        pose_cost,
        throughput,
        age,
        start,
        loss,
        one_process,
        many_cameras,
        sound,
        clean_ends,
    )
}


def _exits_cleanly(signals: Sequence[int]) -> bool:
    process = subprocess.Popen(node_command('tagger'), stderr=subprocess.DEVNULL)
    probe = Probe(reliable=True)
    probe.play(30.0, START_LIMIT_S, probe.has_results)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.01)
    status = end_process(process, signal.SIGCONT, timeout_s=2.0)
    probe.destroy_node()
    return status == 0


def _summary(ages_ms: list[float]) -> dict[str, Any]:
    p50, p95 = np.percentile(ages_ms, (50, 95))
    return {'results': len(ages_ms), 'p50_ms': float(p50), 'p95_ms': float(p95)}


def main() -> int:
    """Run one measurement."""
    prepare_process()
    rclpy.init()
    measure = MEASUREMENTS[sys.argv[1]]
    figures = measure(float(sys.argv[2]) if len(sys.argv) > 2 else 5.0)
    sys.stdout.write(json.dumps(figures) + '\n')
    rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
