"""Apply the criteria to a finished soak test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from nn_perception.benchmark.soak import criteria
from nn_perception.benchmark.soak.cameras import RATE_HZ
from nn_perception.benchmark.soak.criteria import Ages, Criterion
from nn_perception.benchmark.soak.run import SoakTest

# A process that is told to shut down while it still imports exits after that; on busy cores the
# imports take seconds.
EXIT_LIMIT_S = 15.0


def ages_of(soak: SoakTest) -> dict[str, Ages]:
    """Compare the ages of each node's results with their limits."""
    return {
        name: criteria.compare_ages(results.ages_ms, results.inference_p95_ms, 1e3 / RATE_HZ)
        for name, results in soak.results.items()
    }


def evaluate(soak: SoakTest) -> Iterator[Criterion]:
    """Apply all criteria."""
    for program in soak.programs:
        phases = [part.programs[program.name] for part in soak.rounds]
        yield criteria.check_memory(program.name, phases)
        yield criteria.check_threads(program.name, phases)
    for name, ages in ages_of(soak).items():
        yield criteria.check_results(name, [part.rates_hz[name] for part in soak.rounds])
        yield criteria.check_ages(name, ages)
    processes = [*soak.programs, *soak.cameras.all]
    yield criteria.check_crashes({program.name: program.crashes for program in processes})
    yield criteria.check_logs(
        soak.log_kb_per_minute,
        {program.name: program.log.count('Traceback') for program in processes},
    )
    requests = soak.requests
    yield criteria.check_answers(requests.sent, requests.unexpected, requests.slowest_s)
    for kind, programs in (('nodes', soak.programs), ('cameras', soak.cameras.all)):
        statuses = [program.process.poll() for program in programs]
        times_s = [program.exit_s for program in programs]
        yield criteria.check_exits(kind, statuses, times_s, EXIT_LIMIT_S)
    yield criteria.check_shared_memory(
        soak.left_entries, [part.shared_entries for part in soak.rounds]
    )


def details(soak: SoakTest) -> dict[str, Any]:
    """List what the tables leave out, for the JSON file."""
    return {
        'done': dict(soak.disturbances.counts),
        'ages': {name: asdict(ages) for name, ages in ages_of(soak).items()},
        'oldest': {name: results.oldest for name, results in soak.results.items()},
        'results': {name: results.count for name, results in soak.results.items()},
        'odd_stamps': {name: results.odd_stamps for name, results in soak.results.items()},
        'last_reports': {name: results.report for name, results in soak.results.items()},
        'log_kb_a_minute': soak.log_kb_per_minute,
        'surprises': soak.requests.unexpected,
        'crashes': {program.name: program.crashes for program in soak.programs},
        'ends': {
            program.name: {'status': program.process.poll(), 'seconds': program.exit_s}
            for program in [*soak.programs, *soak.cameras.all]
        },
        'left_in_shared_memory': soak.left_entries,
        'samples': {
            program.name: [asdict(sample) for sample in program.samples]
            for program in soak.programs
        },
    }
