"""
Datasets of sounds: clips of one second.

A sound of any length becomes clips like this: one second after the other, and what is left at the
end becomes one more clip if it is at least half a second, the last second of the sound. A sound
that is shorter than a second is put into the middle of a clip, with silence around it; of one that
is shorter than one second and a half, the loudest second is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import hashlib
import logging
from pathlib import Path
import re

from nn_perception.capabilities.sounds.defaults import BACKGROUND, DEFAULT_SOUND_MODEL
from nn_perception.core.audio.levels import clipping_share, FLOOR_DB, level_db
from nn_perception.core.audio.samples import (
    check_samples,
    SAMPLE_RATE_HZ,
    Samples,
    WINDOW_SAMPLES,
)
from nn_perception.core.audio.sound_files import decode_sound, encode_wav, open_sound
from nn_perception.core.audio.sound_kinds import SOUND_SUFFIXES
from nn_perception.core.command_name import command_name
from nn_perception.core.quoting import quoted
from nn_perception.training.datasets.media.medium import (
    Medium,
    Part,
    Similarity,
    suffix_reasons,
    Words,
)
import numpy as np

LOG = logging.getLogger(__name__)

THE_SOUND = 'the sound'
# What is left at the end of a sound becomes a clip if it has so many samples.
MIN_REST = WINDOW_SAMPLES // 2
# A tenth of a second; the shortest words have two.
MIN_SAMPLES = SAMPLE_RATE_HZ // 10
# The loudest second is searched for in steps of 10 ms.
STEP = SAMPLE_RATE_HZ // 100
# Words of Speech Commands have -41 to -10 dB.
QUIET_DB = -50.0
# At full scale, where the peaks of the wave are missing; good recordings have at most 0.4 %.
MAX_CLIPPED_PERCENT = 1.0
# In characters.
MAX_RECORDING = 100
# <speaker>_nohash_<number>, as the files of Speech Commands are named.
SPEAKER = re.compile(r'([0-9a-f]{6,})_nohash_\d+')
OTHER_SOUNDS = {
    'sounds of this kind cannot be read; convert them to WAV or FLAC, for example with ffmpeg': (
        '.aac', '.ac3', '.amr', '.ape', '.m4a', '.m4b', '.mka', '.mid', '.ra', '.webm', '.wma',
        '.wv',
    ),
    'a video is no sound; save its sound as WAV or FLAC': (
        '.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpg', '.wmv',
    ),
}  # fmt: skip


def cut(blocks: Iterable[Samples], name: str = THE_SOUND) -> Iterator[tuple[int, Samples]]:
    """
    Cut a sound of any length into clips; three seconds of it are in memory at a time.

    :param blocks: the sound, float32, ``(S,)`` each, at 16 kHz
    :param name: that errors begin with
    :returns: first sample of each clip, negative if silence comes before the sound; and the clip,
        float32, ``(WINDOW_SAMPLES,)``
    :raises ValueError: if the sound is shorter than a tenth of a second, or no sound
    """
    start, held = 0, np.zeros(0, np.float32)
    for block in blocks:
        if not len(block):
            continue
        check_samples(block)
        held = np.concatenate([held, block])
        # The last clip may need the second before it.
        while len(held) >= 2 * WINDOW_SAMPLES:
            yield start, held[:WINDOW_SAMPLES]
            start, held = start + WINDOW_SAMPLES, held[WINDOW_SAMPLES:]
    if len(held) < MIN_SAMPLES:
        length_s = len(held) / SAMPLE_RATE_HZ
        raise ValueError(f'{name} is only {length_s:.2f} s long; 0.1 s are needed')
    rest = len(held) - WINDOW_SAMPLES
    if rest < 0:
        before = -rest // 2
        yield -before, np.pad(held, (before, -rest - before))
    elif rest >= MIN_REST:
        yield start, held[:WINDOW_SAMPLES]
        yield start + rest, held[rest:]
    else:
        at = 0 if start else _loudest(held)
        yield start + at, held[at : at + WINDOW_SAMPLES]


def as_clip(blocks: Iterable[Samples], name: str = THE_SOUND) -> Samples:
    """
    Make a sound that is shorter than one second and a half one clip.

    :raises ValueError: if it is longer, too short, or no sound
    """
    clips = cut(blocks, name)
    _, clip = next(clips)
    if next(clips, None) is not None:
        raise ValueError(
            f"{name} is longer than a clip of one second; '{command_name()} dataset import' cuts "
            'it into clips'
        )
    return clip


def clip_parts(
    blocks: Iterable[Samples], recording: str = '', name: str = THE_SOUND
) -> Iterator[Part]:
    """
    Cut a sound into clips, as a dataset stores them.

    :param recording: names the recording; by default, one that is cut gets a name of its own
    """
    clips = cut(blocks, name)
    start, clip = next(clips)
    following = next(clips, None)
    if not recording and following is not None:
        recording = hashlib.sha256(clip.tobytes()).hexdigest()[:12]
    yield _part(start, clip, recording)
    while following is not None:
        yield _part(*following, recording)
        following = next(clips, None)


def loudness(clip: Samples) -> float:
    """
    Measure a clip.

    :param clip: float32, ``(S,)``, from -1 to 1
    :returns: its level in dB relative to full scale, at least -120, which silence of zeros has;
        if it is overdriven, how many percent of its samples are, which is positive
    """
    clipped_percent = 100.0 * clipping_share(clip)
    return clipped_percent if clipped_percent > MAX_CLIPPED_PERCENT else min(0.0, level_db(clip))


def speaker_of(name: str) -> str:
    """Return the speaker of a file that is named as those of Speech Commands are; else nothing."""
    found = SPEAKER.match(name)
    return found[1] if found else ''


def checked_recording(text: str) -> str:
    """
    Check the name of a recording.

    :raises ValueError: if it is too long, or cannot be printed
    """
    if len(text) > MAX_RECORDING or not text.isprintable():
        raise ValueError(
            f'the name of a recording has at most {MAX_RECORDING} characters that can be printed, '
            f'got {quoted(text)}'
        )
    return text


def _part(start: int, clip: Samples, recording: str) -> Part:
    return Part(encode_wav(clip), max(0, start) * 1_000_000_000 // SAMPLE_RATE_HZ, recording)


def _loudest(sound: Samples) -> int:
    """Return the first sample of the loudest second."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    starts = np.arange(0, len(sound) - WINDOW_SAMPLES + 1, STEP)
    return int(starts[np.argmax(energy[starts + WINDOW_SAMPLES] - energy[starts])])


