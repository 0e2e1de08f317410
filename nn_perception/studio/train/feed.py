"""What training runs report, asked for once for all pages that show it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
import logging
import time
from typing import Any

from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.training.runs.records import (
    History,
    RunSettings,
    RunState,
    RunStatus,
)
from nn_perception.training.runs.run import Run, Runs

LOG = logging.getLogger(__name__)

# A page asks four times a second; what another page got a moment ago is good for it too.
FRESH_S, LIST_FRESH_S = 0.2, 1.0
# A run that trains may let those wait who want its curves; what it is doing is shown meanwhile.
WAIT_S = 0.1
LIST = ''
Mark = tuple[int, int, RunState]


@dataclass(frozen=True)
class RunReading:
    """
    What a run reported.

    :param run: the run itself
    :param status: what it is doing
    :param history: its curves; empty if they were not asked for
    """

    run: Run
    status: RunStatus
    history: History = field(default_factory=History)

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.run.name

    @property
    def settings(self) -> RunSettings:
        """What it was started with."""
        return self.run.settings


class RunFeed:
    """
    Ask the runs, once for all pages that look at them; nothing while no page does.

    :param runs: the runs
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._answers: dict[str, tuple[float, asyncio.Task[Any]]] = {}
        self._found: dict[str, Run] = {}
        self._curves: dict[str, tuple[Mark, History]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    def find(self, name: str) -> Run:
        """
        Return a run, with the connections that the pages share; it blocks.

        :raises ValueError: a sentence, if there is none
        """
        found = self._found.get(name) or self._runs.find(name)
        self._found[name] = found
        return found

    async def list(self) -> tuple[RunReading, ...]:
        """Return all runs, the newest first, without their curves."""
        answer = await self._shared(LIST, LIST_FRESH_S, self._list)
        return tuple(answer or ())

    async def read(self, name: str) -> RunReading | None:
        """
        Return a run with its curves, as far as they are known.

        :returns: None if there is no such run
        """
        if not name:
            return None
        reading = await self._shared(name, FRESH_S, lambda: self._read(name))
        if not isinstance(reading, RunReading):
            return None
        mark, history = self._curves.get(name, (None, History()))
        if mark != _mark(reading.status):
            task = self._asking.get(name)
            if task is None:
                task = asyncio.create_task(self._ask_curves(reading))
                self._asking[name] = task
            await asyncio.wait([task], timeout=WAIT_S)
            _, history = self._curves.get(name, (None, history))
        return replace(reading, history=history)

    def forget(self) -> None:
        """Ask anew, since something was changed."""
        self._answers.clear()

    async def _shared(self, key: str, fresh_s: float, call: Callable[[], Any]) -> Any:
        """Return an answer that is on its way or fresh, else ask."""
        at, task = self._answers.get(key, (0.0, None))
        if task is None or (task.done() and time.monotonic() - at > fresh_s):
            task = asyncio.create_task(self._ask(key, call))
            self._answers[key] = time.monotonic(), task
        # A page that goes away must not cancel what others wait for.
        return await asyncio.shield(task)

    async def _ask(self, key: str, call: Callable[[], Any]) -> Any:
        answer = await asyncio.to_thread(call)
        if key in self._answers:
            self._answers[key] = time.monotonic(), self._answers[key][1]
        return answer

    async def _ask_curves(self, reading: RunReading) -> None:
        try:
            history = await asyncio.to_thread(reading.run.history)
            self._curves[reading.name] = _mark(reading.status), history
        except ERRORS as error:
            LOG.debug('%s', error)
        finally:
            del self._asking[reading.name]

    def _list(self) -> tuple[RunReading, ...]:
        try:
            found = self._runs.list()
        except ERRORS as error:
            LOG.warning('the runs cannot be listed: %s', error)
            return ()
        self._found = {one.name: self._found.get(one.name, one) for one in found}
        self._curves = {name: one for name, one in self._curves.items() if name in self._found}
        return tuple(RunReading(one, _status(one)) for one in self._found.values())

    def _read(self, name: str) -> RunReading | None:
        try:
            found = self.find(name)
        except ERRORS as error:
            LOG.debug('%s', error)
            return None
        return RunReading(found, _status(found))


def _mark(status: RunStatus) -> Mark:
    """What is different when there are new points."""
    return status.step, status.epoch, status.state


def _status(one: Run) -> RunStatus:
    """Return what a run is doing; that of a process which has ended without a word, too."""
    try:
        return one.status()
    except ERRORS as error:
        settings = one.settings
        return RunStatus(
            state=RunState.ENDED,
            message=sentence(error),
            rates=settings.rates,
            epoch=0,
            epochs=settings.epochs,
            step=0,
            steps_per_epoch=0,
            examples=0,
            examples_per_s=0.0,
            forward_ms=0.0,
            backward_ms=0.0,
            seconds=0.0,
        )
