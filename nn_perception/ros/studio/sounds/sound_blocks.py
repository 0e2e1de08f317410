"""The sound of a topic in blocks for the page."""

from __future__ import annotations

from collections import deque

from nn_perception.capabilities.sounds.chunks import Chunk
from nn_perception.core.audio.levels import loudest_db
from nn_perception.core.audio.resampling import Resampler
from nn_perception.core.audio.samples import SAMPLE_RATE_HZ
from nn_perception.core.audio.sound_files import as_int16
from nn_perception.studio.backend.sounds import SoundBlock
import numpy as np
from numpy.typing import NDArray

BLOCK_SAMPLES = SAMPLE_RATE_HZ // 10
BLOCK_NS = BLOCK_SAMPLES * 1_000_000_000 // SAMPLE_RATE_HZ
# A later stamp means that sound is missing; the blocks begin anew there.
JUMP_NS = 100_000_000


class SoundBlocks:
    """Turns chunks of any rate, channels and length into blocks of a tenth of a second."""

    def __init__(self) -> None:
        self._resampler: Resampler | None = None
        self._held: NDArray[np.int16] = np.empty(0, np.int16)
        self._stamp_ns = 0
        self._levels: deque[float] = deque(maxlen=SAMPLE_RATE_HZ // BLOCK_SAMPLES)

    @property
    def level_db(self) -> float | None:
        """Level of the loudest block of the last second; None if there was none."""
        return max(self._levels, default=None)

    def add(self, chunk: Chunk) -> list[SoundBlock]:
        """
        Add a chunk.

        :returns: the blocks that are complete by now
        :raises ValueError: if it is no sound
        """
        chunk.check()
        begin_s = chunk.stamp_s or chunk.received_s - chunk.duration_s
        resampler, begin_ns = self._resampler, round(begin_s * 1e9)
        kind = chunk.rate_hz, chunk.channels
        if resampler is None or (resampler.rate_hz, resampler.channels) != kind:
            resampler = self._resampler = Resampler(*kind)
            self._begin(begin_ns)
        else:
            held_s = len(self._held) / SAMPLE_RATE_HZ + resampler.lag_s
            if abs(begin_ns - self._stamp_ns - round(held_s * 1e9)) > JUMP_NS:
                self._begin(begin_ns)
        samples = as_int16(resampler.convert(chunk.samples))
        self._held = np.concatenate([self._held, samples])
        blocks = []
        while len(self._held) >= BLOCK_SAMPLES:
            block, self._held = self._held[:BLOCK_SAMPLES], self._held[BLOCK_SAMPLES:]
            self._levels.append(loudest_db(block / np.float32(32768.0)))
            blocks.append(SoundBlock(self._stamp_ns, block.astype('<i2').tobytes()))
            self._stamp_ns += BLOCK_NS
        return blocks

    def _begin(self, stamp_ns: int) -> None:
        self._held, self._stamp_ns = np.empty(0, np.int16), stamp_ns
