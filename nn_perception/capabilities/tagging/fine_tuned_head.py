"""
The head of a fine-tuned checkpoint, separate from the network that computes the embedding.

In most fine-tuned models only the head is new. An engine runs the backbone, whose export all
versions share, and numpy runs the head. So a new version is ready at once, without an export of
its own, and the embedding also gives the out-of-distribution score.
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
    A linear classifier of embeddings, with an out-of-distribution score.

    :param weight: float32, ``(C, D)``
    :param bias: float32, ``(C,)``
    :param out_of_distribution: scores images that show none of the classes; None without one
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    out_of_distribution: OutOfDistributionModel | None

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
        if bias.shape != (len(weight),):
            raise ValueError(
                f'{checkpoint.path} is damaged: its head has {len(weight)} outputs, its bias the '
                f'shape {bias.shape}'
            )
        unknown = OutOfDistributionModel.from_tensors(tensors)
        length = checkpoint.last_layer_embedding(weight).shape[1]
        if unknown is not None and unknown.references.shape[1] != length:
            raise ValueError(
                f'{checkpoint.path} is damaged: its references have '
                f'{unknown.references.shape[1]} values, its head has {length}'
            )
        return cls(weight.astype(np.float32), bias.astype(np.float32), unknown)

    def logits(self, embeddings: Embeddings) -> NDArray[np.float32]:
        """
        Classify embeddings.

        :param embeddings: float32, ``(N, D)``
        :returns: float32, ``(N, C)``
        """
        logits: NDArray[np.float32] = embeddings @ self.weight.T + self.bias
        return logits
