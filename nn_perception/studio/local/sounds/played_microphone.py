"""A source of sound that is played as a microphone while somebody listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import logging
import threading
import time

from nn_perception.core.audio.resampling import Resampler
from nn_perception.core.audio.samples import SAMPLE_RATE_HZ
from nn_perception.core.audio.sound_files import as_int16
from nn_perception.sources.sounds.sound_source import SoundChunk, SoundSource
from nn_perception.sources.sounds.stream_time import NS_PER_S
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.sounds import SoundBlock
from nn_perception.studio.local.sounds.hearing import Hearing, HearingStream
from nn_perception.studio.local.sounds.sound_feed import Demand, SoundFeed
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

# Ten blocks a second.
BLOCK_S = 0.1
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
    :param open: opens it at its beginning; a recording is played at its pace, again and again
    """

    info: CameraInfo
    open: Callable[[], SoundSource]


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
                    source = self._source.open()
                except (ValueError, OSError) as error:
                    self.problem = str(error)
                    stop.wait(RETRY_S)
                    continue
                try:
                    player.play(source)
                finally:
                    source.close()
        finally:
            player.close()

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
        self._resampler: Resampler | None = None
        self._due_s = time.monotonic()
        self._stamp_ns = time.time_ns()

    def play(self, source: SoundSource) -> None:
        """Play until it is stopped, or nothing comes any more."""
        empty = True
        while not self._stop.is_set():
            chunk = source.read(BLOCK_S)
            if chunk is None:
                self._microphone.problem = source.problem
                if not source.ended:
                    continue
                if (empty and not source.live) or not source.rewind():
                    self._microphone.problem = source.problem or 'it contains no sound'
                    self._stop.wait(RETRY_S)
                    return
                empty = True
                continue
            empty, self._microphone.problem = False, ''
            samples = self._convert(chunk)
            duration_s = len(samples) / SAMPLE_RATE_HZ
            if source.live:
                self._stamp_live(duration_s)
            elif self._waits(duration_s):
                return
            self._offer(samples)
            self._stamp_ns += len(samples) * NS_PER_S // SAMPLE_RATE_HZ

    def close(self) -> None:
        """Close the stream of the network."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _convert(self, chunk: SoundChunk) -> NDArray[np.int16]:
        """Return a chunk with one channel at 16 kHz."""
        kind = chunk.rate_hz, chunk.channels
        if kind == (SAMPLE_RATE_HZ, 1):
            return chunk.samples
        resampler = self._resampler
        if resampler is None or (resampler.rate_hz, resampler.channels) != kind:
            resampler = self._resampler = Resampler(*kind)
        return as_int16(resampler.convert(chunk.samples))

    def _waits(self, duration_s: float) -> bool:
        """Wait until a block has ended; :returns: whether the player is stopped."""
        self._due_s += duration_s
        late_s = time.monotonic() - self._due_s
        if late_s > MAX_LATENESS_S:
            self._due_s += late_s
            self._stamp_ns += round(late_s * NS_PER_S)
        return self._stop.wait(max(0.0, -late_s))

    def _stamp_live(self, duration_s: float) -> None:
        """Notice that a device was silent for a while: what it delivers now is from now."""
        now_ns = time.time_ns() - round(duration_s * NS_PER_S)
        if abs(now_ns - self._stamp_ns) > MAX_LATENESS_S * NS_PER_S:
            self._stamp_ns = now_ns

    def _offer(self, samples: NDArray[np.int16]) -> None:
        microphone = self._microphone
        microphone.feed.offer_sound(SoundBlock(self._stamp_ns, samples.astype('<i2').tobytes()))
        if self._stream is None:
            self._stream = microphone.stream()
        elif not microphone.is_heard:
            self.close()
        if self._stream is not None:
            for result in self._stream.feed(samples, self._stamp_ns):
                microphone.feed.offer_result(result)
