"""What the tabs about a run have in common: they ask it in the background, and say what fails."""

from __future__ import annotations

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Hashable
from functools import partial
import time
from typing import Any, TypeVar

from nicegui import ui
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.studio.train.feed import RunReading
from nn_perception.studio.train.selection import RunSelection
from nn_perception.training.runs.records import RunState
from nn_perception.training.runs.run import Run

T = TypeVar('T')
# A slow answer must not keep the page from showing another tab.
WAIT_S = 0.1
# A run that does not answer is asked again after this time.
RETRY_S = 2.0
STARTING = 'The run is starting …'


class RunDetail(ABC):
    """
    A tab about the selected run.

    It asks the run only after something has changed, one question at a time.

    :param selection: the run
    """

    def __init__(self, selection: RunSelection) -> None:
        self._selection = selection
        self._task: asyncio.Task[None] | None = None
        self._mark: Hashable = None
        self._name = ''
        self._retry_s = 0.0
        self._sentence = ui.label().classes('nn-sentence').props('role=status')

    async def show(self) -> None:
        """Show the selected run as it is now."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())
        await asyncio.wait([self._task], timeout=WAIT_S)

    @abstractmethod
    def forget(self) -> None:
        """Show nothing: another run is selected."""

    @abstractmethod
    async def refresh(self, reading: RunReading) -> None:
        """
        Ask the run, and show what it says.

        :raises ValueError, RuntimeError, OSError: a sentence, which is shown
        """

    def ask_anew(self) -> None:
        """Ask the run although it has not changed."""
        self._mark = None

    def say(self, words: str, *, problem: bool = False) -> None:
        """Say something above everything else."""
        if self._sentence.text != words:
            self._sentence.set_text(words)
        self._sentence.classes(
            add='nn-problem' if problem else '', remove='' if problem else 'nn-problem'
        )

    def catch_up(self, reading: RunReading) -> None:
        """Forget what was said about another run."""
        if reading.name != self._name:
            self._name, self._mark = reading.name, None
            self.forget()

    def is_selected(self, reading: RunReading) -> bool:
        """Whether the run is still the selected one."""
        return self._selection.name == reading.name

    async def _follow(self) -> None:
        reading = self._selection.reading
        if reading is None:
            return
        self.catch_up(reading)
        status = reading.status
        if status.state is RunState.STARTING:
            self.say(STARTING)
            return
        mark = (reading.name, status.step, status.state)
        if mark == self._mark and (not self._retry_s or time.monotonic() < self._retry_s):
            return
        self._mark, self._retry_s = mark, 0.0
        try:
            await self.refresh(reading)
        except ERRORS as error:
            self._retry_s = time.monotonic() + RETRY_S
            self.say(sentence(error), problem=True)
            return
        except BaseException:
            self._mark = None
            raise
        if not self.is_selected(reading):
            # It may have shown nothing; should the run be selected again, it is asked again.
            self._mark = None
        self.say('')


async def ask(call: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Call in a thread."""
    return await asyncio.to_thread(partial(call, *arguments, **named))


async def labels_and_count(run: Run) -> tuple[tuple[str, ...], int]:
    """
    Return the names of the classes, and the number of test samples.

    :raises RuntimeError: if the run has ended before it was evaluated
    """
    try:
        found = await ask(run.evaluate, before_training=True)
    except RuntimeError:
        found = await ask(run.evaluate)
    return found.labels, sum(map(sum, found.confusion))


def whole_number(value: object, low: int, high: int) -> int | None:
    """Return a whole number that a browser sent, if it is one in a range."""
    return value if type(value) is int and low <= value <= high else None
