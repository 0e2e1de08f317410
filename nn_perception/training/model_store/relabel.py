"""
Rename a label, in a dataset and in the model that was fine-tuned on it, without training anew.

The weights stay, so the renamed model predicts what the old one did, under the new name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nn_perception.core.files.scratch import scratch_folder
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import distinct_label
from nn_perception.training.model_store.limit import limit_versions
from nn_perception.training.model_store.report import with_renamed_label
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
    renamed, items = f'{old} is {new} now', dataset.medium.words.items
    active, successor, reason = None, None, ''
    try:
        active = _version_to_rename(model, old, new)
        successor = None if active is None else add_relabelled(model, active, old, new)
    except ValueError as error:
        reason = f', but the model keeps its labels: {error}'
    if active is None or successor is None:
        frames = dataset.rename_label(old, new)
        return RenamedLabel(frames, '', f'{renamed}: {frames} {items}{reason}')
    model.store.activate(model.name, successor.version)
    try:
        frames = dataset.rename_label(old, new)
    except (OSError, ValueError):
        model.store.activate(model.name, active.version)
        raise
    problems = limit_versions(model.store, model.name, model.limit)
    message = f'{renamed}: {frames} {items}, and the active version, {successor.version}'
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
                labels=[new_label if one == label else one for one in checkpoint.labels],
                preprocessing=checkpoint.preprocessing,
                version=checkpoint.version,
                licence=checkpoint.licence,
                source=checkpoint.source,
                head=checkpoint.head,
                fine_tuned_from=checkpoint.fine_tuned_from,
                features=checkpoint.features,
                definition=checkpoint.definition,
            ),
        )
        return model.store.add(model.name, path, report, version.manifest_sha256)


def _version_to_rename(model: StoredModel, label: str, new_label: str) -> Version | None:
    """
    Return the active version if it has a label.

    :raises ValueError: if the label cannot be renamed, or the version is damaged
    """
    active = model.store.active(model.name)
    if active is None or label not in active.labels:
        return None
    others = [other for other in active.labels if other != label]
    if distinct_label(new_label, others) in others:
        raise ValueError(f'version {active.version} has the label {new_label} as well')
    return active


def _relabelled_report(version: Version, label: str, new_label: str) -> dict[str, Any]:
    """Rename a label in the report of a training, and name the version that it is from."""
    try:
        report = with_renamed_label(version.report(), label, new_label)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f'the report of version {version.version} is damaged') from error
    return report | {'relabelled_from': version.version}
