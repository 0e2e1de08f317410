"""A network and what runs it."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.engine import Engine, open_engine
from nn_perception.core.inference.model_zoo import find_checkpoint


@dataclass(frozen=True)
class Stage:
    """A network and what runs it."""

    checkpoint: Checkpoint
    engine: Engine

    @classmethod
    def open(
        cls, model: str, *, engine: str, device: str, threads: int, streams: int = 1
    ) -> Stage:
        """
        Load a network.

        :param model: see :func:`nn_perception.core.inference.model_zoo.find_checkpoint`
        :param engine: the other arguments: see :func:`nn_perception.core.inference.engine.open_engine`
        :raises OSError: if a file cannot be read or weights cannot be had
        :raises ValueError: if an argument or the checkpoint is not usable
        :raises RuntimeError: if the network cannot be loaded
        """
        checkpoint = find_checkpoint(model)
        running = open_engine(
            checkpoint, engine=engine, device=device, threads=threads, streams=streams
        )
        return cls(checkpoint, running)
