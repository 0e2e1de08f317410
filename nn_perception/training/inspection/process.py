"""
A process that looks into one model: ``process ADDRESS MODEL IDLE_S``.

See :func:`~nn_perception.training.inspection.serving.serve_until_idle` for what it says, and when
it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import sys

from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.processors import default_threads
from nn_perception.core.inspection.traced_network import TracedNetwork
from nn_perception.core.memory import keep_image_buffers
from nn_perception.training.inspection.inspectable import Inspectable
from nn_perception.training.inspection.local import LocalInspectable
from nn_perception.training.inspection.methods import inspectable_methods
from nn_perception.training.inspection.pictures import preparation_of
from nn_perception.training.inspection.server import Server
from nn_perception.training.inspection.serving import serve_until_idle
import torch

# Perception and the page have priority.
NICENESS = 5
MAX_THREADS = 2
# Threads would only wait for each other with an input of this size.
SMALL_PX = 64


class ModelViewers:
    """
    Looks into a checkpoint, for any number of viewers.

    :param model: name of a model or path of a checkpoint
    :raises OSError: if a file cannot be read
    :raises ValueError: if there is no such model, or it cannot be looked into
    """

    def __init__(self, model: str) -> None:
        self.checkpoint = find_checkpoint(model)
        torch.set_num_threads(_threads(self.checkpoint))
        network = load_network(self.checkpoint).requires_grad_(False)
        self._traced = TracedNetwork(network, example_of(self.checkpoint))
        self._prepare = preparation_of(
            self.checkpoint.network, self.checkpoint.image_preprocessing, self.checkpoint.labels
        )

    def open(self) -> Inspectable:
        """Return what one viewer looks with."""
        return LocalInspectable(self._traced, self._prepare, self.checkpoint.labels)


def example_of(checkpoint: Checkpoint) -> torch.Tensor:
    """Return an input of a network, all 0."""
    preprocessing = checkpoint.image_preprocessing
    return torch.zeros(1, preprocessing.channels, preprocessing.size, preprocessing.size)


def _threads(checkpoint: Checkpoint) -> int:
    small = checkpoint.image_preprocessing.size <= SMALL_PX
    return 1 if small else min(MAX_THREADS, default_threads())


def open_server(model: str, address: Path) -> Server:
    """
    Load a model, and serve it.

    :raises OSError: if a file cannot be read, or the socket cannot be created
    :raises ValueError: if there is no such model, or it cannot be looked into
    """
    viewers = ModelViewers(model)
    return Server(address, lambda: inspectable_methods(viewers.open()))


def main(arguments: Sequence[str]) -> int:
    """Look into a model; the entry point of the process."""
    address, model, idle_s = arguments
    os.nice(NICENESS)
    keep_image_buffers()
    return serve_until_idle(lambda: open_server(model, Path(address)), float(idle_s))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
