"""Put an endurance run's figures before the judges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from nn_perception.benchmark.soak import verdict
from nn_perception.benchmark.soak.cameras import RATE_HZ
from nn_perception.benchmark.soak.run import Soak
from nn_perception.benchmark.soak.verdict import Ages, Row

# Who is asked while its imports still run ends after them; on busy cores they take seconds.
END_LIMIT_S = 15.0


def ages_of(soak: Soak) -> dict[str, Ages]:
    """Compare the ages of each node's results with their bounds."""
    return {
        name: verdict.compare_ages(heard.ages_ms, heard.inference_p95_ms, 1e3 / RATE_HZ)
        for name, heard in soak.heard.items()
    }


def conclude(soak: Soak) -> Iterator[Row]:
    """Judge a run that has ended."""
    for program in soak.programs:
        calms = [part.programs[program.name] for part in soak.rounds]
        yield verdict.judge_memory(program.name, calms)
        yield verdict.judge_threads(program.name, calms)
    for name, ages in ages_of(soak).items():
        yield verdict.judge_results(name, [part.rates_hz[name] for part in soak.rounds])
        yield verdict.judge_ages(name, ages)
    processes = [*soak.programs, *soak.cameras.all]
    yield verdict.judge_crashes({program.name: program.crashes for program in processes})
    yield verdict.judge_logs(
        soak.log_kb_a_minute,
        {program.name: program.log.count('Traceback') for program in processes},
    )
    requests = soak.requests
    yield verdict.judge_answers(requests.asked, requests.surprises, requests.slowest_s)
    for kind, programs in (('nodes', soak.programs), ('cameras', soak.cameras.all)):
        statuses = [program.process.poll() for program in programs]
        times_s = [program.end_s for program in programs]
        yield verdict.judge_ends(kind, statuses, times_s, END_LIMIT_S)
    yield verdict.judge_shared_memory(
        soak.left_entries(), [part.shared_entries for part in soak.rounds]
    )


def details(soak: Soak) -> dict[str, Any]:
    """List what the tables leave out."""
    return {
        'done': dict(soak.disturbances.counts),
        'ages': {name: asdict(ages) for name, ages in ages_of(soak).items()},
        'oldest': {name: heard.oldest for name, heard in soak.heard.items()},
        'results': {name: heard.results for name, heard in soak.heard.items()},
        'odd_stamps': {name: heard.odd for name, heard in soak.heard.items()},
        'last_reports': {name: heard.report for name, heard in soak.heard.items()},
        'log_kb_a_minute': soak.log_kb_a_minute,
        'surprises': soak.requests.surprises,
        'crashes': {program.name: program.crashes for program in soak.programs},
        'ends': {
            program.name: {'status': program.process.poll(), 'seconds': program.end_s}
            for program in [*soak.programs, *soak.cameras.all]
        },
        'left_in_shared_memory': soak.left_entries(),
        'samples': {
            program.name: [asdict(sample) for sample in program.samples]
            for program in soak.programs
        },
    }
