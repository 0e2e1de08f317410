"""The criteria of a soak test fail when they must, on made-up figures."""

from __future__ import annotations

import math

from nn_perception.benchmark.process_samples import ProcessSample
from nn_perception.benchmark.soak import criteria
from nn_perception.benchmark.soak.criteria import QuietPhase
import pytest

FRAME_MS = 100.0


def phase(resident_mb: float = 200.0, threads: int = 20, descriptors: int = 26) -> QuietPhase:
    return QuietPhase(resident_mb, 10.0, threads, descriptors)


def sample(resident_mb: float, threads: int = 20) -> ProcessSample:
    return ProcessSample(0.0, resident_mb, 10.0, threads, 26, 1.0)


def test_a_quiet_phase_is_the_median_of_its_samples() -> None:
    found = QuietPhase.of([sample(200.0), sample(900.0, threads=31), sample(202.0)])
    assert (found.resident_mb, found.threads) == (202.0, 20)


@pytest.mark.parametrize(
    ('megabytes', 'reached'),
    [
        ([200.0, 208.0, 210.0], True),
        ([200.0, 208.0, 211.0], False),
        ([200.0, 300.0, 205.0], True),
        ([300.0, 200.0, 200.0], True),
        ([200.0, 400.0], None),
    ],
)
def test_memory(megabytes: list[float], reached: bool | None) -> None:
    assert criteria.check_memory('tagger', [phase(mb) for mb in megabytes]).reached is reached


@pytest.mark.parametrize(
    ('threads', 'descriptors', 'reached'),
    [(20, 26, True), (19, 20, True), (20, 27, True), (21, 26, False), (20, 28, False)],
)
def test_threads_and_descriptors(threads: int, descriptors: int, reached: bool) -> None:
    end = phase(threads=threads, descriptors=descriptors)
    assert criteria.check_threads('tagger', [phase(), phase(threads=50), end]).reached is reached


def test_ages_are_compared_with_two_inferences_and_a_frame() -> None:
    ages = criteria.compare_ages(
        [(100.0, 90.0), (100.1, 139.0), (100.2, 141.0)], [(101.0, 20.0)], FRAME_MS
    )
    assert (ages.count, ages.late, ages.worst_ms, ages.bound_ms) == (3, 1, 141.0, 140.0)
    assert ages.worst_excess == pytest.approx(141.0 / 140.0)


def test_the_limit_follows_what_the_node_reports_at_that_time() -> None:
    reports = [(100.0, 50.0), (200.0, 500.0)]
    ages = criteria.compare_ages([(101.0, 300.0), (201.0, 300.0)], reports, FRAME_MS)
    assert ages.late == 1


def test_a_result_far_from_any_report_has_the_widest_limit() -> None:
    ages = criteria.compare_ages([(900.0, 1050.0)], [(100.0, 50.0), (200.0, 500.0)], FRAME_MS)
    assert ages.late == 0


def test_ages_need_results_and_reports() -> None:
    with pytest.raises(ValueError, match='no ages'):
        criteria.compare_ages([], [(1.0, 20.0)], FRAME_MS)
    with pytest.raises(ValueError, match='no ages'):
        criteria.compare_ages([(1.0, 20.0)], [], FRAME_MS)


@pytest.mark.parametrize(('late', 'reached'), [(0, True), (2, True), (3, False), (200, False)])
def test_few_results_may_be_late(late: int, reached: bool) -> None:
    ages_ms = [(100.0, 500.0 if number < late else 50.0) for number in range(200)]
    ages = criteria.compare_ages(ages_ms, [(100.0, 20.0)], FRAME_MS)
    assert criteria.check_ages('/tagger', ages).reached is reached


def test_a_node_without_results_in_one_quiet_phase_hangs() -> None:
    assert criteria.check_results('/tagger', [20.0, 19.0]).reached
    assert not criteria.check_results('/tagger', [20.0, 0.0, 20.0]).reached


def test_a_crash_is_a_failure_and_its_last_lines_are_listed() -> None:
    assert criteria.check_crashes({'tagger': [], 'digit_reader': []}).reached
    row = criteria.check_crashes({'tagger': ['status -11: ouch'], 'digit_reader': []})
    assert not row.reached
    assert 'tagger: status -11: ouch' in row.measured


@pytest.mark.parametrize(
    ('kb_a_minute', 'tracebacks', 'reached'), [(5.0, 0, True), (65.0, 0, False), (5.0, 1, False)]
)
def test_logs(kb_a_minute: float, tracebacks: int, reached: bool) -> None:
    row = criteria.check_logs(
        {'tagger': kb_a_minute, 'digit_reader': 1.0}, {'tagger': tracebacks, 'digit_reader': 0}
    )
    assert row.reached is reached


def test_answers() -> None:
    assert criteria.check_answers(10, [], 0.2).reached
    row = criteria.check_answers(10, ['/tagger: top_k = 0: accepted'], 0.2)
    assert not row.reached
    assert '9 of 10' in row.measured
    assert 'top_k = 0' in row.measured


@pytest.mark.parametrize(
    ('statuses', 'times_s', 'reached'),
    [([0, 0], [0.5, 1.0], True), ([0, -9], [0.5, 1.0], False), ([0, 0], [0.5, 10.1], False)],
)
def test_exits(statuses: list[int], times_s: list[float], reached: bool) -> None:
    assert criteria.check_exits('cameras', statuses, times_s, 10.0).reached is reached


def test_shared_memory() -> None:
    assert criteria.check_shared_memory([], [50, 60, 50]).reached
    assert not criteria.check_shared_memory([], [50, 51]).reached
    assert not criteria.check_shared_memory(['fastrtps_1'], [50, 50]).reached


def test_a_report_that_is_not_a_number_is_ignored() -> None:
    from nn_perception.benchmark.soak.listener import NodeResults

    results = NodeResults()
    results.add_report({'inference_p95_ms': 'nan'})
    results.add_report({'inference_p95_ms': '12.5'})
    assert [ms for _, ms in results.inference_p95_ms if not math.isnan(ms)] == [12.5]
    assert len(results.inference_p95_ms) == 1
