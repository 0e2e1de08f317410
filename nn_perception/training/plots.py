"""
Plots of a training: confusion matrix, recall and precision, loss and error curves.

They are drawn without pyplot, which would choose a window system and never free the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
import io
from pathlib import Path
from typing import Any, TYPE_CHECKING

from nn_perception.core.files.atomic import write_atomically
from nn_perception.training.epoch import Epoch
from nn_perception.training.evaluation import Evaluation
from nn_perception.training.plot_labels import plot_labels
import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120
MAX_SIDE_INCHES = 20.0
# More counts cannot be read.
MAX_COUNTED_LABELS = 60


def draw_report(
    path: Path, evaluation: Evaluation, history: Sequence[Epoch], items: str = 'frames'
) -> None:
    """
    Draw the result of fine-tuning: confusion matrix, recall by label, and the curves if any.

    :param evaluation: on the held-out frames
    :param history: metrics of each epoch; empty if only a head was trained
    :param items: what the network was trained on
    :raises OSError: if the file cannot be written
    """
    rows = 2 if history else 1
    labels = plot_labels(evaluation.labels)
    drawn = replace(evaluation, labels=labels.texts)
    # More labels need more room, up to a picture of 12 megapixels.
    side = min(4.6 + 0.2 * max(0, len(labels.texts) - 15), MAX_SIDE_INCHES)
    figure = new_figure(2.0 * side + 0.8, side + 4.6 * (rows - 1))
    heights = [side, 4.6][:rows]
    axes = figure.subplots(rows, 2, squeeze=False, gridspec_kw={'height_ratios': heights})
    count = int(evaluation.confusion.sum())
    plot_confusion(axes[0, 0], drawn, f'{evaluation.accuracy:.1%} of {count} held-out {items}')
    _plot_recall(axes[0, 1], drawn)
    if history:
        plot_curves(axes[1], history, samples='frames')
    for one in axes[0]:
        for tick in (*one.get_xticklabels(), *one.get_yticklabels()):
            tick.set_fontfamily(list(labels.fonts))
            tick.set_fontsize(min(10.0, 50.0 * side / len(labels.texts)))
    if labels.note:
        figure.supxlabel(labels.note, fontsize=8)
    write_figure(figure, path)


def plot_curves(both: Any, history: Sequence[Epoch], *, samples: str) -> None:
    """
    Plot loss and error rate of training and validation by epoch.

    :param both: axes of the loss, and axes of the error rate
    :param samples: name of the training samples, for the title
    """
    loss, errors = both
    epochs = [epoch.epoch for epoch in history]
    for part, colour in (('train', 'tab:blue'), ('validation', 'tab:orange')):
        losses = [getattr(epoch, f'{part}_loss') for epoch in history]
        wrong = [100.0 * (1.0 - getattr(epoch, f'{part}_accuracy')) for epoch in history]
        loss.plot(epochs, losses, marker='.', color=colour, label=part)
        errors.plot(epochs, wrong, marker='.', color=colour, label=part)
    # Label smoothing, augmentation and dropout make training look worse than validation.
    loss.set(title='Loss (training: smoothed labels)', xlabel='epoch')
    errors.set(title=f'Errors (training: augmented {samples})', xlabel='epoch', ylabel='%')
    errors.set_yscale('symlog', linthresh=0.1)
    errors.yaxis.set_major_formatter('{x:g}')
    for axes in (loss, errors):
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()


def plot_confusion(axes: Axes, evaluation: Evaluation, title: str) -> None:
    """Plot the confusion matrix; colour shows errors only, since they are far fewer."""
    counts = evaluation.confusion
    wrong = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    axes.imshow(wrong, cmap='Reds', vmin=0, vmax=max(1, int(wrong.max())))
    for (row, column), count in np.ndenumerate(counts):
        if count and len(counts) <= MAX_COUNTED_LABELS:
            dark = wrong[row, column] > 0.6 * max(1, int(wrong.max()))
            weight = 'bold' if row == column else 'normal'
            colour = 'white' if dark else 'black'
            axes.text(
                column, row, str(count), ha='center', va='center', color=colour, weight=weight
            )
    axes.set_xticks(range(len(counts)), evaluation.labels, rotation=45, ha='right')
    axes.set_yticks(range(len(counts)), evaluation.labels)
    axes.set(title=title, xlabel='prediction', ylabel='truth')


def new_figure(width: float, height: float) -> Figure:
    """Create an empty figure; both sizes in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout='constrained')


def write_figure(figure: Figure, path: Path) -> None:
    """
    Write a figure as PNG.

    :raises OSError: if the file cannot be written
    """
    content = io.BytesIO()
    # Without matplotlib's version the same training gives the same file everywhere.
    figure.savefig(content, format='png', dpi=DPI, metadata={'Software': None})
    write_atomically(path, content.getvalue())


def _plot_recall(axes: Axes, evaluation: Evaluation) -> None:
    """Plot recall and precision of each label as bars."""
    places = np.arange(len(evaluation.labels))
    parts: tuple[tuple[str, Any, float], ...] = (
        ('recall', evaluation.recall, -0.2),
        ('precision', evaluation.precision, 0.2),
    )
    for name, values, shift in parts:
        axes.barh(places + shift, np.nan_to_num(values), height=0.38, label=name)
    axes.set_yticks(places, evaluation.labels)
    axes.invert_yaxis()
    axes.set(xlim=(0.0, 1.0), title='Recall and precision')
    axes.legend()
