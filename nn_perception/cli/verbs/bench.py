"""
``nn_perception bench``: what the package promises, measured on this machine.

Every ratio is taken within one run, since machines differ and are shared. What happens
between processes is measured by ``nn_perception.benchmark.probe`` in processes of
its own; without ROS those rows are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
import importlib.util
import json
import os
from pathlib import Path
import re
import subprocess
import sys
import time

from nn_perception.core.discovery import stay_on_this_machine
import numpy as np

ROUNDS = 15
RUNS_A_ROUND = 20
# So long the threads of a bare session spin on after its last run.
REST_S = 0.1
PROBE_LIMIT_S = 1800.0
PRESETS = ('fast', 'accurate')


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    must: str
    measured: str
    reached: bool
    figures: dict[str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument('--output', type=Path, help='write all figures to this file too, as JSON')
    parser.add_argument('--json', action='store_true', help='print JSON instead of the table')
    parser.add_argument(
        '--seconds', type=float, default=8.0, help='length of each measurement (default: 8)'
    )
    parser.add_argument(
        '--clean-ends',
        type=int,
        default=0,
        metavar='N',
        help='also end a node N times in each of three ways; 100 take ten minutes',
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print; status 1 when a figure was not reached."""
    stay_on_this_machine()
    os.environ.setdefault('ROS_DOMAIN_ID', str(60 + os.getpid() % 40))
    rows = []
    for row in _rows(args):
        rows.append(row)
        if not args.json:
            mark = 'yes' if row.reached else 'NO'
            sys.stdout.write(f'{row.what:<58} {row.must:>22}  {row.measured:<34} {mark}\n')
            sys.stdout.flush()
    content = json.dumps({'cores': os.cpu_count(), 'rows': [asdict(row) for row in rows]})
    if args.json:
        sys.stdout.write(content + '\n')
    if args.output:
        args.output.write_text(content + '\n', encoding='utf-8')
    return 0 if all(row.reached for row in rows) else 1


def _rows(args: argparse.Namespace) -> Iterator[Row]:
    yield _engine_row()
    if importlib.util.find_spec('rclpy') is None:
        sys.stderr.write('the other rows need ROS 2, which cannot be imported here\n')
        return
    yield _latency_row('node: publish -> result, 640 x 480 bgr8', 'latency', args.seconds)
    yield _latency_row(
        'digit_reader: publish -> result, 640 x 480, 20 digits', 'digit_latency', args.seconds
    )
    yield _latency_row(
        'pose_estimator: publish -> result, 640 x 480, two people',
        'pose_latency',
        args.seconds,
        extra_ms=5.0,
    )
    yield from _pose_rows(args.seconds)
    yield _throughput_row(args.seconds)
    yield _age_row(args.seconds)
    yield from _process_rows()
    yield _loss_row(args.seconds)
    yield from _one_process_rows(3 * args.seconds)
    yield from _many_cameras_rows(3 * args.seconds)
    if args.clean_ends:
        yield _clean_ends_row(args.clean_ends)


def _engine_row() -> Row:
    bare, engine = _bare_and_engine_ms()
    ratio = engine / bare
    return Row(
        'engine: forward pass against bare ONNX Runtime',
        '<= 1.05 x',
        f'{ratio:.2f} x ({engine:.2f} / {bare:.2f} ms)',
        ratio <= 1.05,
        {'engine_ms': engine, 'bare_ms': bare, 'ratio': ratio},
    )


def _latency_row(what: str, measurement: str, seconds: float, extra_ms: float = 3.0) -> Row:
    figures = _probe(measurement, seconds)
    limit = 1.5 * figures['bare_p50_ms'] + extra_ms
    return Row(
        what,
        f'<= 1.5 x bare + {extra_ms:g} ms',
        f'{figures["p50_ms"]:.2f} ms (may be {limit:.2f})',
        figures['p50_ms'] <= limit,
        {**figures, 'limit_ms': limit},
    )


def _pose_rows(seconds: float) -> Iterator[Row]:
    figures = _probe('pose_cost', 2 * seconds)
    fast, accurate = figures['fast_alone_ms'], figures['accurate_alone_ms']
    yield Row(
        'pose: accurate with two people against fast',
        '<= 4 x',
        f'{accurate / fast:.1f} x ({accurate:.1f} / {fast:.1f} ms)',
        accurate <= 4.0 * fast,
        figures,
    )
    ratios = [figures[f'{name}_busy_ms'] / figures[f'{name}_alone_ms'] for name in PRESETS]
    yield Row(
        'pose: beside a busy process against alone, ' + ', '.join(PRESETS),
        '<= 3 x',
        ', '.join(f'{ratio:.1f} x' for ratio in ratios),
        max(ratios) <= 3.0,
        figures,
    )


def _throughput_row(seconds: float) -> Row:
    figures = _probe('throughput', seconds)
    ratio = figures['tagger_hz'] / figures['usual_way_hz']
    return Row(
        'node: frames a second against the usual way',
        '>= 3 x',
        f'{ratio:.1f} x ({figures["tagger_hz"]:.0f} / {figures["usual_way_hz"]:.0f} Hz)',
        ratio >= 3.0,
        {**figures, 'ratio': ratio},
    )


