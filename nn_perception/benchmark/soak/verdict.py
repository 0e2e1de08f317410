"""Judge an endurance run by its figures: the end against the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import statistics

from nn_perception.benchmark.process_samples import Sample

MOST_GROWTH = 1.05
# Below three rounds, what is called growth is the first use of something.
FEWEST_ROUNDS = 3
# Descriptors that a lookup of the moment may have open.
SPARE_DESCRIPTORS = 1
LOG_LIMIT_KB_A_MINUTE = 64.0
MOST_LATE = 0.01
SLOWEST_HZ = 0.5
# Of a crash; all of it is in the JSON.
TOLD = 60
WINDOW_S = 10.0


@dataclass(frozen=True)
class Row:
    """
    One line of the verdict.

    :param reached: ``None`` where the run was too short to tell
    """

    what: str
    must: str
    measured: str
    reached: bool | None


@dataclass(frozen=True)
class Calm:
    """A process while nothing disturbs it: medians of what was seen in that time."""

    resident_mb: float
    shared_mb: float
    threads: int
    descriptors: int

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Calm:
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


def judge_memory(name: str, calms: Sequence[Calm]) -> Row:
    """Hold the memory of the last calm against that of the first."""
    before, end = calms[0].resident_mb, calms[-1].resident_mb
    growth = end / before
    return Row(
        f'memory of {name}',
        f'<= {MOST_GROWTH} x that after the first round',
        f'{growth:.3f} x ({before:.1f} -> {end:.1f} MB)',
        growth <= MOST_GROWTH if len(calms) >= FEWEST_ROUNDS else None,
    )


def judge_threads(name: str, calms: Sequence[Calm]) -> Row:
    """Hold the threads and descriptors of the last calm against those of the first."""
    before, end = calms[0], calms[-1]
    back = (
        end.threads <= before.threads and end.descriptors <= before.descriptors + SPARE_DESCRIPTORS
    )
    return Row(
        f'threads, descriptors of {name}',
        'no more than after the first round',
        f'{before.threads} -> {end.threads}, {before.descriptors} -> {end.descriptors}',
        back if len(calms) >= FEWEST_ROUNDS else None,
    )


@dataclass(frozen=True)
class Ages:
    """
    The ages of one node's results against their bounds.

    :param count: results that have an age
    :param late: those that were older than two inferences and a frame
    :param p95_ms: of all
    :param worst_ms: the oldest
    :param worst_excess: greatest ratio of an age to its bound
    :param bound_ms: median of the bounds
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
    Hold each result's age against two inferences and a frame.

    The inference is the greatest 95th percentile that the node itself reported in the same
    :data:`WINDOW_S` and those beside it: on shared cores it changes with what else runs.

    :param ages_ms: moment in s and age of each result
    :param inference_p95_ms: moment in s and value of each report
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
    bounds = [
        2.0 * highest.get(int(moment // WINDOW_S), slowest) + frame_ms for moment, _ in ages_ms
    ]
    excesses = [age / bound for (_, age), bound in zip(ages_ms, bounds, strict=True)]
    values = sorted(age for _, age in ages_ms)
    return Ages(
        count=len(values),
        late=sum(excess > 1.0 for excess in excesses),
        p95_ms=values[int(0.95 * (len(values) - 1))],
        worst_ms=values[-1],
        worst_excess=max(excesses),
        bound_ms=statistics.median(bounds),
    )


def judge_ages(name: str, ages: Ages) -> Row:
    """Few results may be older than two inferences and a frame."""
    share = ages.late / ages.count
    return Row(
        f'age of the results of {name}',
        f'<= 2 inferences + 1 frame for {1 - MOST_LATE:.0%}',
        f'p95 {ages.p95_ms:.0f} ms where {ages.bound_ms:.0f} would do; {ages.late} of '
        f'{ages.count} over, the worst {ages.worst_ms:.0f} ms ({ages.worst_excess:.1f} x)',
        share <= MOST_LATE,
    )


def judge_results(name: str, rates_hz: Sequence[float]) -> Row:
    """There are results in every calm: a node that hangs has none."""
    return Row(
        f'results of {name} in each calm',
        f'> {SLOWEST_HZ} Hz',
        f'{min(rates_hz):.1f} to {max(rates_hz):.1f} Hz',
        min(rates_hz) > SLOWEST_HZ,
    )


def judge_crashes(crashes: Mapping[str, Sequence[str]]) -> Row:
    """No process ended by itself, nor had to be aborted because it answered nothing."""
    told = [f'{name}: {crash[:TOLD]}' for name, found in crashes.items() for crash in found]
    return Row('processes that crashed or hung', 'none', '; '.join(told) or 'none', not told)


def judge_logs(kb_a_minute: Mapping[str, float], tracebacks: Mapping[str, int]) -> Row:
    """The logs stay small, and hold no traceback."""
    most = max(kb_a_minute.values())
    found = sum(tracebacks.values())
    return Row(
        'logs in the last round',
        f'<= {LOG_LIMIT_KB_A_MINUTE:.0f} kB a minute, no traceback',
        f'at most {most:.1f} kB a minute, {found} tracebacks',
        most <= LOG_LIMIT_KB_A_MINUTE and not found,
    )


def judge_answers(asked: int, surprises: Sequence[str], slowest_s: float) -> Row:
    """Every request is answered, and as it should be."""
    told = '; '.join(surprises[:5])
    return Row(
        'requests answered as expected',
        'all',
        f'{asked - len(surprises)} of {asked}, the slowest after {slowest_s:.2f} s'
        + (f': {told}' if told else ''),
        not surprises,
    )


def judge_ends(
    kind: str, statuses: Sequence[int], times_s: Sequence[float], limit_s: float
) -> Row:
    """Every process that was asked to end did so with status 0, in time."""
    bad = [status for status in statuses if status]
    return Row(
        f'{kind} asked to end',
        f'status 0 within {limit_s:.0f} s',
        f'{len(statuses) - len(bad)} of {len(statuses)}, the slowest after {max(times_s):.2f} s',
        not bad and max(times_s) <= limit_s,
    )


def judge_shared_memory(left: Sequence[str], counts: Sequence[int]) -> Row:
    """Nothing of ours stays in ``/dev/shm``, and it does not pile up on the way."""
    return Row(
        'entries in /dev/shm',
        'no more than after the first round, none left',
        f'{counts[0]} -> {counts[-1]}, left: {len(left)}',
        not left and counts[-1] <= counts[0],
    )
