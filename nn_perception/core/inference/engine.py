"""What all engines have in common: a network that is ready to run."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray


class Engine(ABC):
    """
    A network that is ready to run.

    :ivar name: ``onnxruntime`` or ``torch``
    :ivar device: ``cpu`` or ``cuda``
    :ivar description: what runs where, in one line
    """

    name: str
    device: str
    description: str

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """
        Run a network that has one output, as classifiers do; see :meth:`outputs`.

        :returns: float32, ``(N, L)``, a value for each label
        """
        return self.outputs(batch)[0]

    @abstractmethod
    def outputs(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """
        Run the network.

        :param batch: float32, ``(N, C, H, W)``, with the channels that the network takes
        :returns: each output of the network, float32, the first axis N long
        :raises ValueError: if the batch is of another type, number of axes or of channels
        :raises RuntimeError: if the network cannot be run on it, or the engine is closed
        """

    @abstractmethod
    def close(self) -> None:
        """Free the network's memory; closing twice does nothing."""
