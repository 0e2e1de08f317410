"""The network for sounds in the process of the page."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.core.inference.run_options import RunOptions
from nn_perception.studio.backend.capabilities import CapabilityStatus
from nn_perception.studio.backend.sounds import SoundResult
import numpy as np
from numpy.typing import NDArray

# The network shares the process with the page.
SMALL = RunOptions(keep_buffers=False)


@dataclass(frozen=True)
class HearingChoice:
    """
    Which network for sounds is used, and how it is run.

    :param model: a model by name or file, or ``store:NAME`` for the active version of a fine-tuned
        model
    :param store_folder: folder of the model store; empty: ``models`` in the data folder
    :param run_options: how the network is run
    """

    model: str = 'store:sounds'
    store_folder: str = ''
    run_options: RunOptions = SMALL


class HearingStream:
    """A microphone whose sound comes in blocks, and is heard as it comes."""

    @property
    def message(self) -> str:
        """What keeps the network from hearing; empty if nothing does."""
        raise NotImplementedError

    def feed(self, samples: NDArray[np.int16], stamp_ns: int | None = None) -> list[SoundResult]:
        """
        Hear a block; each ends where the next one begins.

        :param samples: int16, ``(S,)``, one channel, 16 kHz
        :param stamp_ns: capture time of the first sample in nanoseconds; None: where the previous
            block ended, and now for the first
        :returns: of the windows that are complete with it; none while the network is being loaded
        :raises ValueError: if the samples are no sound
        """
        raise NotImplementedError

    def close(self) -> None:
        """Forget the stream."""
        raise NotImplementedError


class Hearing:
    """
    The network for sounds in the process of the page.

    It is loaded when the first stream needs it, and closed when nobody used it for a minute. All
    methods may be called from any thread.

    :param choice: which network is used
    """

    def __init__(self, choice: HearingChoice = HearingChoice()) -> None:
        self._choice = choice

    def open_stream(self, name: str) -> HearingStream:
        """Open a stream; :param name: no other open stream has it."""
        raise NotImplementedError

    def status(self) -> CapabilityStatus:
        """Describe the network."""
        raise NotImplementedError

    def change(self, setting: str, value: float) -> None:
        """
        Change a setting, for everybody who uses the network.

        :raises ValueError: if there is no such setting, or the value is out of range
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free the memory of the network."""
