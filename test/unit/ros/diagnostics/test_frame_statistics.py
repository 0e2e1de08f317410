"""Counts and times of processed images."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
import math
from types import SimpleNamespace

from nn_perception.ros.diagnostics.frame_statistics import FrameStatistics
import pytest


def test_nothing_yet(clock: SimpleNamespace) -> None:
    clock.now_s += 1.0
    report = FrameStatistics().report()
    assert (report.processed, report.rejected, report.rate_hz) == (0, 0, 0.0)
    assert report.last_rejection == ''
    for value in (report.inference_p50_ms, report.inference_p95_ms, report.age_ms):
        assert math.isnan(value)


def test_rate_covers_the_time_since_the_previous_report(clock: SimpleNamespace) -> None:
    statistics = FrameStatistics()
    for images, seconds, rate in ((60, 2.0, 30.0), (5, 0.5, 10.0), (0, 1.0, 0.0)):
        for _ in range(images):
            statistics.record(1.0, 1.0)
        clock.now_s += seconds
        assert statistics.report().rate_hz == pytest.approx(rate)
    assert statistics.report().processed == 65


def test_two_reports_at_the_same_moment(clock: SimpleNamespace) -> None:
    statistics = FrameStatistics()
    statistics.record(1.0, 1.0)
    statistics.report()
    assert statistics.report().rate_hz == 0.0


@pytest.mark.parametrize(
    ('times_ms', 'p50', 'p95'),
    [
        ([7.0], 7.0, 7.0),
        (range(1, 102), 51.0, 96.0),
        ([*range(101, 0, -1)], 51.0, 96.0),
        # Only the newest 300 count.
        ([1000.0] * 50 + [5.0] * 300, 5.0, 5.0),
        ([1.0] * 280 + [100.0] * 20, 1.0, 100.0),
    ],
)
def test_percentiles(times_ms: Sequence[float], p50: float, p95: float) -> None:
    statistics = FrameStatistics(window=300)
    for time_ms in times_ms:
        statistics.record(time_ms, 1.0)
    report = statistics.report()
    assert (report.inference_p50_ms, report.inference_p95_ms) == pytest.approx((p50, p95))


def test_age_of_the_newest_result() -> None:
    statistics = FrameStatistics()
    for age_ms in (5.0, 250.0, 17.5):
        statistics.record(1.0, age_ms)
    assert statistics.report().age_ms == 17.5
    statistics.record(1.0, math.nan)
    assert math.isnan(statistics.report().age_ms)


def test_a_reason_is_new_once() -> None:
    statistics = FrameStatistics()
    reasons = ['too dark', 'too bright', 'too dark', 'too dark', 'too bright']
    assert [statistics.reject(reason) for reason in reasons] == [True, True, False, False, False]
    report = statistics.report()
    assert (report.rejected, report.processed) == (5, 0)
    assert report.last_rejection == 'too bright'


@pytest.mark.parametrize(
    ('first', 'second', 'new'),
    [
        ('expected 12 bytes, got 7', 'expected 480000 bytes, got 31', False),
        ('it starts with 00 00 00 01 67 42', 'it starts with a5 ff 1c 9e ab cd', False),
        ("'mono8' is not supported", "'mono12' is not supported", True),
        ("'8UC2' is not supported", "'8UC5' is not supported", True),
        ('the width is 4', 'the height is 4', True),
    ],
)
def test_reasons_that_differ_only_in_numbers_are_the_same(
    first: str, second: str, new: bool
) -> None:
    # A loose cable truncates every image at another byte: that is one problem.
    statistics = FrameStatistics()
    assert statistics.reject(first)
    assert statistics.reject(second) == new
    assert statistics.report().last_rejection == second


def test_endless_new_reasons_do_not_fill_the_log() -> None:
    statistics = FrameStatistics()
    letters = 'ghijklmnopqrstuvwxyz'
    reasons = [f'encoding {a}{b}{c}' for a in letters for b in letters for c in letters]
    logged = [reason for reason in reasons if statistics.reject(reason)]
    assert 100 <= len(logged) <= 1000
    assert logged == reasons[: len(logged)]
    assert statistics.report().rejected == len(reasons)
    assert statistics.report().last_rejection == reasons[-1]


def test_counts_from_several_threads() -> None:
    statistics = FrameStatistics()

    def work() -> int:
        new = 0
        for i in range(500):
            statistics.record(1.0, 1.0)
            new += statistics.reject(f'reason {"abcdefghij"[i % 10]}')
            statistics.report()
        return new

    with ThreadPoolExecutor(4) as threads:
        logged = [future.result() for future in [threads.submit(work) for _ in range(4)]]
    report = statistics.report()
    assert (report.processed, report.rejected) == (2000, 2000)
    assert sum(logged) == 10


def test_long_reasons_are_cut() -> None:
    statistics = FrameStatistics()
    assert statistics.reject('x' * 1_000_000)
    assert len(statistics.report().last_rejection) < 2000
    assert not statistics.reject('x' * 2_000_000)