def _age_row(seconds: float) -> Row:
    figures = _probe('age', seconds)
    limit = 2 * figures['inference_p95_ms'] + figures['frame_ms']
    return Row(
        "a result's age, camera 10 x too fast (p95)",
        '<= 2 inferences + frame',
        f'{figures["p95_ms"]:.1f} ms (may be {limit:.1f})',
        figures['p95_ms'] <= limit,
        {**figures, 'limit_ms': limit},
    )


def _process_rows() -> Iterator[Row]:
    figures = _probe('start', 2.0)
    yield Row(
        'memory of one node process, export cached',
        '<= 220 MB resident',
        f'{figures["resident_mb"]:.0f} MB',
        figures['resident_mb'] <= 220.0,
        figures,
    )
    yield Row(
        'start of a node process to its first result',
        '<= 1.5 s',
        f'{figures["start_p50_ms"] / 1e3:.2f} s (slowest {figures["start_max_ms"] / 1e3:.2f} s)',
        figures['start_p50_ms'] <= 1500.0,
        figures,
    )


def _loss_row(seconds: float) -> Row:
    figures = _probe('loss', seconds)
    worst = max(figures.values())
    return Row(
        'images lost, 30 Hz best effort, 640 x 480 to 1920 x 1080',
        '0 %',
        ', '.join(f'{100 * share:.1f} %' for share in figures.values()),
        worst == 0.0,
        figures,
    )


def _one_process_rows(seconds: float) -> Iterator[Row]:
    figures = _probe('one_process', seconds)

    def ratio(key: str) -> float:
        return figures[f'together {key}'] / figures[f'apart {key}']

    memory, cpu = ratio('resident_mb'), ratio('cpu_ms_per_result')
    yield Row(
        'three nodes in one process: memory against three processes',
        '<= 0.6 x',
        f'{memory:.2f} x ({figures["together resident_mb"]:.0f} MB)',
        memory <= 0.6,
        figures,
    )
    yield Row(
        'three nodes in one process: CPU a result against three',
        '< 1 x',
        f'{cpu:.2f} x ({figures["together cpu_ms_per_result"]:.1f} ms)',
        cpu < 1.0,
        figures,
    )


def _many_cameras_rows(seconds: float) -> Iterator[Row]:
    figures = _probe('many_cameras', seconds)
    for rate in (key.split()[1] for key in figures if re.fullmatch(r'one \d+ cpu_s_per_s', key)):
        one = figures[f'one {rate} cpu_s_per_s']
        together = figures[f'three {rate} cpu_s_per_s'] / one
        apart = figures[f'three_apart {rate} cpu_s_per_s'] / one
        results = figures[f'three {rate} results_hz']
        yield Row(
            f'three cameras at {rate} Hz, one network: CPU against one',
            '< 2.2 x',
            f'{together:.2f} x, {apart:.2f} x out of step ({results:.0f} Hz)',
            max(together, apart) < 2.2,
            figures,
        )


def _clean_ends_row(tries: int) -> Row:
    figures = _probe('clean_ends', tries)
    counts = [figures[way] for way in ('SIGINT', 'SIGTERM', 'two SIGINT')]
    return Row(
        'clean ends: SIGINT, SIGTERM, two SIGINT',
        f'{tries} of {tries}',
        ', '.join(f'{count:.0f}' for count in counts),
        min(counts) == tries,
        figures,
    )


def _probe(name: str, seconds: float) -> dict[str, float]:
    """Run one measurement between processes."""
    result = subprocess.run(
        [sys.executable, '-m', 'nn_perception.benchmark.probe', name, str(seconds)],
        stdout=subprocess.PIPE,
        timeout=PROBE_LIMIT_S,
        check=True,
    )
    figures: dict[str, float] = json.loads(result.stdout)
    return figures


def _bare_and_engine_ms() -> tuple[float, float]:
    """Time a forward pass in a bare session and in the engine, in turn."""
    from nn_perception.benchmark.baseline import baseline_forward, random_image
    from nn_perception.core.inference.engine import default_threads, open_engine
    from nn_perception.core.inference.model_zoo import find_checkpoint
    from nn_perception.core.options import DEFAULT_MODEL

    checkpoint = find_checkpoint(DEFAULT_MODEL)
    batch = random_image(checkpoint)
    threads = default_threads()
    engine = open_engine(checkpoint, engine='onnxruntime', device='cpu', threads=threads)
    bare = baseline_forward(checkpoint, threads)
    bare_ms: list[float] = []
    engine_ms: list[float] = []
    for _ in range(ROUNDS):
        bare_ms += _times_ms(bare)
        engine_ms += _times_ms(lambda: engine(batch))
    engine.close()
    return float(np.median(bare_ms)), float(np.median(engine_ms))


def _times_ms(work: Callable[[], object]) -> list[float]:
    """Time one thing some times in a row, after the threads of another have come to rest."""
    time.sleep(REST_S)
    work()
    times = []
    for _ in range(RUNS_A_ROUND):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1e3)
    return times
