"""A source of sound that is played as a microphone while somebody listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
import logging
import threading
import time

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, Samples
from nn_perception.core.audio.sound_files import as_int16
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.sounds import SoundBlock
from nn_perception.studio.local.sounds.hearing import Hearing, HearingStream
from nn_perception.studio.local.sounds.sound_feed import Demand, SoundFeed
import numpy as np

LOG = logging.getLogger(__name__)

# Ten blocks a second.
BLOCK_SAMPLES = SAMPLE_RATE_HZ // 10
BLOCK_NS = BLOCK_SAMPLES * 1_000_000_000 // SAMPLE_RATE_HZ
# A source that cannot be opened is tried again after this time.
RETRY_S = 2.0
# A source that is closed may be waiting for a device.
STOP_TIMEOUT_S = 2.0
# A player that fell behind by more than this does not hurry to catch up.
MAX_LATENESS_S = 0.5


@dataclass(frozen=True)
class MicrophoneSource:
    """
    What can be played as a microphone.

    :param info: what the page shows of it
    :param open: opens it at its beginning: one channel at 16 kHz, in blocks of any length
    :param live: whether it comes at its own pace; else it is played at that of its sound, again
        and again
    """

    info: CameraInfo
    open: Callable[[], AbstractContextManager[Iterator[Samples]]]
    live: bool = False


class PlayedMicrophone:
    """
    A source that is played while somebody listens.

    :param source: is opened with the first listener and closed with the last
    :param hearing: hears what is played, if somebody wants to know
    :ivar feed: hands out sound and results
    :ivar problem: why no sound comes; empty if nothing is known
    """

    def __init__(self, source: MicrophoneSource, hearing: Hearing) -> None:
        self.problem = ''
        self.feed = SoundFeed(self._on_demand)
        self._source = source
        self._hearing = hearing
        self._heard = False
        self._stop: threading.Event | None = None
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        """Stop, whoever listens."""
        self._on_demand(Demand())

    def _on_demand(self, demand: Demand) -> None:
        """Start and stop what is needed; the feed calls it in one thread at a time."""
        self._heard = demand.results
        if demand.sound and self._stop is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name=self._source.info.title, daemon=True
            )
            self._thread.start()
        elif not demand.sound and self._stop is not None:
            self._stop.set()
            thread, self._stop, self._thread = self._thread, None, None
            # A listener may close itself in this very thread.
            if thread is not None and thread is not threading.current_thread():
                thread.join(STOP_TIMEOUT_S)

    def _run(self, stop: threading.Event) -> None:
        player = _Player(self, stop)
        try:
            while not stop.is_set():
                try:
                    with self._source.open() as blocks:
                        if not player.play(blocks):
                            self.problem = 'it contains less than a tenth of a second of sound'
                except (ValueError, OSError, ImportError, RuntimeError) as error:
                    self.problem = str(error)
                if self.problem:
                    stop.wait(RETRY_S)
        finally:
            player.close()

    @property
    def is_live(self) -> bool:
        """Whether the source comes at its own pace."""
        return self._source.live

    def stream(self) -> HearingStream | None:
        """Return a new stream of the network; None if nobody wants to know what is heard."""
        return self._hearing.open_stream(self._source.info.id) if self._heard else None

    @property
    def is_heard(self) -> bool:
        """Whether somebody wants to know what is heard."""
        return self._heard


class _Player:
    """
    Plays a source, and goes on where it ended when it is played again.

    :param microphone: what is played
    :param stop: ends it
    """

    def __init__(self, microphone: PlayedMicrophone, stop: threading.Event) -> None:
        self._microphone = microphone
        self._stop = stop
        self._stream: HearingStream | None = None
        # A block is there when it has ended.
        self._due_s = time.monotonic() + BLOCK_SAMPLES / SAMPLE_RATE_HZ
        self._stamp_ns = time.time_ns()

    def play(self, blocks: Iterator[Samples]) -> bool:
        """Play until the end, or until it is stopped; :returns: whether there was any sound."""
        found = False
        for block in in_blocks(blocks):
            if self._stop.is_set():
                return True
            found, self._microphone.problem = True, ''
            if self._microphone.is_live:
                self._stamp_live()
            elif self._stop.wait(max(0.0, self._due_s - time.monotonic())):
                return True
            self._offer(block)
            self._follow()
        return found

    def close(self) -> None:
        """Close the stream of the network."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _stamp_live(self) -> None:
        """Notice that a device was silent for a while: what it delivers now is from now."""
        now_ns = time.time_ns() - BLOCK_NS
        if abs(now_ns - self._stamp_ns) > MAX_LATENESS_S * 1e9:
            self._stamp_ns = now_ns

    def _offer(self, block: Samples) -> None:
        microphone = self._microphone
        samples = as_int16(block)
        microphone.feed.offer_sound(SoundBlock(self._stamp_ns, samples.astype('<i2').tobytes()))
        if self._stream is None and microphone.is_heard:
            self._stream = microphone.stream()
        elif self._stream is not None and not microphone.is_heard:
            self.close()
        if self._stream is not None:
            for result in self._stream.feed(samples, self._stamp_ns):
                microphone.feed.offer_result(result)

    def _follow(self) -> None:
        """Compute when the next block is due."""
        self._stamp_ns += BLOCK_NS
        self._due_s += BLOCK_SAMPLES / SAMPLE_RATE_HZ
        late_s = time.monotonic() - self._due_s
        if late_s > MAX_LATENESS_S and not self._microphone.is_live:
            self._due_s += late_s
            self._stamp_ns += round(late_s * 1e9)


def in_blocks(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """
    Cut sound anew into blocks of a tenth of a second; what is left at the end is dropped.

    :param blocks: float32, ``(S,)`` each
    :returns: float32, ``(BLOCK_SAMPLES,)`` each
    """
    held = np.empty(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        whole = len(held) - len(held) % BLOCK_SAMPLES
        for start in range(0, whole, BLOCK_SAMPLES):
            yield held[start : start + BLOCK_SAMPLES]
        held = held[whole:]
