"""From labelled frames, trainings and taught models to ROS messages."""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

from builtin_interfaces.msg import Time
from nn_perception.training.model_store.version import Version
from nn_perception_interfaces.msg import (
    DatasetSummary,
    EvaluationReport,
    FineTuneProgress,
    ModelVersion,
)
from std_msgs.msg import Header


def model_version(version: Version) -> ModelVersion:
    """Build the description of a taught model's version."""
    return ModelVersion(
        name=version.name,
        version=version.version,
        trained_at=Time(sec=version.trained_at_ns // 10**9, nanosec=version.trained_at_ns % 10**9),
        labels=list(version.labels),
        accuracy=math.nan if version.accuracy is None else version.accuracy,
        active=version.active,
    )


def dataset_summary(
    name: str, counts: Mapping[str, int], size_bytes: int, recording: str, header: Header
) -> DatasetSummary:
    """
    Build the summary of a set of labelled frames.

    :param counts: frames of each label
    :param recording: the label that is recorded, empty if none is
    """
    return DatasetSummary(
        header=header,
        name=name,
        labels=list(counts),
        counts=list(counts.values()),
        bytes=size_bytes,
        recording_label=recording,
    )


def fine_tune_progress(progress: Mapping[str, Any], header: Header) -> FineTuneProgress:
    """
    Build a message on how far a training is.

    :param progress: the fields of :class:`~nn_perception.training.fine_tuning.result.Progress`
    """
    epoch = progress['epoch'] or {}
    figures = ('train_loss', 'validation_loss', 'train_accuracy', 'validation_accuracy')
    return FineTuneProgress(
        header=header,
        stage=progress['stage'],
        epoch=epoch.get('epoch', 0),
        max_epochs=progress['max_epochs'],
        progress=float(progress['done']),
        **{name: float(epoch.get(name, math.nan)) for name in figures},
    )


def evaluation_report(report: Mapping[str, Any]) -> EvaluationReport:
    """
    Build the report of a training.

    :param report: see :mod:`nn_perception.training.evaluation`; what is not known becomes NaN
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
