"""Sound files as a source of sound."""

from __future__ import annotations

from collections.abc import Generator, Sequence
import logging
from pathlib import Path

from nn_perception.core.audio.resampling import check_rate
from nn_perception.core.audio.sound_files import as_int16, open_sound
from nn_perception.core.audio.sound_kinds import SOUND_SUFFIXES
from nn_perception.core.files.natural_order import natural_order
from nn_perception.sources.skip_log import SkipLog
from nn_perception.sources.sounds.sound_source import SoundChunk
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)


class RecordingSource:
    """
    Sound files, in the given order.

    :param paths: of the files
    :param rate_hz: sampling rate that they are converted to, with one channel; 0: as recorded
    :raises OSError: if there is only one file, and it cannot be read
    :raises ValueError: if there is only one file and it is no sound, or the rate is not supported
    """

    live = False
    problem = ''
    ended = True

    def __init__(self, paths: Sequence[Path], rate_hz: int = 0) -> None:
        if rate_hz:
            check_rate(rate_hz)
        if len(paths) == 1:
            with open_sound(paths[0]):
                pass
        self._paths = list(paths)
        self._rate_hz = rate_hz
        self._log = SkipLog(LOG)
        self._parts = self._play()
        self._kept: SoundChunk | None = None

    def read(self, duration_s: float) -> SoundChunk | None:
        """Read the next chunk; files that cannot be read are skipped and logged."""
        kept, parts = self._kept, []
        if kept is None:
            kept = next(self._parts, None)
        if kept is None:
            return None
        first, wanted = kept, max(1, round(duration_s * kept.rate_hz)) * kept.channels
        while kept is not None and kept.name == first.name and wanted:
            parts.append(kept.samples[:wanted])
            wanted -= len(parts[-1])
            rest = kept.samples[len(parts[-1]) :]
            kept = _with_samples(kept, rest) if len(rest) else next(self._parts, None)
        self._kept = kept
        return _with_samples(first, np.concatenate(parts))

    def rewind(self) -> bool:
        """Start again from the first file."""
        self.close()
        self._parts, self._kept = self._play(), None
        return True

    def close(self) -> None:
        """Close the file that is open."""
        self._parts.close()

    def _play(self) -> Generator[SoundChunk, None, None]:
        """Read the files block by block."""
        for path in self._paths:
            try:
                yield from self._blocks_of(path)
            except (ValueError, OSError) as error:
                self._log.warn(f'skipped: {error}')

    def _blocks_of(self, path: Path) -> Generator[SoundChunk, None, None]:
        with open_sound(path) as sound:
            if self._rate_hz:
                converted = sound.samples(self._rate_hz)
                rate_hz, channels = self._rate_hz, 1
                blocks = (as_int16(block) for block in converted)
            else:
                rate_hz, channels = sound.rate_hz, sound.channels
                blocks = (_without_gaps(block) for block in sound.blocks())
            for block in blocks:
                if len(block):
                    yield SoundChunk(block, rate_hz, channels, path.name)
            if sound.problem:
                self._log.warn(sound.problem)


def sounds_in(folder: Path) -> list[Path]:
    """
    List the sound files of a folder, without its subfolders, in natural order.

    Hidden files are left out, and what would never end, such as a named pipe.
    """
    paths = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SOUND_SUFFIXES
        and path.name[0] != '.'
        and (path.is_file() or not path.exists())
    ]
    return sorted(paths, key=natural_order)


def _without_gaps(block: NDArray[np.float32]) -> NDArray[np.int16]:
    """Convert a block, ``(S, channels)``; values that are not finite become silence."""
    return as_int16(np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0).ravel())


def _with_samples(chunk: SoundChunk, samples: NDArray[np.int16]) -> SoundChunk:
    return SoundChunk(samples, chunk.rate_hz, chunk.channels, chunk.name)
