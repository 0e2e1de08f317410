"""Compare two versions of a fine-tuned model by their reports."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.training.datasets.media.detection import medium_named
from nn_perception.training.model_store.report import TrainingReport

# A frame has one label when it is held out; renamed labels are other labels.
Key = tuple[str, str]


@dataclass(frozen=True)
class LabelComparison:
    """
    The results of two versions for a label.

    :param label: its name
    :param before: recall of the first version, in ``[0, 1]``; None if it is unknown
    :param after: recall of the second version; None if it is unknown
    :param examples_before: number of held-out frames of the first version
    :param examples_after: number of held-out frames of the second version
    """

    label: str
    before: float | None
    after: float | None
    examples_before: int
    examples_after: int

    @property
    def difference(self) -> float | None:
        """The recall of the second version minus that of the first; None if one is unknown."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


@dataclass(frozen=True)
class Comparison:
    """
    Two versions of a model, side by side.

    :param accuracy_before: of the first version on its held-out frames; None if unknown
    :param accuracy_after: of the second version on its held-out frames
    :param labels: of both versions, sorted by label
    :param shared: number of frames that both versions held out, with the same label
    :param shared_before: share of the shared frames that the first version gets right; None
        without any
    :param shared_after: the same for the second version
    :param fair: whether both versions held out the same frames
    :param sentence: what the figures are worth, in words
    """

    accuracy_before: float | None
    accuracy_after: float | None
    labels: tuple[LabelComparison, ...]
    shared: int
    shared_before: float | None
    shared_after: float | None
    fair: bool
    sentence: str

    @property
    def difference(self) -> float | None:
        """The second accuracy minus the first; None if one is unknown."""
        if self.accuracy_before is None or self.accuracy_after is None:
            return None
        return self.accuracy_after - self.accuracy_before


def compare(before: TrainingReport, after: TrainingReport) -> Comparison:
    """
    Compare two versions.

    Only accuracies on the same held-out frames can be compared directly. If the versions held out
    different frames, those that both held out are compared as well: neither has trained on them
    when it was measured.

    :param before: report of the first version, usually the active one
    :param after: report of the second version
    """
    first, second = _right(before), _right(after)
    shared = sorted(first.keys() & second.keys())
    fair = bool(shared) and len(shared) == len(first) == len(second)
    labels = sorted({*before.labels, *after.labels})
    return Comparison(
        accuracy_before=before.accuracy,
        accuracy_after=after.accuracy,
        labels=tuple(_label(label, before, after) for label in labels),
        shared=len(shared),
        shared_before=_share(first, shared),
        shared_after=_share(second, shared),
        fair=fair,
        sentence=_sentence(before, after, len(shared), fair=fair),
    )


def _right(report: TrainingReport) -> dict[Key, bool]:
    """Tell for each held-out frame whether it is right."""
    return {
        (frame.sha256, frame.label): frame.label == frame.predicted for frame in report.held_out
    }


def _share(right: dict[Key, bool], keys: list[Key]) -> float | None:
    return sum(right[key] for key in keys) / len(keys) if keys else None


def _label(label: str, before: TrainingReport, after: TrainingReport) -> LabelComparison:
    return LabelComparison(
        label,
        _recall(before, label),
        _recall(after, label),
        before.examples.get(label, 0),
        after.examples.get(label, 0),
    )


def _recall(report: TrainingReport, label: str) -> float | None:
    if label not in report.labels or not report.recall:
        return None
    return report.recall[report.labels.index(label)]


def _sentence(before: TrainingReport, after: TrainingReport, shared: int, *, fair: bool) -> str:
    words = medium_named(after.medium).words
    items = words.items
    if fair:
        return f'Both versions were measured on the same {shared} held-out {items}.'
    if not before.held_out or not after.held_out:
        return (
            f'A report does not list its held-out {items}, so the accuracies may be measured on '
            f'different {items} and cannot be compared directly.'
        )
    if not shared:
        return (
            f'The versions were measured on different {items}, so their accuracies cannot be '
            'compared directly.'
        )
    return (
        f'The versions were measured on different {items}; only {words.count(shared)} that both '
        'held out can be compared directly.'
    )
