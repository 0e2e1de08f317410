"""Messages about datasets, fine-tuning jobs and fine-tuned models."""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

from builtin_interfaces.msg import Time
from nn_perception.core.quoting import shortened
from nn_perception.training.datasets.labelled_frames import LabelledFrame as StoredFrame
from nn_perception.training.fine_tuning.job import JobResult
from nn_perception.training.fine_tuning.settings import DEFAULT_SETTINGS, FineTuneSettings
from nn_perception.training.model_store.version import Version
from nn_perception_interfaces.action import FineTune
from nn_perception_interfaces.msg import (
    DatasetSummary,
    EvaluationReport,
    FineTuneProgress,
    LabelledFrame,
    ModelVersion,
)
from std_msgs.msg import Header

# Of the message of a result, in characters: it has a sentence for each warning.
MAX_RESULT = 10_000


def stamp(time_ns: int) -> Time:
    """
    Convert a time in nanoseconds.

    :returns: zero, which stands for an unknown time, if no message can hold it
    """
    seconds, nanoseconds = divmod(time_ns, 10**9)
    known = 0 <= seconds < 1 << 31
    return Time(sec=seconds, nanosec=nanoseconds) if known else Time()


def nanoseconds(time: Time) -> int:
    """Convert a time of a message."""
    return int(time.sec * 10**9 + time.nanosec)


def labelled_frame(frame: StoredFrame) -> LabelledFrame:
    """Describe a stored frame; a manifest of a stranger may contain any text."""
    return LabelledFrame(
        id=frame.id,
        label=frame.label,
        stamp=stamp(frame.stamp_ns),
        topic=shortened(frame.topic),
        sha256=shortened(frame.sha256),
    )


def model_version(version: Version) -> ModelVersion:
    """Describe a version of a fine-tuned model."""
    return ModelVersion(
        name=version.name,
        version=version.version,
        trained_at=stamp(version.trained_at_ns),
        labels=list(version.labels),
        accuracy=math.nan if version.accuracy is None else version.accuracy,
        active=version.active,
    )


def dataset_summary(
    name: str, counts: Mapping[str, int], size_bytes: int, recording: str, header: Header
) -> DatasetSummary:
    """
    Describe a dataset.

    :param name: name of the dataset
    :param counts: number of frames of each label
    :param size_bytes: size of all frames together
    :param recording: label that is being recorded; empty if none is
    :param header: header of the message
    """
    return DatasetSummary(
        header=header,
        name=name,
        labels=list(counts),
        counts=list(counts.values()),
        bytes=size_bytes,
        recording_label=recording,
    )


def fine_tune_settings(goal: FineTune.Goal) -> FineTuneSettings:
    """
    Convert a goal, in which 0 or empty stands for the default.

    :raises ValueError: if a value is out of range
    """
    return FineTuneSettings(
        unfreeze=goal.unfreeze or DEFAULT_SETTINGS.unfreeze,
        max_epochs=goal.max_epochs,
        learning_rate=goal.learning_rate,
        validation_fraction=goal.validation_fraction or DEFAULT_SETTINGS.validation_fraction,
        seed=goal.seed,
    )


def fine_tune_progress(progress: Mapping[str, Any], header: Header) -> FineTuneProgress:
    """
    Describe the progress of a job.

    :param progress: fields of :class:`nn_perception.training.fine_tuning.fine_tune.Progress`
    :param header: header of the message
    """
    epoch = progress['epoch'] or {}
    metrics = ('train_loss', 'validation_loss', 'train_accuracy', 'validation_accuracy')
    return FineTuneProgress(
        header=header,
        stage=progress['stage'],
        epoch=epoch.get('epoch', 0),
        max_epochs=progress['max_epochs'],
        progress=float(progress['done']),
        **{name: float(epoch.get(name, math.nan)) for name in metrics},
    )


def evaluation_report(report: Mapping[str, Any]) -> EvaluationReport:
    """
    Convert the report of a training.

    :param report: see :meth:`nn_perception.training.evaluation.Evaluation.to_json`; None becomes
        NaN
    """
    known = {
        name: [math.nan if value is None else float(value) for value in report[name]]
        for name in ('recall', 'precision')
    }
    return EvaluationReport(
        labels=list(report['labels']),
        accuracy=float(report['accuracy']),
        confusion=[count for row in report['confusion'] for count in row],
        **known,
    )


def fine_tune_result(result: JobResult, duration_s: float) -> FineTune.Result:
    """Convert the result of a job that took so long."""
    return FineTune.Result(
        success=True,
        message=shortened(result.message, MAX_RESULT),
        version=result.version,
        activated=result.activated,
        validation=evaluation_report(result.report),
        duration=duration_s,
    )
