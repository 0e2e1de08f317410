"""What one browser listens to."""

from __future__ import annotations

import asyncio
from collections import deque
import itertools
import threading
import time

from anyio import CapacityLimiter, to_thread
from nn_perception.core.audio.samples import SAMPLE_RATE_HZ
from nn_perception.studio.backend.sounds import Listening, SoundResult, Sounds
from nn_perception.studio.local.sounds.hearing import Hearing, HearingStream
from nn_perception.studio.sockets import MessageError
from nn_perception.studio.sound.messages import (
    BROWSER,
    check_block,
    ListenTo,
    NONE,
    ROBOT,
    SAMPLE_BYTES,
)
from nn_perception.studio.sound.outbox import Outbox
from nn_perception.studio.teach.errors import ERRORS, sentence
import numpy as np

# Sound of a browser that waits for the network; what comes beyond that is left out.
MAX_WAITING_S = 3.0
# Without sound for so long, the browser is told why.
SILENT_S = 2.0
CHECK_PERIOD_S = 1.0

_numbers = itertools.count(1)


class SoundSession:
    """
    What one browser listens to, and the sound that it sends.

    :param sounds: the microphones of the robot
    :param hearing: hears the sound of the browser
    :param limiter: how many browsers are heard at a time
    :ivar outbox: what waits to be sent to it
    """

    def __init__(self, sounds: Sounds, hearing: Hearing, limiter: CapacityLimiter) -> None:
        self.outbox = Outbox()
        self._sounds = sounds
        self._hearing = hearing
        self._limiter = limiter
        self._name = f'browser{next(_numbers)}'
        self._wanted = ListenTo()
        self._changing = threading.Lock()
        self._listening: Listening | None = None
        self._stream: HearingStream | None = None
        self._blocks: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._block_came = asyncio.Event()
        self._since_s = 0.0
        self._said = ''

    async def listen(self, wanted: ListenTo) -> None:
        """Listen to something else."""
        await to_thread.run_sync(self._change, wanted)
        self._drop()

    def offer(self, block: bytes) -> None:
        """
        Let a block of the browser's sound be heard.

        :raises MessageError: if it is none, or was not announced
        """
        if self._wanted.source != BROWSER:
            raise MessageError('the source must be browser before its sound is sent')
        self._blocks.append(check_block(block))
        self._waiting_bytes += len(block)
        if self._waiting_bytes > MAX_WAITING_S * SAMPLE_RATE_HZ * SAMPLE_BYTES:
            self._drop()
            self._say('This machine is too slow to hear everything; a part was left out.')
        self._block_came.set()

    async def hear(self) -> None:
        """Hear the blocks that were offered, again and again."""
        while True:
            await self._block_came.wait()
            self._block_came.clear()
            content = b''.join(self._blocks)
            self._drop()
            if content:
                await to_thread.run_sync(self._hear, content, limiter=self._limiter)

    async def check(self) -> None:
        """Say why nothing comes, and listen to a microphone as soon as it exists."""
        while True:
            await asyncio.sleep(CHECK_PERIOD_S)
            if self._wanted.source != NONE:
                await to_thread.run_sync(self._check)

    def close(self) -> None:
        """Listen to nothing any more."""
        self._change(ListenTo())

    def _drop(self) -> None:
        self._blocks.clear()
        self._waiting_bytes = 0

    def _change(self, wanted: ListenTo) -> None:
        with self._changing:
            self._wanted = wanted
            listening, self._listening = self._listening, None
            stream, self._stream = self._stream, None
            if listening is not None:
                listening.close()
            if stream is not None:
                stream.close()
            self.outbox.clear()
            self._since_s = time.monotonic()
            self._say('')
            self._open()

    def _open(self) -> None:
        """Begin to listen, if the microphone exists; the caller holds the lock."""
        try:
            if self._wanted.source == ROBOT:
                self._listening = self._sounds.listen(self._wanted.microphone, self.outbox)
            elif self._wanted.source == BROWSER:
                self._stream = self._hearing.open_stream(self._name)
        except ERRORS as error:
            self._say(sentence(error))

    def _hear(self, content: bytes) -> None:
        with self._changing:
            if self._stream is None:
                return
            try:
                results = self._stream.feed(np.frombuffer(content, '<i2').astype(np.int16))
            except ERRORS as error:
                self._say(sentence(error))
                return
            self._pass_on(results)

    def _pass_on(self, results: list[SoundResult]) -> None:
        for result in results:
            self.outbox.on_result(result)
        if results:
            self._say('')

    def _check(self) -> None:
        with self._changing:
            if self._listening is None and self._stream is None:
                self._open()
            try:
                words = self._reason()
            except ERRORS as error:
                words = str(error)
            if words is not None:
                self._say(sentence(words) if words else '')

    def _reason(self) -> str | None:
        """Say why nothing comes; None if what was said last may still hold."""
        if self._stream is not None:
            return self._stream.message or None
        if self._listening is None:
            return None
        silent_s = time.monotonic() - max(self._since_s, self.outbox.received_s)
        if silent_s < SILENT_S:
            return self._sounds.status().message
        reason = self._sounds.silence_reason(self._wanted.microphone)
        return reason or f'no sound for {silent_s:.0f} s'

    def _say(self, words: str) -> None:
        if words != self._said:
            self._said = words
            self.outbox.say(words)
