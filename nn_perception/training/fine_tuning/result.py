"""What a training tells while it goes on, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nn_perception.core.inference.checkpoint import (
    Checkpoint,
    CheckpointMetadata,
    write_checkpoint,
)
from nn_perception.training.datasets.labelled_frames import Sample
from nn_perception.training.epoch import Epoch
from nn_perception.training.evaluation import Evaluation
from numpy.typing import NDArray

SOURCE = 'taught by nn_perception from'


@dataclass(frozen=True)
class Progress:
    """
    How far a training is.

    :param stage: ``frames``, ``head``, ``network`` or ``report``
    :param done: of the stage, in ``[0, 1]``
    :param epoch: what the last epoch gave, if there are epochs
    :param max_epochs: how many there will be at most, 0 if there are none
    :param warnings: what was found wrong with the frames up to now
    """

    stage: str
    done: float
    epoch: Epoch | None = None
    max_epochs: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class FineTuned:
    """
    A taught network.

    :param base: what it began with
    :param labels: what it was taught, sorted
    :param weights: of the network and of what it knows as unknown, by name
    :param version: base, what changed, seed, and a hash of the weights
    :param evaluation: on the frames that were kept apart
    :param held_out: those frames
    :param history: what each epoch gave; empty for ``head``
    :param report: all that is known of it, as numbers, texts and lists
    """

    base: Checkpoint
    labels: tuple[str, ...]
    weights: Mapping[str, NDArray[Any]] = field(repr=False)
    version: str
    evaluation: Evaluation
    held_out: tuple[Sample, ...]
    history: tuple[Epoch, ...]
    report: dict[str, Any]

    def write(self, path: str | Path) -> Checkpoint:
        """
        Write a checkpoint that a tagger opens.

        :raises OSError: if it cannot be written
        """
        write_checkpoint(
            path,
            self.weights,
            CheckpointMetadata(
                network=self.base.network,
                labels=self.labels,
                preprocessing=self.base.preprocessing,
                version=self.version,
                licence=self.base.licence,
                source=f'{SOURCE} {self.base.version}',
                head=self.base.head,
                taught_from=f'{self.base.network} {self.base.version}',
                features=self.base.features,
            ),
        )
        return Checkpoint.read(path)
