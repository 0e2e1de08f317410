"""The interface of all engines."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray


class Engine(ABC):
    """
    A network that is ready to run.

    :ivar name: ``onnxruntime`` or ``torch``
    :ivar device: ``cpu`` or ``cuda``
    :ivar description: engine, device and precision, in one line
    """

    name: str
    device: str
    description: str

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """
        Run a network that has one output, as classifiers do; see :meth:`outputs`.

        :returns: float32, ``(N, L)``, for classifiers one value per label
        """
        return self.outputs(batch)[0]

    @abstractmethod
    def outputs(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """
        Run the network.

        :param batch: float32, ``(N, C, H, W)``
        :returns: the outputs of the network, float32, ``(N, ...)`` each
        :raises ValueError: if dtype, number of axes or number of channels is wrong
        :raises RuntimeError: if the network cannot be run on it, or the engine is closed
        """

    @abstractmethod
    def close(self) -> None:
        """Free the memory of the network; closing twice has no effect."""
