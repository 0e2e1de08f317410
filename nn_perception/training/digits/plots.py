"""Plots of a training: curves, confusion matrix, filters, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
import math
from pathlib import Path
from typing import TYPE_CHECKING

from nn_perception.training.digits.mnist import Bytes
from nn_perception.training.epoch import Epoch
from nn_perception.training.evaluation import Evaluation, softmax
from nn_perception.training.plots import (
    new_figure,
    plot_confusion,
    plot_curves,
    write_figure,
)
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_FILTERS = 64
MAX_MISTAKES = 40
COLUMNS = 8


def draw_curves(path: Path, history: Sequence[Epoch]) -> None:
    """
    Draw loss and error rate of training and validation by epoch.

    :raises OSError: if the file cannot be written
    """
    figure = new_figure(9.0, 3.6)
    plot_curves(figure.subplots(1, 2), history, samples='digits')
    write_figure(figure, path)


def draw_confusion(path: Path, evaluation: Evaluation) -> None:
    """
    Draw the confusion matrix.

    :raises OSError: if the file cannot be written
    """
    figure = new_figure(7.0, 6.6)
    plot_confusion(figure.subplots(), evaluation, f'MNIST test: {evaluation.accuracy:.2%}')
    write_figure(figure, path)


def draw_filters(path: Path, weights: NDArray[np.float32]) -> None:
    """
    Draw the filters of the first layer: red for positive weights, blue for negative ones.

    :param weights: ``(F, 1, H, W)``; the first 64 are drawn
    :raises OSError: if the file cannot be written
    """
    filters = weights[:MAX_FILTERS, 0]
    limit = float(np.abs(filters).max())
    figure, axes = _grid(len(filters), row_height=1.0)
    for one, values in zip(axes, filters, strict=True):
        one.imshow(values, cmap='RdBu_r', vmin=-limit, vmax=limit)
    figure.suptitle(f'First layer: {len(filters)} of {len(weights)} filters')
    write_figure(figure, path)


def draw_mistakes(
    path: Path, images: Bytes, truth: Bytes, logits: NDArray[np.float32], labels: Sequence[str]
) -> None:
    """
    Draw the wrongly classified images with the lowest score of the right class.

    :param images: uint8, ``(N, 28, 28)``
    :param truth: their labels, ``(N,)``
    :param logits: logits of the network, ``(N, C)``
    :param labels: names of the ``C`` classes
    :raises OSError: if the file cannot be written
    """
    scores = softmax(logits)
    predicted = scores.argmax(1)
    wrong = np.flatnonzero(predicted != truth)
    worst = wrong[np.argsort(scores[wrong, truth[wrong]], kind='stable')][:MAX_MISTAKES]
    figure, axes = _grid(len(worst), row_height=1.35)
    for one, place in zip(axes, worst, strict=True):
        one.imshow(images[place], cmap='gray_r', vmin=0, vmax=255)
        name, score = labels[predicted[place]], scores[place, predicted[place]]
        one.set_title(f'{labels[truth[place]]}: {name}\n{score:.2f}', fontsize=8)
    figure.suptitle(
        f'MNIST test: the worst {len(worst)} of {len(wrong)} mistakes (truth: prediction)'
    )
    write_figure(figure, path)


def _grid(count: int, *, row_height: float) -> tuple[Figure, list[Axes]]:
    """Create a figure of ``count`` small images, eight per row; heights are in inches."""
    rows = max(1, math.ceil(count / COLUMNS))
    figure = new_figure(COLUMNS * 0.95, 0.4 + rows * row_height)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    return figure, list(grid.flat)[:count]
