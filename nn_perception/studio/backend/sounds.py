"""The microphones of the robot, and what is heard, as the page sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.capabilities import CapabilityStatus
from nn_perception.studio.backend.fine_tuning import FineTuning


@dataclass(frozen=True)
class SoundBlock:
    """
    A part of a sound, converted once for all who listen.

    :param stamp_ns: capture time of the first sample in nanoseconds
    :param samples: int16, one channel, 16 kHz, little-endian
    """

    stamp_ns: int
    samples: bytes


@dataclass(frozen=True)
class SoundResult:
    """
    What a network heard in one window.

    :param stamp_ns: end of the window in nanoseconds
    :param values: ``{'tags': [{'label': L, 'score': S}, ...], 'level_db': D, 'speech': P}``;
        the level is in dB relative to full scale, the probability of speech is None if unknown
    :param inference_ms: time that the networks took; None if unknown
    """

    stamp_ns: int
    values: Mapping[str, Any]
    inference_ms: float | None = None


class SoundListener(Protocol):
    """Whoever listens to a microphone; called in any thread, and returns at once."""

    def on_sound(self, block: SoundBlock) -> None:
        """Receive a part of the sound, about ten a second, each where the previous one ended."""

    def on_result(self, result: SoundResult) -> None:
        """Receive what was heard."""


class Listening(Protocol):
    """A microphone that somebody listens to."""

    def close(self) -> None:
        """Stop; nothing is received or computed for this listener any more."""


class Sounds(Protocol):
    """
    The microphones of the robot, the network that hears, and what it is taught.

    :attr:`fine_tuning` stores clips of one second instead of pictures: ``add_frame`` takes a sound
    file of any length and cuts it, ``picture`` returns the WAV file of a clip, and a recording
    stores the sound of the microphone clip by clip.
    """

    @property
    def fine_tuning(self) -> FineTuning:
        """The dataset of clips, the job and the versions."""

    def list(self) -> Sequence[CameraInfo]:
        """
        List the microphones that exist now.

        The kind is ``topic``, ``microphone`` (of this machine), ``samples`` or ``file``.
        """

    def listen(self, microphone: str, listener: SoundListener) -> Listening:
        """
        Receive a microphone's sound, and what the network hears in it.

        :raises ValueError: if there is no such microphone
        """

    def silence_reason(self, microphone: str) -> str:
        """Say why no sound arrives; empty if sound arrives or nothing is known."""

    def status(self) -> CapabilityStatus:
        """Describe the network that hears; its capability is ``sounds``."""

    def change(self, setting: str, value: float) -> None:
        """Change a setting of the network, ``min_score`` or ``overlap`` for example."""
