"""
The head of a taught checkpoint, apart from its network.

What was taught is, in most cases, a new head on a network that was not changed. So the body is
run by an engine, one export for all versions, and the head in numpy: a new version is there at
once, without an export of its own, and the embedding that it classifies tells what is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.capabilities.tagging.out_of_distribution import (
    Embeddings,
    OutOfDistributionModel,
)
from nn_perception.core.inference.checkpoint import Checkpoint
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FineTunedHead:
    """
    A linear layer on an embedding, and what it does not know.

    :param weight: float32, ``(C, D)``
    :param bias: float32, ``(C,)``
    :param novelty: tells images that are unlike all taught ones, if that was learned
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    novelty: OutOfDistributionModel | None

    @classmethod
    def read(cls, checkpoint: Checkpoint) -> FineTunedHead:
        """
        Read the head of a checkpoint.

        :raises OSError: if the file cannot be read
        :raises ValueError: if the checkpoint has no linear head, or it is damaged
        """
        tensors = checkpoint.weights()
        layer = f'{checkpoint.head_layer}.'
        weight = tensors.get(f'{layer}weight')
        if weight is None or weight.ndim != 2 or len(weight) != len(checkpoint.labels):
            raise ValueError(f'{checkpoint.path} has no linear head for its labels')
        bias = tensors.get(f'{layer}bias', np.zeros(len(weight)))
        novelty = OutOfDistributionModel.from_tensors(tensors)
        length = checkpoint.last_layer_embedding(weight).shape[1]
        if novelty is not None and novelty.references.shape[1] != length:
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
