"""What a network says about all test samples; without torch."""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from nn_perception.core.files.safetensors_header import METADATA, read_safetensors
from nn_perception.core.files.untrusted import parse_json
from nn_perception.training.runs.records import Evaluation, Prediction
import numpy as np
from numpy.typing import NDArray
import safetensors.numpy

MAX_WORST = 100


@dataclass(frozen=True)
class Predictions:
    """
    What a network says about all test samples.

    :param step: steps after which it was evaluated
    :param epoch: finished epochs after which it was evaluated
    :param labels: names of the classes
    :param truth: int64, ``(N,)``
    :param top: int64, ``(N, 3)``: indices of the best labels
    :param scores: float32, ``(N, 3)``: their probabilities
    """

    step: int
    epoch: int
    labels: tuple[str, ...]
    truth: NDArray[np.int64]
    top: NDArray[np.int64]
    scores: NDArray[np.float32]

    def evaluation(self) -> Evaluation:
        """Return accuracy, confusion matrix and worst mistakes."""
        classes, first = len(self.labels), self.top[:, 0]
        counts = np.bincount(self.truth * classes + first, minlength=classes * classes)
        wrong = np.flatnonzero(first != self.truth)
        surest = wrong[np.argsort(-self.scores[wrong, 0], kind='stable')][:MAX_WORST]
        return Evaluation(
            self.step,
            self.labels,
            float((first == self.truth).mean()) if len(first) else 0.0,
            tuple(tuple(row) for row in counts.reshape(classes, classes).tolist()),
            tuple(surest.tolist()),
        )

    def examples(self, truth: int, prediction: int, count: int) -> tuple[int, ...]:
        """Return indices of test samples of one cell of the confusion matrix."""
        if not (0 <= truth < len(self.labels) and 0 <= prediction < len(self.labels)):
            raise ValueError(f'The labels are 0 to {len(self.labels) - 1}.')
        chosen = (self.truth == truth) & (self.top[:, 0] == prediction)
        return tuple(np.flatnonzero(chosen)[: max(0, count)].tolist())

    def of(self, index: int) -> Prediction:
        """
        Return what it says about one test sample.

        :raises ValueError: if there is no such sample
        """
        check_index(index, len(self.truth))
        return Prediction(
            index,
            int(self.truth[index]),
            tuple(self.top[index].tolist()),
            tuple(self.scores[index].tolist()),
        )

    def metadata(self) -> dict[str, str]:
        """Return everything else, as text by name."""
        rest = {'step': self.step, 'epoch': self.epoch, 'labels': self.labels}
        return {name: json.dumps(value) for name, value in rest.items()}

    @classmethod
    def read(cls, path: Path) -> Predictions:
        """
        Read what was stored.

        :raises OSError: if the file cannot be read
        :raises ValueError: if it is damaged
        """
        content, header = read_safetensors(path)
        rest = {name: parse_json(text) for name, text in header[METADATA].items()}
        arrays = safetensors.numpy.load(content)
        return cls(
            rest['step'],
            rest['epoch'],
            tuple(rest['labels']),
            arrays['truth'],
            arrays['top'],
            arrays['scores'],
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name."""
        return {'truth': self.truth, 'top': self.top, 'scores': self.scores}


def check_index(index: int, count: int) -> None:
    """
    Check the index of a test sample.

    :raises ValueError: if there is none
    """
    if not 0 <= index < count:
        raise ValueError(f'There are test samples 0 to {count - 1}; there is no sample {index}.')
