"""Fit and apply heads as fine-tuning does, without files, for the evaluation of sounds."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.capabilities.sounds.defaults import BACKGROUND, DEFAULT_SOUND_MODEL
from nn_perception.capabilities.tagging.out_of_distribution import OutOfDistributionModel
from nn_perception.capabilities.tagging.tagger import softmax
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.networks.sound_embedding import (
    EMBEDDING_SIZE,
    SoundEmbedding,
    SPEECH_FEATURES,
)
from nn_perception.training.datasets.split import assign_folds
from nn_perception.training.fine_tuning.augmented_clips import COPIES
from nn_perception.training.fine_tuning.fine_tune import FOLDS
from nn_perception.training.fine_tuning.linear_head import (
    cross_validate,
    fit,
    fit_temperature,
    LinearHead,
)
from nn_perception.training.fine_tuning.sound_augmentation import augmented
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sound_clips import Clips, Rows
import torch

Features = NDArray[np.float32]

BATCH = 50
# Columns of the features, see Backbone.
ALL = slice(0, -EMBEDDING_SIZE)
STAGES = slice(0, SPEECH_FEATURES)
STATISTICS = slice(SPEECH_FEATURES, -EMBEDDING_SIZE)
EMBEDDING = slice(-EMBEDDING_SIZE, None)


class Backbone:
    """The shipped network without its head."""

    def __init__(self) -> None:
        self.checkpoint = find_checkpoint(DEFAULT_SOUND_MODEL)
        network = load_network(self.checkpoint)
        assert isinstance(network, SoundEmbedding)
        self._network = network

    def __call__(self, samples: NDArray[np.float32]) -> Features:
        """
        Compute features, and behind them the published embedding, the mean of its windows.

        :param samples: ``(N, S)``
        :returns: ``(N, D + 96)``
        """
        found = []
        network = self._network
        with torch.inference_mode():
            for some in torch.from_numpy(samples)[:, None, None].split(BATCH):
                picture = network.log_mel(network.spectrum(some))
                embedding = network.embedding(picture).mean(dim=2)
                found.append(torch.cat([network.features(some), embedding], dim=1).numpy())
        return np.concatenate(found)


@dataclass(frozen=True)
class Taught:
    """
    What was fitted to some clips.

    :param head: classifies features
    :param unknown: scores what is none of the classes
    :param columns: which features are used
    """

    head: LinearHead
    unknown: OutOfDistributionModel
    columns: slice

    def predicted(self, features: Features) -> NDArray[np.int64]:
        """Return the class of each row, without ``unknown``."""
        return self.head.logits(features[:, self.columns]).argmax(axis=1)

    def known_scores(self, features: Features) -> NDArray[np.float32]:
        """Return the probabilities of the classes without ``unknown``, ``(N, C)``."""
        return softmax(self.head.logits(features[:, self.columns]))

    def scores(self, features: Features) -> NDArray[np.float32]:
        """Return the probabilities of the classes and, last, of ``unknown``, ``(N, C + 1)``."""
        compared = self.unknown.references.shape[1]
        unknown = np.array([[self.unknown.score(row)] for row in features[:, :compared]])
        known = (1.0 - unknown) * self.known_scores(features)
        return np.hstack([known, unknown]).astype(np.float32)


@dataclass(frozen=True)
class Material:
    """
    Clips with the features of each.

    :param clips: the clips
    :param features: of each clip, without augmentation
    :param backbone: computes those of augmented copies
    """

    clips: Clips
    features: Features
    backbone: Backbone

    def with_more(self, label: str, samples: NDArray[np.float32]) -> Material:
        """Append clips of one label."""
        features = np.concatenate([self.features, self.backbone(samples)])
        return Material(self.clips.with_more(label, samples), features, self.backbone)

    def with_copies(
        self, rows: Rows, random: Generator, noise_rows: Rows | None = None
    ) -> tuple[Features, Rows]:
        """
        Append augmented copies.

        :param noise_rows: clips that are mixed in; by default the background among the clips
        :returns: features of the clips and their copies, and the clip of each row
        """
        clips = self.clips
        if noise_rows is None:
            noise_rows = rows[clips.classes[rows] == clips.labels.index(BACKGROUND)]
        noises = list(clips.samples[noise_rows])
        sources = np.repeat(rows, COPIES)
        copies = [augmented(clips.samples[row], noises, random) for row in sources]
        features = np.concatenate([self.features[rows], self.backbone(np.stack(copies))])
        return features, np.concatenate([rows, sources])

    def teach(self, rows: Rows, random: Generator, columns: slice = ALL) -> Taught:
        """Fit a head, its temperature, and the score of what is unknown, to some clips."""
        features, used = self.with_copies(rows, random)
        return self.teach_features(rows, features[:, columns], used, columns)

    def teach_features(self, rows: Rows, features: Features, used: Rows, columns: slice) -> Taught:
        """Fit as :meth:`teach` does, to features that are computed already."""
        classes = _renumbered(self.clips.classes, rows)
        recordings = self.clips.recording_numbers
        count = int(classes[rows].max()) + 1
        folds = np.zeros(len(classes), np.int64)
        folds[rows] = assign_folds(recordings[rows], classes[rows], FOLDS)
        measured = np.arange(len(used)) < len(rows)
        kept = folds[used] > 0  # fold 0 is held out, as fine-tuning does
        chosen = cross_validate(
            features[kept], classes[used][kept], folds[used][kept], count, measured[kept]
        )[0]
        first = fit(features[kept], classes[used][kept], count, chosen)
        held_out = measured & ~kept
        temperature = fit_temperature(first.logits(features[held_out]), classes[used][held_out])
        final = fit(features, classes[used], count, chosen).temperature_scaled(temperature)
        compared = self.backbone.checkpoint.last_layer_embedding(self.features)
        unknown = OutOfDistributionModel.fit(
            compared, rows[folds[rows] > 0], rows[folds[rows] == 0]
        )
        return Taught(final, unknown, columns)


def _renumbered(classes: NDArray[np.int64], rows: Rows) -> NDArray[np.int64]:
    """Number the classes of some clips from 0; the others get no number that is used."""
    numbers = np.searchsorted(np.unique(classes[rows]), classes)
    return np.asarray(numbers, np.int64)


def auroc(known: NDArray[np.floating], unknown: NDArray[np.floating]) -> float:
    """Compute the probability that an unknown clip has a higher score than a known one."""
    higher = (unknown[:, None] > known).mean() + 0.5 * (unknown[:, None] == known).mean()
    return float(higher)
