"""Runs are asked once for all pages, and only as often as they have something new."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

from nn_perception.studio.train.feed import RunFeed
from nn_perception.training.runs.records import (
    History,
    Rates,
    RunSettings,
    RunState,
    RunStatus,
)

STATUS = RunStatus(RunState.RUNNING, '', Rates(), 0, 2, 5, 10, 320, 1000.0, 1.0, 2.0, 0.5)


class StillRun:
    """A run that says what it is told to."""

    def __init__(self, name: str) -> None:
        self.name, self.settings = name, RunSettings('a run', {}, epochs=7)
        self.said = STATUS
        self.asked: Counter[str] = Counter()
        self.gone = False

    def status(self) -> RunStatus:
        self.asked['status'] += 1
        if self.gone:
            raise RuntimeError('its process has ended')
        return self.said

    def history(self) -> History:
        self.asked['history'] += 1
        return History(examples=(self.said.step,))


class StillRuns:
    """A list of runs."""

    def __init__(self, *runs: StillRun) -> None:
        self.runs = {one.name: one for one in runs}
        self.asked = 0

    def list(self) -> tuple[StillRun, ...]:
        self.asked += 1
        return tuple(self.runs.values())

    def find(self, name: str) -> StillRun:
        if name not in self.runs:
            raise ValueError('there is no such run')
        return self.runs[name]


def feed_of(*runs: StillRun) -> tuple[RunFeed, StillRuns]:
    known = StillRuns(*runs)
    return RunFeed(known), known  # type: ignore[arg-type]


def test_pages_share_an_answer() -> None:
    one = StillRun('one')
    feed, runs = feed_of(one)

    async def pages() -> Any:
        await asyncio.gather(*(feed.list() for _ in range(5)))
        return await asyncio.gather(*(feed.read('one') for _ in range(5)))

    readings = asyncio.run(pages())
    assert {reading.name for reading in readings} == {'one'}
    assert runs.asked == 1
    assert one.asked == {'status': 2, 'history': 1}


def test_curves_are_asked_for_only_after_a_step() -> None:
    one = StillRun('one')
    feed, _ = feed_of(one)

    async def look() -> Any:
        feed.forget()
        return await feed.read('one')

    async def looks() -> None:
        await look()
        await look()
        assert one.asked == {'status': 2, 'history': 1}
        one.said = replace(STATUS, step=6)
        assert (await look()).history.examples == (6,)
        # Reset: fewer steps are news too.
        one.said = replace(STATUS, step=0)
        assert (await look()).history.examples == (0,)

    asyncio.run(looks())


def test_a_page_that_goes_away_does_not_disturb_others() -> None:
    feed, _ = feed_of(StillRun('one'))

    async def pages() -> Any:
        first = asyncio.create_task(feed.read('one'))
        second = asyncio.create_task(feed.read('one'))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(pages()).name == 'one'


def test_a_run_without_a_process_is_ended() -> None:
    one = StillRun('one')
    one.gone = True
    feed, _ = feed_of(one)

    async def look() -> Any:
        return await feed.list(), await feed.read('one'), await feed.read('two')

    listed, reading, missing = asyncio.run(look())
    assert [one.status.state for one in listed] == [RunState.ENDED]
    assert reading.status.message == 'Its process has ended.'
    assert reading.status.epochs == 7
    assert missing is None
