"""One page that looks into a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import contextlib
from functools import partial
import time
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from nn_perception.studio.backend.cameras import Cameras
from nn_perception.studio.layers.answers import (
    arithmetic_message,
    error_message,
    hover_message,
    layers_message,
    look_message,
    networks_message,
)
from nn_perception.studio.layers.gaze import Gaze
from nn_perception.studio.layers.messages import (
    Acknowledge,
    ChooseInput,
    ChooseNetwork,
    Command,
    HOVER,
    Message,
    OpenLayers,
    Picture,
    Question,
)
from nn_perception.studio.layers.networks import NetworkInfo, Networks, RUN
from nn_perception.studio.layers.opened import OpenedNetwork
from nn_perception.studio.layers.outbox import Outbox
from nn_perception.studio.layers.run_follower import RunFollower
from nn_perception.studio.sockets import MessageError
from nn_perception.studio.teach.errors import ERRORS, sentence

# Looks of one page, one after the other.
LOOK_PERIOD_S = 0.1
# The list of networks is made anew, and cameras that are silent are asked why.
CHECK_PERIOD_S = 2.0
# A network that could not be opened, or has ended, is opened again.
RETRY_S = 2.0
OPENING = 'The network is being loaded.'
INTO_NONE = 'No network is open.'

T = TypeVar('T')


class Session:
    """
    One page that looks into a network; used in the event loop, and what blocks runs in threads.

    :param cameras: that it may look at
    :param networks: that it may look into
    :param limiter: how much all pages may do at a time
    :ivar outbox: what waits to be sent
    """

    def __init__(self, cameras: Cameras, networks: Networks, limiter: CapacityLimiter) -> None:
        self.outbox = Outbox()
        self._loop = asyncio.get_running_loop()
        self._networks = networks
        self._limiter = limiter
        self._stale = asyncio.Event()
        self._gaze = Gaze(cameras, self._on_new)
        self._run = RunFollower(self.outbox, self._stale, limiter)
        self._wanted: str | None = None
        self._wanted_changed = asyncio.Event()
        self._opened: OpenedNetwork | None = None
        self._open = OpenLayers((), attention=False)
        # Number of the last look that was sent, and whether it is on the screen.
        self._number = 0
        self._shown = asyncio.Event()
        self._shown.set()
        # The newest question of each kind.
        self._questions: dict[str, Question] = {}
        self._asked = asyncio.Event()

    async def follow(self, message: Message) -> None:
        """
        Follow a message of the browser.

        :raises MessageError: if no page of ours sends it
        """
        if isinstance(message, ChooseNetwork):
            self._wanted = message.network
            self._run.follow(None)
            self._wanted_changed.set()
        elif isinstance(message, OpenLayers):
            self._open = message
            self._stale.set()
        elif isinstance(message, ChooseInput):
            await self._choose(message)
        elif isinstance(message, Picture):
            self.outbox.say('input', '')
            await self._in_thread(lambda: self._gaze.show(message))
        elif isinstance(message, Question):
            self._questions[message.about] = message
            self._asked.set()
        elif isinstance(message, Command):
            self._run.command(message)
        elif isinstance(message, Acknowledge):
            self._acknowledge(message.number)

    async def open_networks(self) -> None:
        """Open the network that is wanted, again and again."""
        while True:
            await self._wanted_changed.wait()
            self._wanted_changed.clear()
            await self._release()
            wanted = self._wanted
            if wanted is None:
                continue
            self.outbox.say('network', OPENING)
            # A run that starts, or whose process has ended, can be steered too.
            await self._follow_run(wanted)
            try:
                opened = await self._in_thread(partial(OpenedNetwork, self._networks, wanted))
            except ERRORS as error:
                self._lost(wanted, error)
                continue
            self._opened = opened
            self.outbox.put(layers_message(wanted, opened.layers, opened.labels))
            self.outbox.say('network', '')
            self._run.follow(opened.run)
            self._stale.set()

    async def look(self) -> None:
        """Look at what is new, at most ten times a second, whenever the browser is ready."""
        while True:
            await self._stale.wait()
            await self._shown.wait()
            self._stale.clear()
            began_s = time.monotonic()
            if self._opened is not None:
                await self._look(self._opened)
            await asyncio.sleep(max(0.0, began_s + LOOK_PERIOD_S - time.monotonic()))

    async def answer(self) -> None:
        """Answer the newest question of each kind."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            questions, self._questions = self._questions, {}
            for question in questions.values():
                self.outbox.put(await self._in_thread(partial(self._answer, question)))

    async def watch_run(self) -> None:
        """Follow the run that is looked into."""
        await self._run.watch()

    async def check(self) -> None:
        """Keep the list of networks up to date, and say why a camera shows nothing."""
        listed: list[NetworkInfo] = []
        while True:
            found = await self._in_thread(self._networks.list)
            if found != listed:
                listed = found
                self.outbox.put(networks_message(found))
            silence = await self._in_thread(self._gaze.check)
            if silence is not None:
                self.outbox.say('input', sentence(silence) if silence else '')
            await asyncio.sleep(CHECK_PERIOD_S)

    async def close(self) -> None:
        """Look into nothing, and at nothing, any more."""
        self._wanted = None
        self._run.follow(None)
        await to_thread.run_sync(self._gaze.close)
        await self._release()

    async def _choose(self, choice: ChooseInput) -> None:
        self.outbox.say('input', '')
        try:
            await self._in_thread(lambda: self._gaze.choose(choice))
        except ERRORS as error:
            self.outbox.say('input', sentence(error))

    async def _look(self, opened: OpenedNetwork) -> None:
        wanted = self._open
        try:
            look = await self._in_thread(lambda: opened.look(self._gaze, wanted))
        except ValueError as error:
            self.outbox.say('input', sentence(error))
            return
        except (OSError, RuntimeError) as error:
            if opened is self._opened:
                self._lost(opened.id, error)
            return
        if look is None or opened is not self._opened:
            return
        self._number += 1
        self._shown.clear()
        self.outbox.put(look_message(look, self._number, opened.id, self._gaze.number))

    def _answer(self, question: Question) -> str:
        opened = self._opened
        if opened is None:
            return error_message(question.number, INTO_NONE)
        layer, element = question.layer, question.element
        try:
            if question.about == HOVER:
                value = opened.network.value(layer, element)
                regions = opened.network.region(layer, element)
                return hover_message(question.number, value, regions)
            return arithmetic_message(question.number, opened.network.arithmetic(layer, element))
        except ERRORS as error:
            return error_message(question.number, sentence(error))

    def _acknowledge(self, number: int) -> None:
        if number > self._number:
            raise MessageError(f'look {number} was not sent')
        if number == self._number:
            self._shown.set()

    def _lost(self, network: str, error: Exception) -> None:
        """Say why a network is not looked into, and try again soon."""
        self.outbox.say('network', sentence(error))

        def retry() -> None:
            if self._wanted == network:
                self._wanted_changed.set()

        self._loop.call_later(RETRY_S, retry)

    async def _follow_run(self, network: str) -> None:
        """Follow a network that is a run, before it can be looked into."""
        if network.startswith(RUN) and not self._run.follows:
            with contextlib.suppress(*ERRORS):
                self._run.follow(await self._in_thread(partial(self._networks.run, network)))

    async def _release(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await to_thread.run_sync(opened.close)

    def _on_new(self) -> None:
        # A loop that ends while a camera still sends takes no calls.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stale.set)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await to_thread.run_sync(call, limiter=self._limiter)
