"""
Say what an image shows.

A taught model also says ``unknown``: its probability is taken first, and the taught classes share
the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.capabilities.tagging.fine_tuned_head import FineTunedHead
from nn_perception.capabilities.tagging.out_of_distribution import UNKNOWN
from nn_perception.capabilities.tagging.ranking import Scores, softmax, top_k_tags
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.engine import Engine
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions
from nn_perception.core.results import Tag
import numpy as np


class Tagger:
    """
    A classifier of whole images.

    :ivar checkpoint: the model that it runs
    :ivar model: its loaded network; that of a fine-tuned model gives the embedding
    """

    def __init__(
        self, checkpoint: Checkpoint, model: LoadedModel, head: FineTunedHead | None = None
    ) -> None:
        """
        Join a checkpoint and its loaded network; :meth:`open` finds both.

        :param head: of a fine-tuned model, whose network gives the embedding; None: the network
            gives logits
        """
        self.checkpoint = checkpoint
        self.model = model
        self._head = head

    @classmethod
    def open(cls, model: str = DEFAULT_MODEL, options: RunOptions = DEFAULT_RUN_OPTIONS) -> Tagger:
        """
        Load a model.

        :param model: see :func:`nn_perception.core.inference.model_zoo.find_checkpoint`
        :param options: how the network is run
        :raises OSError: if a file cannot be read
        :raises ValueError: if the checkpoint is not usable
        :raises RuntimeError: if the network cannot be loaded
        """
        checkpoint = find_checkpoint(model)
        if not checkpoint.labels:
            raise ValueError(f'{model} is not a classifier: it has no labels')
        if not checkpoint.taught_from:
            return cls(checkpoint, LoadedModel.open(checkpoint, options))
        head = FineTunedHead.read(checkpoint)
        return cls(checkpoint, LoadedModel.open(checkpoint.embedding(), options), head)

    @property
    def engine(self) -> Engine:
        """What runs the network."""
        return self.model.engine

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of :meth:`scores`."""
        knows_limits = self._head is not None and self._head.novelty is not None
        return (*self.checkpoint.labels, UNKNOWN) if knows_limits else self.checkpoint.labels

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
        outputs = self.model(self.checkpoint.preprocessing(images_bgr))  # (N, C) or (N, D)
        if self._head is None:
            return softmax(outputs)
        scores = softmax(self._head.logits(outputs))
        if self._head.novelty is None:
            return scores
        novelty, checkpoint = self._head.novelty, self.checkpoint
        unknown = np.array([[novelty.probability(checkpoint.similarity(o))] for o in outputs])
        return np.hstack([(1.0 - unknown) * scores, unknown]).astype(np.float32)

    def tag(self, image_bgr: Image, *, top_k: int = 5, min_score: float = 0.0) -> list[Tag]:
        """
        Name the most probable classes; see :meth:`scores` and :func:`top_k_tags`.

        :returns: at most ``top_k`` tags, best first
        """
        return top_k_tags(self.scores(image_bgr), self.labels, top_k, min_score=min_score)

    def close(self) -> None:
        """Free the network's memory."""
        self.model.close()
