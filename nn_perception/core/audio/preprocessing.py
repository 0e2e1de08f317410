"""Convert windows of sound to the input batch of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nn_perception.core.audio.samples import check_samples, SAMPLE_RATE_HZ, Samples
import numpy as np
from numpy.typing import NDArray

MAX_LENGTH = 160_000


@dataclass(frozen=True)
class SoundPreprocessing:
    """
    Stack windows of sound; networks compute their spectrograms themselves.

    A batch has the axes of a batch of images, so that one engine runs both kinds of network.

    :param length: number of samples that the network hears at a time
    :param sample_rate_hz: rate of these samples; always 16 kHz
    :raises ValueError: if a value is out of range
    """

    length: int
    sample_rate_hz: int = SAMPLE_RATE_HZ

    channels = 1

    def __post_init__(self) -> None:
        """Check the values."""
        if not 1 <= self.length <= MAX_LENGTH:
            raise ValueError(f'preprocessing length must be 1 to {MAX_LENGTH}, got {self.length}')
        if self.sample_rate_hz != SAMPLE_RATE_HZ:
            raise ValueError(
                f'preprocessing sample_rate must be {SAMPLE_RATE_HZ}, got {self.sample_rate_hz}'
            )

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape of one window in a batch: channels, height and width."""
        return self.channels, 1, self.length

    @classmethod
    def from_json(cls, values: Any) -> SoundPreprocessing:
        """
        Create from the result of :meth:`to_json`.

        :raises ValueError: if a field is missing or has the wrong type
        """
        if not isinstance(values, dict):
            raise ValueError(f'preprocessing must be an object, got {type(values).__name__}')
        try:
            return cls(int(values['length']), int(values['sample_rate']))
        except KeyError as error:
            raise ValueError(f'preprocessing lacks {error}') from error
        except TypeError as error:
            raise ValueError(f'preprocessing is malformed: {error}') from error

    def to_json(self) -> dict[str, Any]:
        """Convert to a dictionary that can be written as JSON."""
        return {'sample_rate': self.sample_rate_hz, 'length': self.length}

    def __call__(self, windows: Sequence[Samples]) -> NDArray[np.float32]:
        """
        Convert windows to a batch.

        :param windows: at least one; float32, ``(length,)`` each, from -1 to 1
        :returns: float32, ``(N, 1, 1, length)``
        :raises ValueError: if there is none, or one has another shape or type
        """
        if not windows:
            raise ValueError('expected at least one window')
        for window in windows:
            check_samples(window, self.length)
        return np.stack(windows)[:, None, None, :]
