"""
The head of a taught checkpoint, apart from its network.

What was taught is, in most cases, a new head on a network that was not changed. So the body is
run by an engine, one export for all versions, and the head in numpy: a new version is there at
once, without an export of its own, and the embedding that it classifies tells what is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.vision.checkpoint import Checkpoint
from nn_perception.vision.novelty import Embeddings, Novelty
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TaughtHead:
    """
    A linear layer on an embedding, and what it does not know.

    :param weight: float32, ``(C, D)``
    :param bias: float32, ``(C,)``
    :param novelty: tells images that are unlike all taught ones, if that was learned
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    novelty: Novelty | None

    @classmethod
    def read(cls, checkpoint: Checkpoint) -> TaughtHead:
        """
        Read the head of a checkpoint.

        :raises OSError: if the file cannot be read
        :raises ValueError: if the checkpoint has no linear head, or it is damaged
        """
        tensors = checkpoint.weights()
        weight = tensors.get(f'{checkpoint.head_layer}.weight')
        if weight is None or weight.ndim != 2 or len(weight) != len(checkpoint.labels):
            raise ValueError(f'{checkpoint.path} has no linear head for its labels')
        bias = tensors.get(f'{checkpoint.head_layer}.bias', np.zeros(len(weight)))
        novelty = Novelty.from_tensors(tensors)
        if novelty is not None and novelty.references.shape[1] != weight.shape[1]:
            raise ValueError(f'{checkpoint.path} has references of another length than its head')
        return cls(weight.astype(np.float32), bias.astype(np.float32), novelty)

    def logits(self, embeddings: Embeddings) -> NDArray[np.float32]:
        """
        Classify embeddings.

        :param embeddings: float32, ``(N, D)``
        :returns: float32, ``(N, C)``
        """
        logits: NDArray[np.float32] = embeddings @ self.weight.T + self.bias
        return logits
