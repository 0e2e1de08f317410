"""
Teach a network new labels with a few frames of each.

``head``: a new last layer on the embeddings of the network as it is; takes a second.
``last_block`` and ``all`` go on from there with the last layers, or all, on varied pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
import hashlib
import time
from typing import Any

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.capabilities.tagging.tagger import softmax
from nn_perception.core.inference.checkpoint import Checkpoint, MEASURED_PREFIX, NOVELTY_PREFIX
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.datasets.checks import (
    check_labels,
    warnings_of,
    without_contradictions,
)
from nn_perception.training.datasets.embeddings import embedding_key, EmbeddingCache
from nn_perception.training.datasets.frame_features import gather_features
from nn_perception.training.datasets.labelled_frames import Sample
from nn_perception.training.datasets.split import find_bursts, folds_of, Split, split
from nn_perception.training.epoch import Epoch
from nn_perception.training.evaluation import evaluate_predictions
from nn_perception.training.fine_tuning.linear_head import (
    choose_shrinkage,
    class_weights,
    CrossValidationResult,
    fit,
    LinearHead,
)
from nn_perception.training.fine_tuning.out_of_distribution import calibrate
from nn_perception.training.fine_tuning.result import FineTuned, Progress
from nn_perception.training.fine_tuning.settings import FineTuneSettings, HEAD
from nn_perception.training.fine_tuning.temperature_scaling import (
    calibration_error,
    cross_entropy,
    fit_temperature,
)
import numpy as np
from numpy.typing import NDArray

FOLDS = 5
# A rate at which the loss diverges is divided by three, so often.
LOWER_RATES = 3


class Stopped(Exception):  # noqa: N818 - nothing is wrong
    """A training was stopped as asked; it leaves nothing behind."""


def fine_tune(
    samples: Sequence[Sample],
    base: str = DEFAULT_MODEL,
    settings: FineTuneSettings | None = None,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
    cache: EmbeddingCache | None = None,
) -> FineTuned:
    """
    Teach a network the labels of frames.

    :param samples: labelled frames; those that cannot be used are left out with a warning
    :param base: see :func:`nn_perception.core.inference.model_zoo.find_checkpoint`
    :param settings: by default those of :class:`FineTuneSettings`
    :param on_progress: told often
    :param stopping: asked often
    :param cache: of embeddings; by default that of the package's cache folder
    :raises OSError: if the base cannot be read
    :raises ValueError: if nothing can be learned from the frames, or the base is not usable
    :raises RuntimeError: if the base cannot be run
    :raises ArithmeticError: if the loss is no finite number at the rate that was asked for
    :raises Stopped: if it was stopped
    """
    training = _FineTuning(find_checkpoint(base).to_teach(), settings, on_progress, stopping)
    return training.run(samples, cache)


class _FineTuning:
    """One call of :func:`fine_tune`."""

    def __init__(
        self,
        base: Checkpoint,
        settings: FineTuneSettings | None,
        on_progress: Callable[[Progress], None],
        stopping: Callable[[], bool],
    ) -> None:
        self._base = base
        self._settings = settings or FineTuneSettings()
        self._on_progress = on_progress
        self._stopping = stopping
        self._warnings: list[str] = []
        self._began_s = time.monotonic()

    def run(self, samples: Sequence[Sample], cache: EmbeddingCache | None) -> FineTuned:
        """Do all of it."""
        good, self._warnings = without_contradictions(samples)
        check_labels(good)  # what is hopeless is said before anything is computed
        cache = cache or EmbeddingCache.of(embedding_key(self._base))
        features = gather_features(
            good,
            str(self._base.path),
            cache,
            warnings=self._warnings,
            tell=partial(self._tell, 'frames'),
        )
        good = [sample for sample in good if sample.sha256 in features]
        check_labels(good)
        embeddings = np.stack([features[sample.sha256].embedding for sample in good])
        looks = self._base.similarity(embeddings)
        seen = {
            sample.sha256: replace(features[sample.sha256], embedding=look)
            for sample, look in zip(good, looks, strict=True)
        }
        self._warnings += warnings_of(good, seen)
        bursts = find_bursts(good, looks)
        parts = split(good, bursts, self._settings.validation_fraction, self._settings.seed)
        self._warnings += [
            f"all frames of '{label}' look like one recording, so the accuracy flatters; move "
            'it and record again'
            for label in parts.cut
        ]
        labels = tuple(sorted({sample.label for sample in good}))
        classes = np.array([labels.index(sample.label) for sample in good], np.int64)
        self._tell('head', 0.0)
        chosen = self._choose(embeddings, classes, bursts, parts.training, len(labels))
        measured = fit(embeddings[parts.training], classes[parts.training], len(labels), chosen)
        body = self._base_body()
        history: tuple[Epoch, ...] = ()
        if self._settings.unfreeze != HEAD:
            deeper, moved, history = self._go_deeper(good, classes, parts, measured)
            learned = moved[parts.training]
            other = fit(learned, classes[parts.training], len(labels), chosen)
            if _loss(other, moved, classes, parts) < _loss(measured, embeddings, classes, parts):
                measured, body, embeddings = other, deeper, moved
        # The one to use learns from the frames too that tell what the measured one is worth.
        heads = fit(embeddings, classes, len(labels), chosen), measured
        return self._finish(good, classes, labels, parts, embeddings, heads, body, history, chosen)

    def _tell(
        self, stage: str, done: float, epoch: Epoch | None = None, max_epochs: int = 0
    ) -> None:
        if self._stopping():
            raise Stopped
        self._on_progress(Progress(stage, done, epoch, max_epochs, tuple(self._warnings)))

    def _choose(
        self,
        embeddings: NDArray[np.float32],
        classes: NDArray[np.int64],
        bursts: NDArray[np.int64],
        training: NDArray[np.int64],
        count: int,
    ) -> CrossValidationResult:
        """Choose how to fit a head by cross-validation."""
        found, wanted = embeddings[training], classes[training]
        folds = folds_of(bursts[training], wanted, FOLDS)
        return choose_shrinkage(found, wanted, folds, count)[0]

    def _base_body(self) -> dict[str, NDArray[Any]]:
        """Give the weights of the base without its head and without what it knew."""
        dropped = (f'{self._base.head_layer}.', NOVELTY_PREFIX, MEASURED_PREFIX)
        return {
            name: values
            for name, values in self._base.weights().items()
            if not name.startswith(dropped)
        }

    def _go_deeper(
        self,
        samples: Sequence[Sample],
        classes: NDArray[np.int64],
        parts: Split,
        head: LinearHead,
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.float32], tuple[Epoch, ...]]:
        """Train further; gives the weights of the body, embeddings of all frames, epochs."""
        # Only here, since it imports torch, which takes seconds and a head does without.
        from nn_perception.training.fine_tuning.backbone_training import (
            BackboneTraining,
            Frames,
            frames_of,
            plan,
        )

        settings = self._settings
        epochs, rate = plan(settings.unfreeze, settings.max_epochs, settings.learning_rate)
        images = frames_of(samples, self._base.preprocessing.size)
        learned, kept = (
            Frames([images[place] for place in places], classes[places])
            for places in (parts.training, parts.held_out)
        )
        for lowered in range(LOWER_RATES + 1):
            training = BackboneTraining(
                self._base,
                head,
                unfreeze=settings.unfreeze,
                learning_rate=rate / 3.0**lowered,
                seed=settings.seed,
            )
            history: list[Epoch] = []
            try:
                for epoch in training.train(learned, kept, epochs, self._stopping):
                    history.append(epoch)
                    self._tell('network', epoch.epoch / epochs, epoch, epochs)
                break
            except ArithmeticError:
                if settings.learning_rate > 0.0 or lowered == LOWER_RATES:
                    raise
        self._tell('report', 0.0)
        embeddings, _ = training.evaluate(images)
        return training.weights(), embeddings, tuple(history)

    def _finish(
        self,
        samples: Sequence[Sample],
        classes: NDArray[np.int64],
        labels: tuple[str, ...],
        parts: Split,
        embeddings: NDArray[np.float32],
        heads: tuple[LinearHead, LinearHead],
        body: Mapping[str, NDArray[Any]],
        history: tuple[Epoch, ...],
        chosen: CrossValidationResult,
    ) -> FineTuned:
        """
        Calibrate on the frames that were kept apart, and measure there.

        :param heads: the one to use, and the one to measure
        """
        head, measured = heads
        truth = classes[parts.held_out]
        logits = measured.logits(embeddings[parts.held_out])
        temperature = fit_temperature(logits, truth)
        evaluation = evaluate_predictions(truth, logits.argmax(axis=1), labels)
        looks = self._base.similarity(embeddings)
        novelty = calibrate(looks[parts.training], looks[parts.held_out])
        prefixes = f'{self._base.head_layer}.', MEASURED_PREFIX
        weights = {**body, **novelty.to_tensors()}
        for prefix, one in zip(prefixes, (head, measured), strict=True):
            cooled = one.cooled(temperature)
            weights[f'{prefix}weight'] = cooled.weight.astype(np.float32)
            weights[f'{prefix}bias'] = cooled.bias.astype(np.float32)
        version = f'{self._base.name}-{self._settings.unfreeze}-{_digest(weights)}'
        report = {
            **evaluation.to_json(),
            'version': version,
            'base': self._base.version,
            'settings': asdict(self._settings),
            'frames': {label: int((classes == i).sum()) for i, label in enumerate(labels)},
            'trained_with': len(parts.training),
            'temperature': temperature,
            'calibration_error': calibration_error(softmax(logits / temperature), truth),
            'calibration_error_before': calibration_error(softmax(logits), truth),
            'unknown_distance': novelty.threshold,
            'warnings': list(self._warnings),
            'epochs': [asdict(epoch) for epoch in history],
            'shrinkage': chosen.shrinkage,
            'cross_validation_accuracy': chosen.accuracy,
            'seconds': round(time.monotonic() - self._began_s, 2),
        }
        held_out = tuple(samples[place] for place in parts.held_out)
        return FineTuned(
            self._base, labels, weights, version, evaluation, held_out, history, report
        )


def _loss(
    head: LinearHead, embeddings: NDArray[np.float32], classes: NDArray[np.int64], parts: Split
) -> float:
    """Measure a head on the frames that are kept apart, at its best temperature."""
    logits, truth = head.logits(embeddings[parts.held_out]), classes[parts.held_out]
    weights = class_weights(truth, logits.shape[1])
    return cross_entropy(logits / fit_temperature(logits, truth), truth, weights)


def _digest(weights: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name, values in sorted(weights.items()):
        digest.update(name.encode() + values.tobytes())
    return digest.hexdigest()[:12]
