"""Write checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nn_perception.core.files.atomic import atomic_stream
from nn_perception.core.files.safetensors_header import in_fixed_order
from nn_perception.core.inference.checkpoint import CheckpointMetadata
import numpy as np
from numpy.typing import NDArray
import safetensors.numpy


def write_checkpoint(
    path: str | Path, weights: Mapping[str, NDArray[Any]], metadata: CheckpointMetadata
) -> None:
    """
    Write a checkpoint atomically; it replaces an existing file.

    :param weights: name of each tensor -> its values, in the network's order
    :raises OSError: if the file cannot be written
    :raises ValueError: if the number of labels does not match the head
    """
    head, count = metadata.head, len(metadata.labels)
    if head is None and metadata.definition is not None:
        head = metadata.definition.head
    elif head is None:
        head = next(reversed(list(weights)), '')
    if head and (head not in weights or weights[head].shape[:1] != (count,)):
        found = weights[head].shape if head in weights else 'no such tensor'
        raise ValueError(f'{count} labels do not match {head}: {found}')
    contiguous = {name: np.ascontiguousarray(values) for name, values in weights.items()}
    content = safetensors.numpy.save(contiguous, metadata.to_strings(head))
    with atomic_stream(Path(path)) as stream:
        for part in in_fixed_order(content):
            stream.write(part)
