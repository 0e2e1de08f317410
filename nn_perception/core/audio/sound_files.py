"""
Read sound files of any length, block by block, and write WAV files.

What can be read of a damaged file is read, and the damage is said. The content decides about the
kind of a file, not its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import io
import logging
import os
import re
import stat
import struct
import tempfile
from typing import Any

from nn_perception.core.audio.resampling import INT16_SCALE, Resampler
from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, Samples
from nn_perception.core.audio.sound_kinds import (
    HEADER_BYTES,
    is_cut_ogg,
    KINDS,
    TAIL_BYTES,
    why_no_sound,
)
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

# Of what is read into memory, and of what is streamed: a small file can claim to last for years.
READ_MAX_S = 600.0
STREAM_MAX_S = 86_400.0
# Of what is decoded from memory.
MAX_BYTES = 200_000_000
# So many values of all channels are in memory at a time.
BLOCK_VALUES = 1 << 16
# What programs that cannot go back write as the length of what they stream.
UNKNOWN_LENGTHS = (0, 0x7FFFFFFF, 0xFFFFFFFF)
_CUT = re.compile(r'(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)')
_WAV = struct.Struct('<4sI4s4sIHHIIHH4sI')


class OpenSound:
    """
    A sound file that is being read, see :func:`open_sound`.

    :ivar rate_hz: sampling rate
    :ivar channels: number of channels
    :ivar duration_s: by its header, None if that does not say; a damaged file may lie
    :ivar problem: what is wrong with it, as a sentence; complete when everything was read
    """

    def __init__(self, file: Any, name: str) -> None:
        self._file, self._name = file, name
        self.rate_hz, self.channels = int(file.samplerate), int(file.channels)
        # Checks both.
        Resampler(self.rate_hz, self.channels)
        self._claimed = int(file.frames)
        self._read = 0
        duration_s = self._claimed / self.rate_hz
        self.duration_s = duration_s if 0.0 < duration_s <= STREAM_MAX_S else None
        self.problem = self._cut_by_header()

    @property
    def read_s(self) -> float:
        """How many seconds of it were read."""
        return self._read / self.rate_hz

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """
        Read the sound at its own rate.

        :returns: float32, ``(S, channels)`` each; values of float files may be out of -1 to 1, and
            not finite
        """
        frames = max(1, BLOCK_VALUES // self.channels)
        while self._read < STREAM_MAX_S * self.rate_hz:
            block, failed = self._next(frames)
            self._read += len(block)
            if len(block):
                yield block
            if failed:
                self.add_problem(f'it is damaged after {self.read_s:.1f} s: {failed}')
                return
            if not len(block):
                self._check_end()
                return
        self.add_problem(f'it is longer than {STREAM_MAX_S / 3600.0:.0f} h; the rest is not read')

    def samples(self, rate_hz: int = SAMPLE_RATE_HZ) -> Iterator[Samples]:
        """
        Read the sound as one channel.

        :param rate_hz: that it is converted to
        :returns: float32, ``(S,)`` each, from -1 to 1
        """
        resampler = Resampler(self.rate_hz, self.channels, rate_hz)
        for block in self.blocks():
            yield resampler.convert(block)
        yield resampler.finish()
        if resampler.replaced:
            self.add_problem(
                f'{resampler.replaced} of its values are not finite; they are taken as silence'
            )

    def _next(self, frames: int) -> tuple[NDArray[np.float32], str]:
        """Read a block, ``(S, channels)``, and say why it ends early."""
        out = np.zeros((frames, self.channels), np.float32)
        try:
            return self._file.read(frames, dtype='float32', always_2d=True, out=out), ''
        except (RuntimeError, ValueError) as error:
            # The samples before the damage are there.
            return out[: self._file.tell() - self._read], str(error)

    def add_problem(self, what: str) -> None:
        """Say one more thing that is wrong with it."""
        self.problem = f'{self.problem}; {what}' if self.problem else f'{self._name}: {what}'

    def _cut_by_header(self) -> str:
        """Say that the header promises more than there is; empty if it does not."""
        match = _CUT.search(self._file.extra_info)
        if match is None or int(match[1]) in UNKNOWN_LENGTHS or int(match[1]) <= int(match[2]):
            return ''
        percent = min(99, max(1, round(100.0 * int(match[2]) / int(match[1]))))
        return f'{self._name}: it is cut, {percent} % of it are there'

    def _check_end(self) -> None:
        """Say that the file ends before the end that its header promises."""
        # Encoders of MP3 add up to two blocks.
        missing = self._claimed - self._read
        if self.duration_s is not None and missing > 0.1 * self.rate_hz:
            self.add_problem(f'it is cut, {self.read_s:.1f} of {self.duration_s:.1f} s are there')


@contextmanager
def open_sound(path: str | os.PathLike[str]) -> Iterator[OpenSound]:
    """
    Open a sound file; it is read block by block, so its length does not matter.

    :param path: of a WAV, FLAC, OGG (Vorbis or Opus), MP3 or AIFF file
    :raises OSError: if the file cannot be read
    :raises ValueError: if it is no sound, or of a kind that is not supported
    """
    name = os.fspath(path)
    # A named pipe would be waited for.
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f'{name} is not a file')
        with _opened(descriptor, name) as sound:
            yield sound
    finally:
        os.close(descriptor)


def read_sound(path: str | os.PathLike[str], max_s: float = READ_MAX_S) -> Samples:
    """
    Read a sound file as one channel at 16 kHz; what is wrong with it is logged.

    :param path: as of :func:`open_sound`
    :param max_s: of the longest sound that is read
    :returns: float32, ``(S,)``, from -1 to 1
    :raises OSError: if the file cannot be read
    :raises ValueError: if it is no sound, contains none, or lasts longer
    """
    with open_sound(path) as sound:
        return _all_of(sound, os.fspath(path), max_s)


def decode_sound(encoded: bytes, max_s: float = READ_MAX_S, name: str = 'the sound') -> Samples:
    """
    Decode a sound file in memory, see :func:`read_sound`.

    :param encoded: content of the file
    :param name: that messages begin with
    """
    if len(encoded) > MAX_BYTES:
        raise ValueError(f'{name} is larger than {MAX_BYTES // 1_000_000} MB')
    with tempfile.TemporaryFile() as file:
        file.write(encoded)
        file.flush()
        with _opened(file.fileno(), name) as sound:
            return _all_of(sound, name, max_s)


def encode_wav(samples: NDArray[Any]) -> bytes:
    """
    Encode a sound as a WAV file of 16 bit, one channel and 16 kHz.

    :param samples: ``(S,)`` at 16 kHz; int16, or float from -1 to 1, beyond which it is clipped
    :raises ValueError: if it has another shape or type, or values that are not finite
    """
    content = as_int16(samples).astype('<i2').tobytes()
    rate_hz, size = SAMPLE_RATE_HZ, len(content)
    return (
        _WAV.pack(
            *(b'RIFF', 36 + size, b'WAVE', b'fmt ', 16, 1, 1, rate_hz, 2 * rate_hz, 2, 16),
            *(b'data', size),
        )
        + content
    )


def as_int16(samples: NDArray[Any]) -> NDArray[np.int16]:
    """
    Convert samples to 16 bit; the inverse of what is done to read them.

    :param samples: ``(S,)``; int16, or float from -1 to 1, beyond which it is clipped
    :raises ValueError: if it has another shape or type, or values that are not finite
    """
    if samples.ndim != 1 or not (samples.dtype == np.int16 or samples.dtype.kind == 'f'):
        raise ValueError(
            f'expected samples of int16 or float with one axis, got {samples.dtype} of shape '
            f'{samples.shape}'
        )
    if samples.dtype == np.int16:
        return samples
    if not np.isfinite(samples).all():
        raise ValueError('the sound contains values that are not finite')
    scaled = np.rint(samples.astype(np.float64) * INT16_SCALE)
    return scaled.clip(-INT16_SCALE, INT16_SCALE - 1.0).astype(np.int16)


@contextmanager
def _opened(descriptor: int, name: str) -> Iterator[OpenSound]:
    """Open a sound by the descriptor of its file, which stays open."""
    header = os.pread(descriptor, HEADER_BYTES, 0)
    if problem := why_no_sound(header):
        raise ValueError(f'{name} {problem}')
    os.lseek(descriptor, 0, io.SEEK_SET)
    soundfile = _library()
    try:
        file = soundfile(descriptor)
    except (RuntimeError, ValueError, TypeError) as error:
        raise ValueError(
            f'{name} is damaged, or a kind of sound that cannot be read ({KINDS} can): {error}'
        ) from error
    with file:
        try:
            sound = OpenSound(file, name)
        except ValueError as error:
            raise ValueError(f'{name}: {error}') from error
        if is_cut_ogg(header, _tail(descriptor)):
            sound.add_problem('it is cut, its last part is missing')
        yield sound


def _tail(descriptor: int) -> bytes:
    """Read the end of a file."""
    return os.pread(descriptor, TAIL_BYTES, max(0, os.fstat(descriptor).st_size - TAIL_BYTES))


def _library() -> Any:
    """
    Import the library that decodes sound files.

    :returns: opens a file by its descriptor, to be read from beginning to end
    :raises OSError: if it is not installed
    """
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise OSError(f'sound files need the package soundfile and libsndfile: {error}') from error

    class Stream(soundfile.SoundFile):  # type: ignore[misc]
        """Reads on and on: soundfile seeks after each block, which damaged files do not bear."""

        def __init__(self, descriptor: int) -> None:
            super().__init__(descriptor, closefd=False)

        def seekable(self) -> bool:
            return False

    return Stream


def _all_of(sound: OpenSound, name: str, max_s: float) -> Samples:
    """Read a sound into memory."""
    parts: list[Samples] = []
    count = 0
    for part in sound.samples():
        count += len(part)
        if count > max_s * SAMPLE_RATE_HZ:
            raise ValueError(f'{name} is longer than {max_s:g} s')
        parts.append(part)
    if not count:
        raise ValueError(sound.problem or f'{name} contains no sound')
    if sound.problem:
        LOG.warning('%s', sound.problem)
    return np.concatenate(parts)
