"""
The rows of the benchmark: what the package promises, measured on this machine.

Every ratio is taken within one run, since machines differ and are shared.
:mod:`nn_perception.benchmark.probe` measures nodes from outside, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import json
import re
import subprocess

from nn_perception.benchmark.baseline import compare_forward
from nn_perception.core.subprocess import module_command

PROBE_LIMIT_S = 1800.0
PRESETS = ('fast', 'accurate')


@dataclass(frozen=True)
class Row:
    """
    One line of the table.

    :param what: what is measured
    :param must: target value, in words
    :param measured: measured value, in words
    :param reached: whether the target is reached
    :param figures: all measured values, by name
    """

    what: str
    must: str
    measured: str
    reached: bool
    figures: dict[str, float]

    def __str__(self) -> str:
        mark = 'yes' if self.reached else 'NO'
        return f'{self.what:<58} {self.must:>22}  {self.measured:<34} {mark}'


def engine_row() -> Row:
    """Measure the row that needs no ROS."""
    bare, engine = compare_forward()
    ratio = engine / bare
    return Row(
        'engine: forward pass against bare ONNX Runtime',
        '<= 1.05 x',
        f'{ratio:.2f} x ({engine:.2f} / {bare:.2f} ms)',
        ratio <= 1.05,
        {'engine_ms': engine, 'bare_ms': bare, 'ratio': ratio},
    )


def node_rows(seconds: float, clean_ends: int = 0) -> Iterator[Row]:
    """
    Measure the rows that need ROS.

    :param seconds: length of each measurement
    :param clean_ends: how often a node is ended in each of three ways; 0 leaves the row out
    :raises subprocess.SubprocessError: if a measurement fails
    """
    yield _latency_row('node: publish -> result, 640 x 480 bgr8', 'latency', seconds)
    yield _latency_row(
        'digit_reader: publish -> result, 640 x 480, 20 digits', 'digit_latency', seconds
    )
    yield _latency_row(
        'pose_estimator: publish -> result, 640 x 480, two people',
        'pose_latency',
        seconds,
        extra_ms=5.0,
    )
    yield from _pose_rows(seconds)
    yield _throughput_row(seconds)
    yield _age_row(seconds)
    yield from _process_rows()
    yield _loss_row(seconds)
    yield from _one_process_rows(3 * seconds)
    yield from _many_cameras_rows(3 * seconds)
    yield from _sound_rows(3 * seconds)
    if clean_ends:
        yield _clean_ends_row(clean_ends)


def _latency_row(what: str, measurement: str, seconds: float, extra_ms: float = 3.0) -> Row:
    figures = _probe(measurement, seconds)
    limit = 1.5 * figures['bare_p50_ms'] + extra_ms
    return Row(
        what,
        f'<= 1.5 x bare + {extra_ms:g} ms',
        f'{figures["p50_ms"]:.2f} ms (limit {limit:.2f})',
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
        f'{figures["p95_ms"]:.1f} ms (limit {limit:.1f})',
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


def _sound_rows(seconds: float) -> Iterator[Row]:
    figures = _probe('sound', seconds)
    yield Row(
        'sound_tagger: end of a word -> its tag',
        '<= 400 ms, none missed',
        f'{figures["p50_ms"]:.0f} ms ({figures["missed"]:.0f} of {figures["words"]:.0f} missed)',
        figures['p50_ms'] <= 400.0 and not figures['missed'],
        figures,
    )
    yield Row(
        'sound_tagger: CPU for a second of sound',
        '<= 15 ms',
        f'{figures["cpu_ms_per_s"]:.1f} ms',
        figures['cpu_ms_per_s'] <= 15.0,
        figures,
    )
    yield Row(
        'sound_tagger: memory of the process, export cached',
        '<= 150 MB resident',
        f'{figures["resident_mb"]:.0f} MB',
        figures['resident_mb'] <= 150.0,
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
    """Run one measurement of nodes, in a process of its own."""
    result = subprocess.run(
        module_command('nn_perception.benchmark.probe', [name, str(seconds)]),
        stdout=subprocess.PIPE,
        timeout=PROBE_LIMIT_S,
        check=True,
    )
    figures: dict[str, float] = json.loads(result.stdout)
    return figures
