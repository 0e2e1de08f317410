"""
The messages of the WebSocket of the view Sound.

From the browser, as JSON: ``{"source": "none"}``, ``{"source": "browser"}`` before it sends the
sound of its own microphone, or ``{"source": "robot", "microphone": ID}``; and, after the second
one, blocks of sound: int16, little-endian, one channel, 16 kHz, at most a second each.

To the browser, as JSON: ``{"result": {...}, "stamp": NS, "inference_ms": MS}`` with the values of
:class:`~nn_perception.studio.backend.sounds.SoundResult` and the stamp as a string, and
``{"message": WORDS}``: what keeps the sound or the results from coming, empty if nothing does. And
blocks of the robot's sound: 8 bytes with the stamp in ns, then samples as above.
"""

from __future__ import annotations

from dataclasses import dataclass
import json
import struct

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ
from nn_perception.studio.backend.sounds import SoundBlock, SoundResult
from nn_perception.studio.sockets import MessageError, parse_object

NONE, BROWSER, ROBOT = 'none', 'browser', 'robot'
SOURCES = (NONE, BROWSER, ROBOT)
MAX_CHARACTERS = 4096
MAX_ID = 1024
SAMPLE_BYTES = 2
MAX_BLOCK_BYTES = SAMPLE_BYTES * SAMPLE_RATE_HZ


@dataclass(frozen=True)
class ListenTo:
    """
    A browser listens to something else.

    :param source: one of :data:`SOURCES`
    :param microphone: id of the robot's microphone; empty for other sources
    """

    source: str = NONE
    microphone: str = ''


def parse_text(text: str) -> ListenTo:
    """
    Read a text message.

    :raises MessageError: if no page of ours sends it
    """
    message = parse_object(text, MAX_CHARACTERS)
    source, microphone = message.get('source'), message.get('microphone', '')
    if source not in SOURCES:
        raise MessageError(f'source must be one of {", ".join(SOURCES)}')
    if not isinstance(microphone, str) or len(microphone) > MAX_ID:
        raise MessageError(f'microphone must be a text of up to {MAX_ID} characters')
    if (source == ROBOT) != bool(microphone):
        raise MessageError('the source robot, and only that, has a microphone')
    return ListenTo(source, microphone)


def check_block(block: bytes) -> bytes:
    """
    Check a block of sound.

    :raises MessageError: if no page of ours sends it
    """
    if not block or len(block) % SAMPLE_BYTES:
        raise MessageError(f'a block of sound has samples of 2 bytes, got {len(block)} bytes')
    if len(block) > MAX_BLOCK_BYTES:
        raise MessageError(f'a block of sound lasts at most a second, got {len(block)} bytes')
    return block


def sound_message(block: SoundBlock) -> bytes:
    """Write a block of the robot's sound."""
    return struct.pack('<Q', block.stamp_ns % 2**64) + block.samples


def result_message(result: SoundResult) -> str:
    """Write what was heard."""
    message = {
        'result': dict(result.values),
        'stamp': str(result.stamp_ns),
        'inference_ms': result.inference_ms,
    }
    return json.dumps(message)


def words_message(words: str) -> str:
    """Write why nothing comes."""
    return json.dumps({'message': words})
