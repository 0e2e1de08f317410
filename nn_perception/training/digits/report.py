"""The result of a training: checkpoint, report and plots."""

from __future__ import annotations

from dataclasses import asdict
import hashlib
import json
import platform
from typing import Any

from nn_perception import __version__
from nn_perception.core.files.atomic import write_atomically
from nn_perception.core.inference.checkpoint import CheckpointMetadata, SUFFIX
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.training.digits.plots import (
    draw_confusion,
    draw_curves,
    draw_filters,
    draw_mistakes,
)
from nn_perception.training.digits.training_loop import evaluate, PREPROCESSING
from nn_perception.training.digits.training_run import as_batch, TrainingRun
from nn_perception.training.digits.training_set import LABELS
from nn_perception.training.evaluation import evaluate_predictions, Evaluation
import numpy as np
from numpy.typing import NDArray
import torch

REPORT_FILE = 'report.json'
LICENCE = 'Apache-2.0'
SOURCE = 'trained by nn_perception train-digits on MNIST'


def finish(run: TrainingRun) -> dict[str, Any]:
    """
    Test the network, write all files to the output folder, and remove the state.

    This is the only place that uses the test images.

    :returns: the report
    :raises OSError: if a file cannot be written
    """
    settings, output = run.options.settings, run.options.output
    logits = evaluate(run.state.average, as_batch(run.test_images, run.test_labels)[0])
    version = version_of(run)
    path = output / f'{settings.network}{SUFFIX}'
    write_checkpoint(
        path,
        weights_of(run),
        CheckpointMetadata(
            network=settings.network,
            labels=LABELS,
            preprocessing=PREPROCESSING,
            version=version,
            licence=LICENCE,
            source=SOURCE,
        ),
    )
    test = evaluate_predictions(run.test_labels, logits.argmax(1), LABELS)
    content = {'checkpoint': str(path), 'version': version} | report(run, test)
    write_atomically(output / REPORT_FILE, (json.dumps(content, indent=1) + '\n').encode())
    draw_curves(output / 'curves.png', run.state.history)
    draw_confusion(output / 'confusion.png', test)
    draw_filters(output / 'filters.png', first_layer_of(run))
    draw_mistakes(output / 'mistakes.png', run.test_images, run.test_labels, logits, LABELS)
    run.state_path.unlink(missing_ok=True)
    return content


def weights_of(run: TrainingRun) -> dict[str, NDArray[Any]]:
    """Return the averaged weights by name."""
    return {
        name: np.ascontiguousarray(values.numpy())
        for name, values in run.state.average.state_dict().items()
    }


def first_layer_of(run: TrainingRun) -> NDArray[np.float32]:
    """Return the weights of the first layer as images, ``(F, 1, H, W)``."""
    weights = run.state.average.first_layer
    assert isinstance(weights, torch.Tensor)
    filters: NDArray[np.float32] = weights.detach().numpy()
    return filters


def version_of(run: TrainingRun) -> str:
    """Return the version: network, seed, epochs and a hash of the weights."""
    digest = hashlib.sha256()
    for values in weights_of(run).values():
        digest.update(values.tobytes())
    settings = run.options.settings
    return (
        f'{settings.network}-seed{settings.seed}-epochs{settings.epochs}-{digest.hexdigest()[:12]}'
    )


def report(run: TrainingRun, test: Evaluation) -> dict[str, Any]:
    """
    Describe a training.

    :param test: evaluation of the averaged weights on MNIST's test images
    :returns: numbers, texts and lists
    """
    return {
        **test.to_json(),
        'network': run.options.settings.network,
        'parameters': sum(p.numel() for p in run.state.average.parameters()),
        'seconds': round(run.state.seconds, 1),
        'seed': run.options.settings.seed,
        'epochs': [asdict(epoch) for epoch in run.state.history],
        'settings': run.depends_on | {'threads': torch.get_num_threads()},
        'versions': {
            'nn_perception': __version__,
            'python': platform.python_version(),
            'torch': torch.__version__,
            'numpy': np.__version__,
        },
    }
