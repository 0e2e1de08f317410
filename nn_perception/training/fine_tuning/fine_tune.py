"""
Fine-tune a network on a few labelled frames, or clips of sound.

``head`` fits a new last layer on the embeddings of the unchanged network, in about a second; of
sounds, on those of augmented clips as well. ``last_block`` and ``all`` then also train the last
layers of a network for images, or all of them, on augmented frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
import time
from typing import TYPE_CHECKING

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.datasets.checks import check_frames, CheckedFrames
from nn_perception.training.datasets.embeddings import EmbeddingCache
from nn_perception.training.datasets.labelled_frames import LabelledFrame
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.datasets.split import assign_folds, find_bursts, split_frames
from nn_perception.training.epoch import Epoch
from nn_perception.training.fine_tuning.augmented_clips import augmented_copies, Copies
from nn_perception.training.fine_tuning.discriminant import class_weights
from nn_perception.training.fine_tuning.linear_head import (
    cross_entropy,
    cross_validate,
    fit,
    fit_temperature,
)
from nn_perception.training.fine_tuning.result import Backbone, FineTunedModel, Training
from nn_perception.training.fine_tuning.settings import (
    DEFAULT_SETTINGS,
    FineTuneSettings,
    HEAD,
)
import numpy as np

if TYPE_CHECKING:
    from nn_perception.training.fine_tuning.backbone_training import (
        BackboneTraining,
        LabelledImages,
    )

FOLDS = 5
# If the loss diverges at the default learning rate, it is divided by three, at most so often.
RETRIES = 3


@dataclass(frozen=True)
class Progress:
    """
    Progress of a training.

    :param stage: ``frames``, ``head``, ``network`` or ``report``
    :param done: finished share of the stage, in ``[0, 1]``
    :param epoch: metrics of the last epoch, if there are epochs
    :param max_epochs: maximum number of epochs; 0 if there are none
    :param warnings: problems of the frames that are known so far
    """

    stage: str
    done: float
    epoch: Epoch | None = None
    max_epochs: int = 0
    warnings: tuple[str, ...] = ()


OnProgress = Callable[[Progress], None]


def fine_tune(
    frames: Sequence[LabelledFrame],
    base: str = DEFAULT_MODEL,
    settings: FineTuneSettings = DEFAULT_SETTINGS,
    *,
    on_progress: OnProgress = lambda _: None,
    cache: EmbeddingCache | None = None,
) -> FineTunedModel:
    """
    Fine-tune a network.

    :param frames: labelled frames; those that cannot be used are left out with a warning
    :param base: see :func:`nn_perception.core.inference.model_zoo.find_checkpoint`
    :param settings: settings of the training
    :param on_progress: called often; an exception that it raises ends the training
    :param cache: embeddings; by default in the package's cache folder
    :raises OSError: if the base cannot be read
    :raises ValueError: if the frames cannot be trained on, or the base is not usable, or is a
        network for sounds of which more than the head should be trained
    :raises RuntimeError: if the base cannot be run
    :raises ArithmeticError: if the loss is not finite at the requested learning rate
    """
    began_s = time.monotonic()
    checkpoint = find_checkpoint(base)
    if checkpoint.hears and settings.unfreeze != HEAD:
        raise ValueError(
            f'of a network for sounds, only the head can be trained: unfreeze must be {HEAD}, got '
            f'{settings.unfreeze}'
        )
    data = check_frames(
        frames,
        checkpoint,
        cache,
        lambda done: on_progress(Progress('frames', done)),
    )
    training = _train_head(data, settings, on_progress)
    if settings.unfreeze != HEAD:
        training = _train_backbone(training, on_progress)
    return training.result(began_s)


def _train_head(
    data: CheckedFrames, settings: FineTuneSettings, on_progress: OnProgress
) -> Training:
    """Hold out frames, choose the shrinkage, and fit a head to the embeddings of the base."""
    bursts = find_bursts(data.frames, data.similarity, data.medium)
    split = split_frames(data.frames, bursts, settings.validation_fraction, settings.seed)
    warnings = (*data.warnings, *split.warnings(data.medium.words))
    on_progress(Progress('head', 0.0, warnings=warnings))
    copies = Copies.none(data.embeddings.shape[1])
    if data.medium is SOUNDS:
        copies = augmented_copies(
            data,
            split.training,
            settings.seed,
            lambda done: on_progress(Progress('head', done, warnings=warnings)),
        )
    used = np.concatenate([split.training, copies.sources])
    embeddings = copies.appended_to(data.embeddings[split.training])
    classes, measured = data.classes[used], np.arange(len(used)) < len(split.training)
    folds = assign_folds(bursts[split.training], data.classes[split.training], FOLDS)
    fold_of = dict(zip(split.training.tolist(), folds.tolist(), strict=True))
    folds = np.array([fold_of[index] for index in used.tolist()], np.int64)
    chosen = cross_validate(embeddings, classes, folds, len(data.labels), measured)[0]
    head = fit(embeddings, classes, len(data.labels), chosen)
    return Training(data, split, settings, chosen, Backbone(data.embeddings, head), copies)


def _train_backbone(training: Training, on_progress: OnProgress) -> Training:
    """Train the backbone as well; keep that of the base if it is better on held-out frames."""
    # Imported here, since torch takes seconds, and a head does without it.
    from nn_perception.training.fine_tuning.backbone_training import LabelledImages, read_images

    data, split = training.data, training.split
    images = read_images(data.frames, data.base.image_preprocessing.size)
    to_train, held_out = (
        LabelledImages([images[index] for index in indices], data.classes[indices])
        for indices in (split.training, split.held_out)
    )
    trained, history = _train_with_retries(training, to_train, held_out, on_progress)
    on_progress(Progress('report', 0.0))
    embeddings, _ = trained.evaluate(images)
    head = fit(
        embeddings[split.training],
        data.classes[split.training],
        len(data.labels),
        training.cross_validation,
    )
    backbone = Backbone(embeddings, head, trained.weights(), history)
    if _held_out_loss(training, backbone) >= _held_out_loss(training, training.backbone):
        backbone = replace(training.backbone, history=history)
    return replace(training, backbone=backbone)


def _train_with_retries(
    training: Training,
    images: LabelledImages,
    held_out: LabelledImages,
    on_progress: OnProgress,
) -> tuple[BackboneTraining, tuple[Epoch, ...]]:
    """Train all epochs; at the default learning rate, try lower ones if the loss diverges."""
    from nn_perception.training.fine_tuning.backbone_training import (
        BackboneTraining,
        DEFAULT_EPOCHS,
        DEFAULT_RATES,
    )

    settings = training.settings
    epochs = settings.max_epochs or DEFAULT_EPOCHS[settings.unfreeze]
    rates = [DEFAULT_RATES[settings.unfreeze] / 3.0**n for n in range(RETRIES + 1)]
    if settings.learning_rate:
        rates = [settings.learning_rate]
    for rate in rates:
        trained = BackboneTraining(
            training.data.base,
            training.backbone.head,
            unfreeze=settings.unfreeze,
            learning_rate=rate,
            seed=settings.seed,
        )
        history: list[Epoch] = []
        try:
            for epoch in trained.train(images, held_out, epochs):
                history.append(epoch)
                on_progress(Progress('network', epoch.epoch / epochs, epoch, epochs))
        except ArithmeticError:
            if rate == rates[-1]:
                raise
        else:
            break
    return trained, tuple(history)


def _held_out_loss(training: Training, backbone: Backbone) -> float:
    """Measure a backbone and its head on the held-out frames, at the best temperature."""
    truth = training.data.classes[training.split.held_out]
    logits = backbone.head.logits(backbone.embeddings[training.split.held_out])
    weights = class_weights(truth, logits.shape[1])
    return cross_entropy(logits / fit_temperature(logits, truth), truth, weights)
