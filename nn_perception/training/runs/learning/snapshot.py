"""The tensors of snapshots."""

from __future__ import annotations

from collections.abc import Mapping

from nn_perception.training.runs.snapshot_file import read_snapshot, SnapshotMetadata
from safetensors import SafetensorError
import safetensors.torch
import torch
from torch import Tensor


def write_snapshot(tensors: Mapping[str, Tensor], metadata: SnapshotMetadata) -> bytes:
    """Write a snapshot."""
    contiguous = {name: values.detach().contiguous() for name, values in tensors.items()}
    content: bytes = safetensors.torch.save(contiguous, metadata.to_strings())
    return content


def load_snapshot(content: bytes) -> tuple[dict[str, Tensor], SnapshotMetadata]:
    """
    Read a snapshot.

    :raises ValueError: a sentence, if it is none, or a weight is not finite
    """
    metadata = read_snapshot(content)
    try:
        tensors = safetensors.torch.load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(f'This is not a snapshot of a run: {error}.') from error
    for name, values in tensors.items():
        if values.is_floating_point() and not bool(torch.isfinite(values).all()):
            raise ValueError(
                f'This snapshot cannot be used: {name} holds values that are not finite numbers.'
            )
    return tensors, metadata
