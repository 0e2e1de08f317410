"""Write down an endurance run: a table by round, the verdict, and everything as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
import json
from typing import Any

from nn_perception.benchmark.soak.verdict import Calm, Row


@dataclass(frozen=True)
class Round:
    """
    The calm at the end of a round.

    :param minute: since the nodes stood
    :param programs: each process
    :param rates_hz: results of each node
    :param age_p95_ms: ages of each node's results, those of the storm before too
    :param shared_entries: of ours in ``/dev/shm``
    :param shared_mb: what they take
    """

    minute: float
    programs: Mapping[str, Calm]
    rates_hz: Mapping[str, float]
    age_p95_ms: Mapping[str, float]
    shared_entries: int
    shared_mb: float


def progress_line(part: Round) -> str:
    """Sum a round up in a line."""
    programs = ', '.join(
        f'{name} {calm.resident_mb:.0f} MB {calm.threads} threads'
        for name, calm in part.programs.items()
    )
    rates = ' '.join(f'{rate:.0f}' for rate in part.rates_hz.values())
    return f'minute {part.minute:5.1f}: {programs}; results {rates} Hz'


def markdown(rounds: Sequence[Round], verdict: Sequence[Row], counts: Mapping[str, int]) -> str:
    """Write the tables."""
    return '\n'.join(
        [*_course(rounds), '', *_verdict(verdict), '', 'Done to them: ' + _listed(counts) + '.']
    )


def _course(rounds: Sequence[Round]) -> Iterator[str]:
    programs, nodes = ' / '.join(rounds[0].programs), ' / '.join(rounds[0].rates_hz)
    yield f'Processes: {programs}. Nodes: {nodes}.'
    yield ''
    yield '| minute | MB | threads | descriptors | results, Hz | age p95, ms | /dev/shm, entries |'
    yield '| --- | --- | --- | --- | --- | --- | --- |'
    for part in rounds:
        calms = list(part.programs.values())
        cells = [
            f'{part.minute:.1f}',
            ' / '.join(f'{calm.resident_mb:.1f}' for calm in calms),
            ' / '.join(f'{calm.threads}' for calm in calms),
            ' / '.join(f'{calm.descriptors}' for calm in calms),
            ' / '.join(f'{rate:.1f}' for rate in part.rates_hz.values()),
            ' / '.join(f'{age:.0f}' for age in part.age_p95_ms.values()),
            f'{part.shared_entries}',
        ]
        yield '| ' + ' | '.join(cells) + ' |'


def _verdict(verdict: Sequence[Row]) -> Iterator[str]:
    marks = {True: 'yes', False: 'NO', None: 'too short a run'}
    yield '| what | must | measured | |'
    yield '| --- | --- | --- | --- |'
    for row in verdict:
        yield f'| {row.what} | {row.must} | {row.measured} | {marks[row.reached]} |'


def _listed(counts: Mapping[str, int]) -> str:
    return ', '.join(f'{count} x {what}' for what, count in sorted(counts.items()))


def as_json(
    settings: Mapping[str, Any],
    rounds: Sequence[Round],
    verdict: Sequence[Row],
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