def _read(path: Path) -> Samples:
    with open_sound(path) as sound:
        return as_clip(sound.samples(), str(path))


def _parts(path: Path) -> Iterator[Part]:
    with open_sound(path) as sound:
        yield from clip_parts(sound.samples(), speaker_of(path.name), str(path))
        if sound.problem:
            LOG.warning('%s', sound.problem)


def _unpacked_parts(content: bytes, recording: str) -> Iterator[Part]:
    yield from clip_parts([decode_sound(content, name='it')], recording, 'it')


def _fault(quality: float, label: str) -> str:
    if quality <= FLOOR_DB:
        return 'nothing but zeros: the microphone was muted or switched off'
    if quality > 0.0:
        return 'overdriven; turn the microphone down, or move away from it'
    if quality < QUIET_DB and label != BACKGROUND:
        return 'almost silent; turn the microphone up, or move closer to it'
    return ''


SOUNDS = Medium(
    name='sound',
    base=DEFAULT_SOUND_MODEL,
    words=Words('sound', 'clip', 'sound', 'record it another time, or another voice', 'record'),
    suffixes=SOUND_SUFFIXES,
    stored_suffix='.wav',
    reasons=suffix_reasons(OTHER_SOUNDS),
    single={},
    read=_read,
    parts=_parts,
    unpacked_parts=_unpacked_parts,
    quality=loudness,
    fault=_fault,
    # A clip at two levels reaches 0.999, shifted by 10 ms 0.973 to 0.992; the same word of others
    # stays below 0.97, that of the same speaker mostly below 0.98, and other noise below 0.985.
    similarity=Similarity(near_duplicate=0.99, same_scene=-1.0),
    recording_of=speaker_of,
)
