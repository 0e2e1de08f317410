"""
Rename a label, in a dataset and in the model that was fine-tuned on it, without training anew.

The weights stay, so the renamed model predicts what the old one did, under the new name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nn_perception.core.files.scratch import scratch_folder
from nn_perception.core.inference.checkpoint import (
    Checkpoint,
    CheckpointMetadata,
    write_checkpoint,
)
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import distinct_label
from nn_perception.training.model_store.limit import limit_versions
from nn_perception.training.model_store.store import ModelStore
from nn_perception.training.model_store.version import CHECKPOINT, Version


@dataclass(frozen=True)
class RenamedLabel:
    """
    What renaming a label has changed.

    :param frames: number of frames with the new label
    :param version: the version that is active since then; empty if no model knew the label
    :param message: both in words
    """

    frames: int
    version: str
    message: str


@dataclass(frozen=True)
class StoredModel:
    """
    A model of a store.

    :param store: contains the versions
    :param name: name of the model
    :param limit: maximum number of versions, of which the oldest are deleted; 0 for no limit
    """

    store: ModelStore
    name: str
    limit: int = 0


def rename_label(dataset: Dataset, model: StoredModel, label: str, new_label: str) -> RenamedLabel:
    """
    Rename a label in a dataset and in the active version of a model.

    The active version gets a successor with the same weights. First it is stored, then activated;
    last, the frames are renamed. A process that ends in between has lost nothing, and the label
    can be renamed again: what is done already is left as it is. If the frames cannot be renamed,
    the version before is active again.

    :raises ValueError: if the label has no frames, or the new one is not allowed or exists
    :raises OSError: if the frames cannot be renamed, or the version cannot be written
    """
    old, new = dataset.check_rename(label, new_label)
    renamed = f'{old} is {new} now'
    active, reason = _active_version(model, old, new)
    if active is None:
        frames = dataset.rename_label(old, new)
        note = f', but the model keeps its labels: {reason}' if reason else ''
        return RenamedLabel(frames, '', f'{renamed}: {frames} frames{note}')
    successor = add_relabelled(model, active, old, new)
    model.store.activate(model.name, successor.version)
    try:
        frames = dataset.rename_label(old, new)
    except (OSError, ValueError):
        model.store.activate(model.name, active.version)
        raise
    problems = limit_versions(model.store, model.name, model.limit)
    message = f'{renamed}: {frames} frames, and the active version, {successor.version}'
    return RenamedLabel(frames, successor.version, '; '.join([message, *problems]))


def add_relabelled(model: StoredModel, version: Version, label: str, new_label: str) -> Version:
    """
    Store a successor of a version in which a label has another name; it is not active yet.

    :param label: one of the labels of the version
    :raises OSError: if a file cannot be read or written
    :raises ValueError: if the version is damaged
    """
    checkpoint = Checkpoint.read(version.checkpoint)
    report = _relabelled_report(version, label, new_label)
    with scratch_folder() as folder:
        path = folder / CHECKPOINT
        write_checkpoint(
            path,
            checkpoint.weights(),
            CheckpointMetadata(
                network=checkpoint.network,
                labels=_renamed(checkpoint.labels, label, new_label),
                preprocessing=checkpoint.preprocessing,
                version=checkpoint.version,
                licence=checkpoint.licence,
                source=checkpoint.source,
                head=checkpoint.head,
                fine_tuned_from=checkpoint.fine_tuned_from,
                features=checkpoint.features,
            ),
        )
        return model.store.add(model.name, path, report, version.manifest_sha256)


def _active_version(model: StoredModel, label: str, new_label: str) -> tuple[Version | None, str]:
    """
    Return the active version if it has a label that can be renamed.

    :returns: None if it has not; and if it has the label and still cannot be renamed, why
    """
    try:
        active = model.store.active(model.name)
    except ValueError as error:
        return None, str(error)
    if active is None or label not in active.labels:
        return None, ''
    others = [other for other in active.labels if other != label]
    try:
        if distinct_label(new_label, others) in others:
            return None, f'version {active.version} has the label {new_label} as well'
    except ValueError as error:
        return None, str(error)
    return active, ''


def _relabelled_report(version: Version, label: str, new_label: str) -> dict[str, Any]:
    """Rename a label in the report of a training, and name the version that it is from."""
    report = version.report()
    if isinstance(labels := report.get('labels'), list):
        report['labels'] = _renamed(labels, label, new_label)
    if isinstance(frames := report.get('frames'), dict):
        names = _renamed(frames, label, new_label)
        report['frames'] = dict(zip(names, frames.values(), strict=True))
    return report | {'relabelled_from': version.version}


def _renamed(labels: Iterable[Any], label: str, new_label: str) -> list[Any]:
    return [new_label if one == label else one for one in labels]
