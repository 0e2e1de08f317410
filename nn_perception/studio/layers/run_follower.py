"""Follow a training run: how it goes, and the commands of one page to it."""

from __future__ import annotations

import asyncio
from collections import deque
import contextlib
import time

from anyio import CapacityLimiter, to_thread
from nn_perception.studio.layers.answers import status_message
from nn_perception.studio.layers.messages import Command
from nn_perception.studio.layers.outbox import Outbox
from nn_perception.studio.teach.errors import ERRORS, sentence
from nn_perception.training.runs.records import RunState
from nn_perception.training.runs.run import Run

PERIOD_S = 0.1
# The curves are long, and their last points are not asked for more often.
STATUS_PERIOD_S = 0.5
# A run that does not answer is asked again.
RETRY_S = 2.0
MAX_COMMANDS = 8


class RunFollower:
    """
    Follow the run that a page looks into; used in the event loop.

    :param outbox: gets the status
    :param stale: is set when the run has gone on, so that its layers are looked at anew
    :param limiter: how much all pages may do at a time
    """

    def __init__(self, outbox: Outbox, stale: asyncio.Event, limiter: CapacityLimiter) -> None:
        self._outbox = outbox
        self._stale = stale
        self._limiter = limiter
        self._run: Run | None = None
        self._changed = asyncio.Event()
        self._commands: deque[Command] = deque(maxlen=MAX_COMMANDS)
        self._told: tuple[float, RunState | None] = (0.0, None)
        self._step = -1

    @property
    def follows(self) -> bool:
        """Whether it follows a run."""
        return self._run is not None

    def follow(self, run: Run | None) -> None:
        """Follow a run, or none."""
        if run is None and self._run is None:
            return
        self._run, self._step, self._told = run, -1, (0.0, None)
        self._commands.clear()
        self._outbox.say('run', '')
        self._changed.set()

    def command(self, command: Command) -> None:
        """Let the run follow a command soon."""
        self._commands.append(command)
        self._changed.set()

    async def watch(self) -> None:
        """Follow the run, and its commands, again and again."""
        while True:
            run, pause_s = self._run, None
            if run is not None:
                try:
                    await self._follow(run)
                    pause_s = PERIOD_S
                    self._outbox.say('run', '')
                except ERRORS as error:
                    self._outbox.say('run', sentence(error))
                    pause_s = RETRY_S
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), pause_s)
            self._changed.clear()

    async def _follow(self, run: Run) -> None:
        if self._commands:
            command = self._commands.popleft()
            await self._in_thread(run, command)
            self._changed.set()
        status = await to_thread.run_sync(run.status, limiter=self._limiter)
        if run is not self._run:
            return
        if status.step != self._step:
            self._step = status.step
            self._stale.set()
        now_s = time.monotonic()
        told_s, state = self._told
        if status.state is not state or now_s - told_s >= STATUS_PERIOD_S:
            history = await to_thread.run_sync(run.history, limiter=self._limiter)
            if run is self._run:
                self._told = now_s, status.state
                self._outbox.put(status_message(status, history))

    async def _in_thread(self, run: Run, command: Command) -> None:
        calls = {
            'resume': run.resume,
            'pause': run.pause,
            'step': run.step,
            'reset': run.reset,
        }
        await to_thread.run_sync(calls[command.name], limiter=self._limiter)
