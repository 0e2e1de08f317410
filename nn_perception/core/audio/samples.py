"""Samples of a sound, and the window that a network hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Float32, (S,): one channel, from -1 to 1.
Samples = NDArray[np.float32]

# Of everything that is stored and recognised.
SAMPLE_RATE_HZ = 16_000
# A network hears so much at a time; clips of datasets have this length.
WINDOW_S = 1.0
WINDOW_SAMPLES = round(WINDOW_S * SAMPLE_RATE_HZ)


@dataclass(frozen=True)
class SoundWindow:
    """
    A window of a sound with the data of its capture.

    :param samples: float32, ``(WINDOW_SAMPLES,)``, at 16 kHz
    :param name: name to show to people: a file name, or the name of the source
    :param source: microphone, topic or file; all windows of a source belong to one stream
    :param stamp_s: time of the window's end in seconds
    :param frame_id: coordinate frame of the microphone; empty if unknown
    :param header: header that a result is published under; None if there was no message
    """

    samples: Samples
    name: str = ''
    source: str = ''
    stamp_s: float = 0.0
    frame_id: str = ''
    header: Any = None


def check_samples(samples: NDArray[Any], length: int = 0) -> None:
    """
    Reject what is no sound of one channel.

    :param length: number of samples that is expected; 0: any but none
    :raises ValueError: if it is not float32 of the shape ``(S,)`` with finite values
    """
    if samples.dtype != np.float32 or samples.ndim != 1 or not len(samples):
        raise ValueError(
            f'expected a sound of float32 with one axis, got {samples.dtype} of shape '
            f'{samples.shape}'
        )
    if length and len(samples) != length:
        raise ValueError(f'expected {length} samples, got {len(samples)}')
    if not np.isfinite(samples).all():
        raise ValueError('the sound contains values that are not finite')
