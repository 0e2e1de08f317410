"""Write the report of a soak test: a table by round, the verdict, and everything as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
import json
from typing import Any

from nn_perception.benchmark.soak.criteria import Criterion, QuietPhase


@dataclass(frozen=True)
class Round:
    """
    The quiet phase at the end of a round.

    :param minute: time since the nodes were ready
    :param programs: each process, by name
    :param rates_hz: results of each node
    :param age_p95_ms: ages of each node's results, those of the disturbed phase included
    :param shared_entries: number of entries in ``/dev/shm`` that belong to this run
    :param shared_mb: their size
    """

    minute: float
    programs: Mapping[str, QuietPhase]
    rates_hz: Mapping[str, float]
    age_p95_ms: Mapping[str, float]
    shared_entries: int
    shared_mb: float


def progress_line(part: Round) -> str:
    """Summarize a round in a line."""
    programs = ', '.join(
        f'{name} {phase.resident_mb:.0f} MB {phase.threads} threads'
        for name, phase in part.programs.items()
    )
    rates = ' '.join(f'{rate:.0f}' for rate in part.rates_hz.values())
    return f'minute {part.minute:5.1f}: {programs}; results {rates} Hz'


def markdown(
    rounds: Sequence[Round], verdict: Sequence[Criterion], counts: Mapping[str, int]
) -> str:
    """
    Write the tables.

    :param counts: how often each disturbance was applied
    """
    return '\n'.join(
        [*_rounds(rounds), '', *_verdict(verdict), '', 'Disturbances: ' + _listed(counts) + '.']
    )


def _rounds(rounds: Sequence[Round]) -> Iterator[str]:
    programs, nodes = ' / '.join(rounds[0].programs), ' / '.join(rounds[0].rates_hz)
    yield f'Processes: {programs}. Nodes: {nodes}.'
    yield ''
    yield '| minute | MB | threads | descriptors | results, Hz | age p95, ms | /dev/shm, entries |'
    yield '| --- | --- | --- | --- | --- | --- | --- |'
    for part in rounds:
        phases = list(part.programs.values())
        cells = [
            f'{part.minute:.1f}',
            ' / '.join(f'{phase.resident_mb:.1f}' for phase in phases),
            ' / '.join(f'{phase.threads}' for phase in phases),
            ' / '.join(f'{phase.descriptors}' for phase in phases),
            ' / '.join(f'{rate:.1f}' for rate in part.rates_hz.values()),
            ' / '.join(f'{age:.0f}' for age in part.age_p95_ms.values()),
            f'{part.shared_entries}',
        ]
        yield '| ' + ' | '.join(cells) + ' |'


def _verdict(verdict: Sequence[Criterion]) -> Iterator[str]:
    marks = {True: 'yes', False: 'NO', None: 'run too short'}
    yield '| what | target | measured | |'
    yield '| --- | --- | --- | --- |'
    for row in verdict:
        yield f'| {row.what} | {row.must} | {row.measured} | {marks[row.reached]} |'


def _listed(counts: Mapping[str, int]) -> str:
    return ', '.join(f'{count} x {what}' for what, count in sorted(counts.items()))


def as_json(
    settings: Mapping[str, Any],
    rounds: Sequence[Round],
    verdict: Sequence[Criterion],
    details: Mapping[str, Any],
) -> str:
    """Write everything for programs."""
    content = {
        **settings,
        'rounds': [asdict(part) for part in rounds],
        'verdict': [asdict(row) for row in verdict],
        **details,
    }
    return json.dumps(content, indent=1) + '\n'
