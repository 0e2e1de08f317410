"""A run as a checkpoint that ``digit_reader`` or ``tagger`` loads."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nn_perception.core.inference.checkpoint import CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.networks.build import DEFINED
from nn_perception.core.networks.defined.definition import parse
from nn_perception.training.digits.training_loop import PREPROCESSING
from nn_perception.training.runs.checks import TRAIN_DIGITS
from nn_perception.training.runs.data.samples import RunData
from nn_perception.training.runs.learning.digits_learner import network_of
from nn_perception.training.runs.learning.learner import Learner
from nn_perception.training.runs.records import RunSettings

SOURCE = 'trained by a run of nn_perception on {data}'


def write_run_checkpoint(
    path: Path, learner: Learner, settings: RunSettings, data: RunData
) -> None:
    """
    Write a checkpoint.

    :raises OSError: if the file cannot be written
    """
    weights = {
        name: values.detach().contiguous().numpy()
        for name, values in learner.network.state_dict().items()
    }
    digest = hashlib.sha256()
    for values in weights.values():
        digest.update(values.tobytes())
    by_command = settings.recipe == TRAIN_DIGITS
    network = network_of(settings) if by_command else DEFINED
    metadata = CheckpointMetadata(
        network=network,
        labels=learner.labels,
        preprocessing=PREPROCESSING if by_command else data.preprocessing,
        version=f'{network}-seed{settings.seed}-epochs{learner.epoch}-{digest.hexdigest()[:12]}',
        source=SOURCE.format(data=settings.data),
        definition=None if by_command else parse(settings.network, len(learner.labels)),
    )
    write_checkpoint(path, weights, metadata)
