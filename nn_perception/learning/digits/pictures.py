"""
Pictures of a training: its curves, its confusions, its filters, its worst mistakes.

Figures are made without pyplot, which would choose a window system and keep them for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

from nn_perception.learning.digits.mnist import Bytes
from nn_perception.learning.digits.training_state import Epoch
from nn_perception.learning.evaluation import Evaluation
from nn_perception.vision.storage import write_atomically
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120
MOST_FILTERS = 64
MOST_MISTAKES = 40
COLUMNS = 8


def draw_curves(path: Path, history: Sequence[Epoch]) -> None:
    """
    Draw loss and errors by epoch, of the training and of the validation images.

    :raises OSError: if the file cannot be written
    """
    figure = _figure(9.0, 3.6)
    epochs = [epoch.epoch for epoch in history]
    loss, errors = figure.subplots(1, 2)
    for part, colour in (('train', 'tab:blue'), ('validation', 'tab:orange')):
        losses = [getattr(epoch, f'{part}_loss') for epoch in history]
        wrong = [100.0 * (1.0 - getattr(epoch, f'{part}_accuracy')) for epoch in history]
        loss.plot(epochs, losses, marker='.', color=colour, label=part)
        errors.plot(epochs, wrong, marker='.', color=colour, label=part)
    # Training: smoothed labels, varied digits, dropout. Said here, since it looks like a mistake.
    loss.set(title='Loss (training: smoothed labels)', xlabel='epoch')
    errors.set(title='Errors (training: varied digits)', xlabel='epoch', ylabel='%')
    errors.set_yscale('symlog', linthresh=0.1)
    errors.yaxis.set_major_formatter('{x:g}')
    for axes in (loss, errors):
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    _write(figure, path)


def draw_confusion(path: Path, evaluation: Evaluation) -> None:
    """
    Draw the confusion matrix; colour shows the errors, since right answers outnumber them far.

    :raises OSError: if the file cannot be written
    """
    figure = _figure(7.0, 6.6)
    axes = figure.subplots()
    counts = evaluation.confusion
    wrong = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    axes.imshow(wrong, cmap='Reds', vmin=0, vmax=max(1, int(wrong.max())))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = wrong[row, column] > 0.6 * max(1, int(wrong.max()))
            weight = 'bold' if row == column else 'normal'
            colour = 'white' if dark else 'black'
            axes.text(
                column, row, str(count), ha='center', va='center', color=colour, weight=weight
            )
    axes.set_xticks(range(len(counts)), evaluation.labels, rotation=45, ha='right')
    axes.set_yticks(range(len(counts)), evaluation.labels)
    axes.set(
        title=f'MNIST test: {evaluation.accuracy:.2%}', xlabel='what was said', ylabel='what it is'
    )
    _write(figure, path)


def draw_filters(path: Path, weights: NDArray[np.float32]) -> None:
    """
    Draw the filters of the first layer, red where ink speaks for it, blue where against.

    :param weights: ``(F, 1, H, W)``; the first 64 are drawn
    :raises OSError: if the file cannot be written
    """
    filters = weights[:MOST_FILTERS, 0]
    limit = float(np.abs(filters).max())
    figure, axes = _grid(len(filters), row_height=1.0)
    for one, values in zip(axes, filters, strict=True):
        one.imshow(values, cmap='RdBu_r', vmin=-limit, vmax=limit)
    figure.suptitle(f'First layer: {len(filters)} of {len(weights)} filters')
    _write(figure, path)


def draw_mistakes(
    path: Path, images: Bytes, truth: Bytes, logits: NDArray[np.float32], labels: Sequence[str]
) -> None:
    """
    Draw the images that the network is most sure of and wrong about.

    :param images: uint8, ``(N, 28, 28)``
    :param truth: what they are, ``(N,)``
    :param logits: what the network says, ``(N, C)``
    :param labels: names of the ``C`` classes
    :raises OSError: if the file cannot be written
    """
    scores = softmax(logits)
    said = scores.argmax(1)
    wrong = np.flatnonzero(said != truth)
    worst = wrong[np.argsort(scores[wrong, truth[wrong]], kind='stable')][:MOST_MISTAKES]
    figure, axes = _grid(len(worst), row_height=1.35)
    for one, place in zip(axes, worst, strict=True):
        one.imshow(images[place], cmap='gray_r', vmin=0, vmax=255)
        name, score = labels[said[place]], scores[place, said[place]]
        one.set_title(f'{labels[truth[place]]}: {name}\n{score:.2f}', fontsize=8)
    figure.suptitle(
        f'MNIST test: the worst {len(worst)} of {len(wrong)} mistakes (what it is: what was said)'
    )
    _write(figure, path)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Turn each row of ``(N, C)`` into probabilities."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    scores: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return scores


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout='constrained')


def _grid(count: int, *, row_height: float) -> tuple[Figure, list[Axes]]:
    """Make a figure of ``count`` small pictures, eight a row; heights are in inches."""
    rows = max(1, math.ceil(count / COLUMNS))
    figure = _figure(COLUMNS * 0.95, 0.4 + rows * row_height)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    return figure, list(grid.flat)[:count]


def _write(figure: Figure, path: Path) -> None:
    content = io.BytesIO()
    # Without the version of matplotlib the same training gives the same file everywhere.
    figure.savefig(content, format='png', dpi=DPI, metadata={'Software': None})
    write_atomically(path, content.getvalue())
