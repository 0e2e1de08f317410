"""
Tag images: classify whole images, and rank the classes.

A fine-tuned model also has the class ``unknown``. Its probability is the out-of-distribution
score; the other classes share the rest. What an image goes through stands in this one file; sounds
share the classifier and the ranking.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TypeVar

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.capabilities.tagging.fine_tuned_head import FineTunedHead
from nn_perception.capabilities.tagging.out_of_distribution import UNKNOWN
from nn_perception.core.imaging.preprocessing import Image, Preprocessing
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.engine import Engine
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions
from nn_perception.core.results import Tag
import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
C = TypeVar('C', bound='Classifier')


class Classifier:
    """
    A network and its head, for images or for sounds.

    :ivar checkpoint: its labels and preprocessing
    :ivar model: its loaded network; that of a fine-tuned model computes the embedding
    :ivar labels: names of the classes, in the order of the scores
    """

    # Whether it is for sounds.
    hears = False

    def __init__(
        self, checkpoint: Checkpoint, model: LoadedModel, head: FineTunedHead | None = None
    ) -> None:
        """
        Join a checkpoint and its loaded network; :meth:`load` finds both.

        :param head: classifies the embeddings of a fine-tuned model; None: the network computes
            logits
        """
        self.checkpoint = checkpoint
        self.model = model
        self._head = head
        unknown = head is not None and head.out_of_distribution is not None
        self.labels = (*checkpoint.labels, UNKNOWN) if unknown else checkpoint.labels

    @classmethod
    def load(cls: type[C], model: str, options: RunOptions) -> C:
        """
        Load a model by name.

        :param model: see :func:`nn_perception.core.inference.model_zoo.find_checkpoint`
        :param options: how the network is run
        :raises OSError: if a file cannot be read
        :raises ValueError: if the checkpoint is not usable, has no labels, or is of the other kind
        :raises RuntimeError: if the network cannot be loaded
        """
        checkpoint = find_checkpoint(model)
        if checkpoint.hears != cls.hears:
            kinds = 'sounds, not images' if checkpoint.hears else 'images, not sounds'
            raise ValueError(f'{model} is a network for {kinds}')
        if not checkpoint.labels:
            raise ValueError(f'{model} is not a classifier: it has no labels')
        if not checkpoint.fine_tuned_from:
            return cls(checkpoint, LoadedModel.open(checkpoint, options))
        head = FineTunedHead.read(checkpoint)
        return cls(checkpoint, LoadedModel.open(checkpoint.without_head(), options), head)

    @property
    def engine(self) -> Engine:
        """The engine that runs the network."""
        return self.model.engine

    def scores_of_batch(self, batch: NDArray[np.float32]) -> Scores:
        """
        Compute the probabilities of the classes.

        :param batch: of the checkpoint's preprocessing, float32, ``(N, ...)``
        :returns: float32, ``(N, C)``; each row sums to 1
        :raises RuntimeError: if the network cannot be run
        """
        outputs = self.model.outputs(batch)[0]  # (N, C) or (N, D)
        if self._head is None:
            return softmax(outputs)
        scores = softmax(self._head.logits(outputs))
        if self._head.out_of_distribution is None:
            return scores
        score = self._head.out_of_distribution.score
        embeddings = self.checkpoint.last_layer_embedding(outputs)  # (N, E)
        unknown = np.array([[score(embedding)] for embedding in embeddings])
        return np.hstack([(1.0 - unknown) * scores, unknown]).astype(np.float32)

    def close(self) -> None:
        """Free the network's memory."""
        self.model.close()


class Tagger(Classifier):
    """Classifies whole images."""

    @cached_property
    def _preprocessing(self) -> Preprocessing:
        return self.checkpoint.image_preprocessing

    @classmethod
    def open(cls, model: str = DEFAULT_MODEL, options: RunOptions = DEFAULT_RUN_OPTIONS) -> Tagger:
        """Load a model by name, see :meth:`.Classifier.load`."""
        return cls.load(model, options)

    def scores(self, image_bgr: Image) -> Scores:
        """
        Compute the probability of every class.

        :param image_bgr: uint8, ``(H, W, 3)``, blue first
        :returns: float32, ``(C,)``, sums to 1
        :raises ValueError: if the image has another shape or type, or no pixels
        :raises RuntimeError: if the network cannot be run
        """
        scores: Scores = self.scores_of([image_bgr])[0]
        return scores

    def scores_of(self, images_bgr: Sequence[Image]) -> Scores:
        """
        Compute the probabilities of several images in one batch, see :meth:`scores`.

        :param images_bgr: at least one
        :returns: float32, ``(N, C)``
        """
        return self.scores_of_batch(self._preprocessing(images_bgr))

    def tag(self, image_bgr: Image, *, top_k: int = 5, min_score: float = 0.0) -> list[Tag]:
        """
        Tag an image with its most probable classes; see :meth:`scores` and :func:`top_k_tags`.

        :returns: at most ``top_k`` tags, best first
        """
        return top_k_tags(self.scores(image_bgr), self.labels, top_k, min_score=min_score)


def softmax(logits: NDArray[np.floating]) -> Scores:
    """
    Turn logits into probabilities.

    Computes in float64, so that half precision loses nothing here.

    :param logits: ``(C,)`` or ``(N, C)``
    :returns: float32, of the same shape
    """
    shifted = logits.astype(np.float64) - np.max(logits, axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    scores: Scores = (exponentials / exponentials.sum(axis=-1, keepdims=True)).astype(np.float32)
    return scores


def top_k_tags(scores: Scores, labels: Sequence[str], k: int, min_score: float = 0.0) -> list[Tag]:
    """
    Rank the classes of one image or sound, and keep the best.

    :param scores: probabilities, ``(C,)``
    :param labels: names, ``labels[i]`` belongs to ``scores[i]``
    :param k: maximum number of tags, at least 1
    :param min_score: minimum score of a tag, in ``[0, 1]``
    :returns: best first, equal scores in the order of the labels; empty if none reaches
        ``min_score``
    :raises ValueError: if shapes disagree, a limit is out of range, or a score is not finite
    """
    if scores.shape != (len(labels),):
        raise ValueError(f'expected {len(labels)} scores, got the shape {scores.shape}')
    if k < 1:
        raise ValueError(f'top_k must be at least 1, got {k}')
    if not 0.0 <= min_score <= 1.0:
        raise ValueError(f'min_score must be in [0, 1], got {min_score}')
    check_finite(scores)
    best = np.argsort(-scores, kind='stable')[:k]
    return [Tag(labels[i], float(scores[i])) for i in best if scores[i] >= min_score]


def check_finite(scores: NDArray[np.floating]) -> None:
    """
    Check that all scores are finite.

    :raises ValueError: if one is NaN or infinite
    """
    if not np.isfinite(scores).all():
        raise ValueError('the scores are not finite: the network or its weights are broken')
