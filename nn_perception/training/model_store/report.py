"""The report of a training, ``report.json`` in the folder of a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
import math
from typing import Any

from nn_perception.training.epoch import Epoch


@dataclass(frozen=True)
class HeldOutFrame:
    """
    The prediction for a frame that was held out of the training.

    :param sha256: hash of the frame's file, hexadecimal
    :param label: its label
    :param predicted: the label that the model gave it
    """

    sha256: str
    label: str
    predicted: str


@dataclass(frozen=True)
class TrainingReport:
    """
    What is known about a training; numbers that are unknown are None.

    :param labels: the C labels, in the order of the lists below
    :param accuracy: share of the held-out frames that are right, in ``[0, 1]``
    :param recall: share of each label's held-out frames that are right
    :param precision: share of the predictions of each label that are right
    :param confusion: number of held-out frames; row: label, column: prediction
    :param held_out: these frames; empty in reports of earlier versions
    :param epochs: metrics of each epoch; empty if only the head was trained
    :param warnings: what the dataset checks found, a sentence each
    :param frames: label -> number of all frames
    :param trained_with: number of frames that were trained on
    :param settings: settings of the training
    :param base: version of the network that was fine-tuned
    :param version: base, what was trained, and a hash of the weights
    :param temperature: by which logits are divided, so that a score is a probability
    :param calibration_error: mean difference of score and share of right answers, in ``[0, 1]``
    :param calibration_error_before: the same without the temperature
    :param unknown_distance: out-of-distribution threshold, a cosine distance
    :param cross_validation_accuracy: accuracy within the training frames, in ``[0, 1]``
    :param accuracy_of_the_active_one: of the version that was active, on the same held-out frames
    :param seconds: duration of the training
    :param medium: what it was trained on: ``image`` or ``sound``
    """

    labels: tuple[str, ...] = ()
    accuracy: float | None = None
    recall: tuple[float | None, ...] = ()
    precision: tuple[float | None, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    held_out: tuple[HeldOutFrame, ...] = field(default=(), repr=False)
    epochs: tuple[Epoch, ...] = ()
    warnings: tuple[str, ...] = ()
    frames: Mapping[str, int] = field(default_factory=dict)
    trained_with: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    base: str = ''
    version: str = ''
    temperature: float | None = None
    calibration_error: float | None = None
    calibration_error_before: float | None = None
    unknown_distance: float | None = None
    cross_validation_accuracy: float | None = None
    accuracy_of_the_active_one: float | None = None
    seconds: float | None = None
    medium: str = 'image'

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TrainingReport:
        """
        Read a report; fields that it lacks get their defaults, and unknown ones are ignored.

        :param values: see :meth:`nn_perception.training.model_store.version.Version.report`
        :raises ValueError: if a value has the wrong type, or the lists do not match the labels
        """
        try:
            read = {key: _READERS[key](values[key]) for key in _READERS if key in values}
            report = cls(**read)
        except (TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(f'the report is damaged: {error}') from error
        for name in ('recall', 'precision', 'confusion'):
            found: tuple[Any, ...] = getattr(report, name)
            if found and len(found) != len(report.labels):
                raise ValueError(
                    f'the report is damaged: it has {len(report.labels)} labels, and {name} has '
                    f'{len(found)} entries'
                )
        if any(len(row) != len(report.labels) for row in report.confusion):
            raise ValueError('the report is damaged: its confusion matrix is not square')
        return report

    @property
    def examples(self) -> dict[str, int]:
        """The number of held-out frames of each label; empty if it is unknown."""
        if not self.confusion:
            return {}
        return {label: sum(row) for label, row in zip(self.labels, self.confusion, strict=True)}

    def frames_of(self, label: str, predicted: str) -> tuple[str, ...]:
        """
        Find the held-out frames behind a cell of the confusion matrix.

        :param label: their label, the row
        :param predicted: their prediction, the column
        :returns: the hashes of their files
        """
        return tuple(
            frame.sha256
            for frame in self.held_out
            if (frame.label, frame.predicted) == (label, predicted)
        )


def with_renamed_label(report: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """
    Rename a label in a report; the order of the labels stays.

    :param report: the content of ``report.json``
    :returns: a new report; values that do not name the label are shared with the old one
    """

    def renamed(label: str) -> str:
        return new if label == old else label

    changed = dict(report)
    if 'labels' in changed:
        changed['labels'] = [renamed(label) for label in changed['labels']]
    if 'frames' in changed:
        changed['frames'] = {renamed(label): n for label, n in changed['frames'].items()}
    if 'held_out' in changed:
        changed['held_out'] = [
            frame | {'label': renamed(frame['label']), 'predicted': renamed(frame['predicted'])}
            for frame in changed['held_out']
        ]
    return changed


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError(f'{value!r} is not a number')
    return float(value)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f'{value!r} is not a number of frames')
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f'{value!r} is not a text')
    return value


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(_text(value) for value in _list(values))


def _numbers(values: Any) -> tuple[float | None, ...]:
    return tuple(_number(value) for value in _list(values))


def _list(values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise TypeError(f'{values!r} is not a list')
    return values


def _matrix(rows: Any) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(_count(value) for value in _list(row)) for row in _list(rows))


def _held_out(frames: Any) -> tuple[HeldOutFrame, ...]:
    keys = [one.name for one in fields(HeldOutFrame)]
    return tuple(HeldOutFrame(*(_text(frame[key]) for key in keys)) for frame in _list(frames))


def _epochs(epochs: Any) -> tuple[Epoch, ...]:
    found = []
    for epoch in _list(epochs):
        values = {one.name: _number(epoch[one.name]) for one in fields(Epoch)}
        if None in values.values():
            raise TypeError('a metric of an epoch is missing')
        found.append(Epoch(**{**values, 'epoch': _count(epoch['epoch'])}))  # type: ignore[arg-type]
    return tuple(found)


def _counts(counts: Any) -> dict[str, int]:
    return {_text(label): _count(count) for label, count in counts.items()}


_READERS: dict[str, Any] = {
    'labels': _texts,
    'accuracy': _number,
    'recall': _numbers,
    'precision': _numbers,
    'confusion': _matrix,
    'held_out': _held_out,
    'epochs': _epochs,
    'warnings': _texts,
    'frames': _counts,
    'trained_with': _count,
    'settings': lambda settings: dict(settings.items()),
    'base': _text,
    'version': _text,
    'temperature': _number,
    'calibration_error': _number,
    'calibration_error_before': _number,
    'unknown_distance': _number,
    'cross_validation_accuracy': _number,
    'accuracy_of_the_active_one': _number,
    'seconds': _number,
    'medium': _text,
}
