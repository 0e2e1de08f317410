"""What one epoch of a training gave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """
    What one epoch gave.

    :param epoch: 1 for the first
    :param train_loss: mean over its samples, as they were learned from
    :param train_accuracy: the same way, before the step that learned from a sample
    :param validation_loss: of the averaged weights, without label smoothing
    :param validation_accuracy: of the averaged weights
    :param seconds: since the training began, without the time between interruption and resumption
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float
