"""
Classify what a network was shown or played.

A fine-tuned model also has the class ``unknown``. Its probability is the out-of-distribution
score; the other classes share the rest.
"""

from __future__ import annotations

from typing import TypeVar

from nn_perception.capabilities.tagging.fine_tuned_head import FineTunedHead
from nn_perception.capabilities.tagging.out_of_distribution import UNKNOWN
from nn_perception.capabilities.tagging.scores import Scores, softmax
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.engine import Engine
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
from numpy.typing import NDArray

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
