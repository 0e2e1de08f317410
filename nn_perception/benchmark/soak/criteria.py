"""The criteria of a soak test: its last figures are compared with its first ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import statistics

from nn_perception.benchmark.process_samples import ProcessSample

MAX_GROWTH = 1.05
# With fewer rounds, what looks like growth is the first use of something.
MIN_ROUNDS = 3
# A name lookup may have a descriptor open for a moment.
SPARE_DESCRIPTORS = 1
MAX_LOG_KB_PER_MINUTE = 64.0
MAX_LATE_SHARE = 0.01
MIN_RATE_HZ = 0.5
# Of a crash, in the table; the JSON has all of it.
CRASH_CHARACTERS = 60
# Of unexpected answers, in the table.
MAX_ANSWERS = 5
WINDOW_S = 10.0


@dataclass(frozen=True)
class Criterion:
    """
    One line of the verdict.

    :param what: what is measured
    :param must: target value, in words
    :param measured: measured value, in words
    :param reached: whether the target is reached; None if the run was too short to tell
    """

    what: str
    must: str
    measured: str
    reached: bool | None


@dataclass(frozen=True)
class QuietPhase:
    """
    A process while nothing disturbs it: medians of its samples.

    :param resident_mb: memory in use, the shared part included
    :param shared_mb: of that, shared memory
    :param threads: number of threads
    :param descriptors: number of open files, sockets and the like
    """

    resident_mb: float
    shared_mb: float
    threads: int
    descriptors: int

    @classmethod
    def of(cls, samples: Sequence[ProcessSample]) -> QuietPhase:
        """
        Take the medians.

        :raises statistics.StatisticsError: if there are no samples
        """
        return cls(
            resident_mb=statistics.median(sample.resident_mb for sample in samples),
            shared_mb=statistics.median(sample.shared_mb for sample in samples),
            threads=statistics.median_high([sample.threads for sample in samples]),
            descriptors=statistics.median_high([sample.descriptors for sample in samples]),
        )


def check_memory(name: str, phases: Sequence[QuietPhase]) -> Criterion:
    """Compare the memory of the last quiet phase with that of the first."""
    before, end = phases[0].resident_mb, phases[-1].resident_mb
    growth = end / before
    return Criterion(
        f'memory of {name}',
        f'<= {MAX_GROWTH} x that after the first round',
        f'{growth:.3f} x ({before:.1f} -> {end:.1f} MB)',
        growth <= MAX_GROWTH if len(phases) >= MIN_ROUNDS else None,
    )


def check_threads(name: str, phases: Sequence[QuietPhase]) -> Criterion:
    """Compare the threads and descriptors of the last quiet phase with those of the first."""
    before, end = phases[0], phases[-1]
    no_more = (
        end.threads <= before.threads and end.descriptors <= before.descriptors + SPARE_DESCRIPTORS
    )
    return Criterion(
        f'threads, descriptors of {name}',
        'no more than after the first round',
        f'{before.threads} -> {end.threads}, {before.descriptors} -> {end.descriptors}',
        no_more if len(phases) >= MIN_ROUNDS else None,
    )


@dataclass(frozen=True)
class Ages:
    """
    The ages of one node's results, compared with their limits.

    :param count: number of results that have an age
    :param late: number of results older than two inferences and a frame
    :param p95_ms: 95th percentile of all
    :param worst_ms: the oldest
    :param worst_excess: greatest ratio of an age to its limit
    :param bound_ms: median of the limits
    """

    count: int
    late: int
    p95_ms: float
    worst_ms: float
    worst_excess: float
    bound_ms: float


def compare_ages(
    ages_ms: Sequence[tuple[float, float]],
    inference_p95_ms: Sequence[tuple[float, float]],
    frame_ms: float,
) -> Ages:
    """
    Compare each result's age with two inferences and a frame.

    The inference is the greatest 95th percentile that the node itself reported in the same
    :data:`WINDOW_S` or in those beside it: on shared cores it depends on what else runs.

    :param ages_ms: time in s and age of each result
    :param inference_p95_ms: time in s and value of each report
    :param frame_ms: interval of the camera's frames
    :raises ValueError: if there are no results or no reports
    """
    if not ages_ms or not inference_p95_ms:
        raise ValueError('there are no ages to compare')
    highest: dict[int, float] = {}
    for at, ms in inference_p95_ms:
        for window in (-1, 0, 1):
            key = int(at // WINDOW_S) + window
            highest[key] = max(highest.get(key, 0.0), ms)
    slowest = max(highest.values())
    limits = [2.0 * highest.get(int(at // WINDOW_S), slowest) + frame_ms for at, _ in ages_ms]
    excesses = [age / limit for (_, age), limit in zip(ages_ms, limits, strict=True)]
    values = sorted(age for _, age in ages_ms)
    return Ages(
        count=len(values),
        late=sum(excess > 1.0 for excess in excesses),
        p95_ms=values[int(0.95 * (len(values) - 1))],
        worst_ms=values[-1],
        worst_excess=max(excesses),
        bound_ms=statistics.median(limits),
    )


def check_ages(name: str, ages: Ages) -> Criterion:
    """Check that few results are older than two inferences and a frame."""
    share = ages.late / ages.count
    return Criterion(
        f'age of the results of {name}',
        f'<= 2 inferences + 1 frame for {1 - MAX_LATE_SHARE:.0%}',
        f'p95 {ages.p95_ms:.0f} ms (limit {ages.bound_ms:.0f}); {ages.late} of {ages.count} '
        f'later, the worst {ages.worst_ms:.0f} ms ({ages.worst_excess:.1f} x)',
        share <= MAX_LATE_SHARE,
    )


def check_results(name: str, rates_hz: Sequence[float]) -> Criterion:
    """Check that there are results in every quiet phase: a node that hangs has none."""
    return Criterion(
        f'results of {name} in each quiet phase',
        f'> {MIN_RATE_HZ} Hz',
        f'{min(rates_hz):.1f} to {max(rates_hz):.1f} Hz',
        min(rates_hz) > MIN_RATE_HZ,
    )


def check_crashes(crashes: Mapping[str, Sequence[str]]) -> Criterion:
    """Check that no process crashed, or had to be aborted because it did not answer."""
    listed = [
        f'{name}: {crash[:CRASH_CHARACTERS]}' for name, found in crashes.items() for crash in found
    ]
    return Criterion(
        'processes that crashed or hung', 'none', '; '.join(listed) or 'none', not listed
    )


def check_logs(kb_per_minute: Mapping[str, float], tracebacks: Mapping[str, int]) -> Criterion:
    """Check that the logs stay small and contain no traceback."""
    largest = max(kb_per_minute.values())
    found = sum(tracebacks.values())
    return Criterion(
        'logs in the last round',
        f'<= {MAX_LOG_KB_PER_MINUTE:.0f} kB a minute, no traceback',
        f'at most {largest:.1f} kB a minute, {found} tracebacks',
        largest <= MAX_LOG_KB_PER_MINUTE and not found,
    )


def check_answers(sent: int, unexpected: Sequence[str], slowest_s: float) -> Criterion:
    """Check that every request is answered as expected."""
    listed = '; '.join(unexpected[:MAX_ANSWERS])
    return Criterion(
        'requests answered as expected',
        'all',
        f'{sent - len(unexpected)} of {sent}, the slowest after {slowest_s:.2f} s'
        + (f': {listed}' if listed else ''),
        not unexpected,
    )


def check_exits(
    kind: str, statuses: Sequence[int | None], times_s: Sequence[float], limit_s: float
) -> Criterion:
    """Check that every process exited with status 0 after its shutdown was requested, in time."""
    bad = [status for status in statuses if status]
    return Criterion(
        f'{kind}: shutdown',
        f'status 0 within {limit_s:.0f} s',
        f'{len(statuses) - len(bad)} of {len(statuses)}, the slowest after {max(times_s):.2f} s',
        not bad and max(times_s) <= limit_s,
    )


def check_shared_memory(left: Sequence[str], counts: Sequence[int]) -> Criterion:
    """Check that nothing stays in ``/dev/shm``, and nothing accumulates there."""
    return Criterion(
        'entries in /dev/shm',
        'no more than after the first round, none left',
        f'{counts[0]} -> {counts[-1]}, left: {len(left)}',
        not left and counts[-1] <= counts[0],
    )
