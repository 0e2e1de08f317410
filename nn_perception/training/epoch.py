"""Metrics of one epoch of a training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """
    Metrics of one epoch.

    :param epoch: number of the epoch, from 1
    :param train_loss: mean loss of the training samples, each before the step that learns from it
    :param train_accuracy: accuracy on the same samples, at the same moment
    :param validation_loss: loss of the averaged weights, without label smoothing
    :param validation_accuracy: accuracy of the averaged weights
    :param seconds: duration of the training so far, without interruptions
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float
