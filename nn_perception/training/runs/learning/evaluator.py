"""How a run does on the test samples."""

from __future__ import annotations

import copy

from nn_perception.training.runs.data.samples import RunData
from nn_perception.training.runs.learning.learner import Learner
from nn_perception.training.runs.predictions import Predictions
import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn

CHUNK = 250
TOP = 3


class EvaluationWork:
    """
    An evaluation in pieces, between which something else can be done.

    :param network: its weights are copied
    """

    def __init__(self, network: nn.Module, learner: Learner, data: RunData, step: int) -> None:
        self._network = copy.deepcopy(network).eval()
        self._learner = learner
        self._data = data
        self._step, self._epoch = step, learner.epoch
        self._parts: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = []
        self._starts = iter(range(0, len(data.test), CHUNK))

    def advance(self) -> Predictions | None:
        """Do one piece; return the result after the last one."""
        start = next(self._starts, None)
        if start is not None:
            images = self._data.test.images[start : start + CHUNK]
            self._parts.append(top_labels(self._network, self._learner, images))
            return None
        top, scores = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        return Predictions(
            self._step, self._epoch, self._learner.labels, self._data.test.labels, top, scores
        )


def top_labels(
    network: nn.Module, learner: Learner, images: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """
    Return the best labels, ``(N, 3)``, and their probabilities.

    :param network: the network of the learner, or a copy of it; its mode is restored
    """
    training = network.training
    network.eval()
    with torch.inference_mode():
        probabilities = network(learner.inputs(images)).softmax(1)
        count = min(TOP, probabilities.shape[1])
        scores, top = probabilities.topk(count, dim=1)
    network.train(training)
    return top.numpy(), scores.numpy()
