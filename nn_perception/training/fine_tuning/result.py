"""The result of fine-tuning: weights, evaluation and report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
import hashlib
from pathlib import Path
import time
from typing import Any

from nn_perception.capabilities.tagging.out_of_distribution import OutOfDistributionModel
from nn_perception.core.inference.checkpoint import (
    Checkpoint,
    CheckpointMetadata,
    MEASURED_PREFIX,
    OUT_OF_DISTRIBUTION_PREFIX,
)
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.training.datasets.checks import CheckedFrames
from nn_perception.training.datasets.features import load_features
from nn_perception.training.datasets.labelled_frames import LabelledFrame
from nn_perception.training.datasets.split import Split
from nn_perception.training.epoch import Epoch
from nn_perception.training.evaluation import (
    calibration_error,
    evaluate_predictions,
    Evaluation,
)
from nn_perception.training.fine_tuning.augmented_clips import Copies
from nn_perception.training.fine_tuning.linear_head import (
    CrossValidationResult,
    fit,
    fit_temperature,
    LinearHead,
)
from nn_perception.training.fine_tuning.settings import FineTuneSettings
import numpy as np
from numpy.typing import NDArray

SOURCE = 'fine-tuned by nn_perception from'


@dataclass(frozen=True)
class Backbone:
    """
    A backbone, and a head that was fitted to its embeddings of the training frames.

    :param embeddings: its embeddings of all frames, ``(N, D)``
    :param head: classifies them; has not seen the held-out frames
    :param weights: weights of the backbone, by name; None: those of the base
    :param history: metrics of each epoch; empty if the backbone was not trained
    """

    embeddings: NDArray[np.float32]
    head: LinearHead
    weights: Mapping[str, NDArray[Any]] | None = None
    history: tuple[Epoch, ...] = ()


@dataclass(frozen=True)
class FineTunedModel:
    """
    A fine-tuned network.

    :param base: network that it started from
    :param weights: weights of the network and of its out-of-distribution score, by name
    :param evaluation: on the held-out frames
    :param held_out: these frames
    :param history: metrics of each epoch; empty for ``head``
    :param report: all of its facts, as numbers, texts and lists
    """

    base: Checkpoint
    weights: Mapping[str, NDArray[Any]] = field(repr=False)
    evaluation: Evaluation
    held_out: tuple[LabelledFrame, ...]
    history: tuple[Epoch, ...]
    report: dict[str, Any]

    @property
    def labels(self) -> tuple[str, ...]:
        """Its labels, sorted."""
        return self.evaluation.labels

    @property
    def version(self) -> str:
        """Its base, what was trained, and a hash of the weights."""
        return str(self.report['version'])

    def write(self, path: str | Path) -> Checkpoint:
        """
        Write a checkpoint that a tagger opens.

        :raises OSError: if the file cannot be written
        """
        definition = self.base.definition
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
                fine_tuned_from=f'{self.base.network} {self.base.version}',
                features=self.base.features,
                definition=definition and definition.with_head(len(self.labels)),
            ),
        )
        return Checkpoint.read(path)


@dataclass(frozen=True)
class Training:
    """
    Everything that a fine-tuned model is made from.

    :param data: frames and embeddings of the base
    :param split: training and held-out frames
    :param settings: settings of the training
    :param cross_validation: shrinkage and temperature of the heads
    :param backbone: backbone with the head that is measured
    :param copies: augmented copies of training clips, to which heads are fitted as well
    """

    data: CheckedFrames
    split: Split
    settings: FineTuneSettings
    cross_validation: CrossValidationResult
    backbone: Backbone
    copies: Copies

    def result(self, began_s: float) -> FineTunedModel:
        """
        Measure the model on the held-out frames, and calibrate it there.

        :param began_s: start of the training on the monotonic clock
        """
        data, held_out = self.data, self.split.held_out
        truth = data.classes[held_out]
        logits = self.backbone.head.logits(self.backbone.embeddings[held_out])
        temperature = fit_temperature(logits, truth)
        predicted = logits.argmax(axis=1)
        evaluation = evaluate_predictions(truth, predicted, data.labels)
        similarity = data.base.last_layer_embedding(self.backbone.embeddings)
        unknown = OutOfDistributionModel.fit(similarity, self.split.training, held_out)
        weights = {
            **(self.backbone.weights or _backbone_weights(data.base)),
            **unknown.to_tensors(),
            **self._head_weights(temperature),
        }
        report = {
            **evaluation.to_json(),
            'version': f'{data.base.name}-{self.settings.unfreeze}-{_hash(weights)}',
            **self._report(),
            'held_out': self._held_out(predicted),
            'temperature': temperature,
            'calibration_error': calibration_error(logits / temperature, truth),
            'calibration_error_before': calibration_error(logits, truth),
            'unknown_distance': unknown.threshold,
            'seconds': round(time.monotonic() - began_s, 2),
        }
        return FineTunedModel(
            base=data.base,
            weights=weights,
            evaluation=evaluation,
            held_out=tuple(data.frames[index] for index in held_out),
            history=self.backbone.history,
            report=report,
        )

    def _head_weights(self, temperature: float) -> dict[str, NDArray[np.float32]]:
        """Return the final head, fitted to all frames, and the measured one, by tensor name."""
        data, copies = self.data, self.copies
        embeddings = copies.appended_to(self.backbone.embeddings)
        classes = np.concatenate([data.classes, data.classes[copies.sources]])
        final = fit(embeddings, classes, len(data.labels), self.cross_validation)
        weights = {}
        for prefix, head in (
            (f'{data.base.head_layer}.', final),
            (MEASURED_PREFIX, self.backbone.head),
        ):
            scaled = head.temperature_scaled(temperature)
            weights[f'{prefix}weight'] = scaled.weight.astype(np.float32)
            weights[f'{prefix}bias'] = scaled.bias.astype(np.float32)
        return weights

    def _held_out(self, predicted: NDArray[np.int64]) -> list[dict[str, str]]:
        """Name each held-out frame, its label and its prediction."""
        labels, frames = self.data.labels, self.data.frames
        return [
            {
                'sha256': frames[index].sha256,
                'label': frames[index].label,
                'predicted': labels[one],
            }
            for index, one in zip(self.split.held_out, predicted, strict=True)
        ]

    def _report(self) -> dict[str, Any]:
        """Describe the training, apart from what was measured on the held-out frames."""
        data = self.data
        return {
            'base': data.base.version,
            'medium': data.medium.name,
            'settings': asdict(self.settings),
            'frames': {
                label: int((data.classes == index).sum())
                for index, label in enumerate(data.labels)
            },
            'trained_with': len(self.split.training),
            'warnings': [*data.warnings, *self.split.warnings(data.medium.words)],
            'epochs': [asdict(epoch) for epoch in self.backbone.history],
            'shrinkage': self.cross_validation.shrinkage,
            'cross_validation_accuracy': self.cross_validation.accuracy,
        }


def measure(checkpoint: Path, frames: Sequence[LabelledFrame]) -> float | None:
    """
    Measure a fine-tuned model in the same way as :meth:`Training.result` does: with the head that
    has not seen held-out frames, and without the out-of-distribution score.

    :returns: share of the frames that are classified correctly, in ``[0, 1]``; None if none of
        them can be read
    :raises OSError: if the checkpoint cannot be read
    :raises ValueError: if the checkpoint is not usable
    :raises RuntimeError: if the network cannot be run
    """
    model = Checkpoint.read(checkpoint)
    head = _measured_head(model)
    features, _ = load_features(frames, model)
    found = [frame for frame in frames if frame.sha256 in features]
    if not found:
        return None
    logits = head.logits(np.stack([features[frame.sha256].embedding for frame in found]))
    right = sum(
        model.labels[int(row.argmax())] == frame.label
        for row, frame in zip(logits, found, strict=True)
    )
    return right / len(found)


def _measured_head(checkpoint: Checkpoint) -> LinearHead:
    """Read the head that has not seen held-out frames; older checkpoints have a single one."""
    weights = checkpoint.weights()
    for prefix in (MEASURED_PREFIX, f'{checkpoint.head_layer}.'):
        weight = weights.get(f'{prefix}weight')
        if weight is not None and weight.ndim == 2:
            return LinearHead(weight, weights.get(f'{prefix}bias', np.zeros(len(weight))))
    raise ValueError(f'{checkpoint.path} has no linear head')


def _backbone_weights(base: Checkpoint) -> dict[str, NDArray[Any]]:
    """Return the weights without the head and the out-of-distribution score."""
    dropped = (f'{base.head_layer}.', OUT_OF_DISTRIBUTION_PREFIX, MEASURED_PREFIX)
    return {
        name: values for name, values in base.weights().items() if not name.startswith(dropped)
    }


def _hash(weights: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name, values in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()[:12]
