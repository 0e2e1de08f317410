"""
Check the metadata of a checkpoint file.

They may come from a stranger, and end up in logs, on terminals and in messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
import unicodedata

from nn_perception.core.files.safetensors_header import METADATA
from nn_perception.core.files.untrusted import parse_json
from nn_perception.core.quoting import quoted

FORMAT = 'nn_perception-1'
REQUIRED = ('network', 'labels', 'preprocessing', 'version')
JSON = ('labels', 'preprocessing')
MAX_CHARACTERS = 1_000


def metadata_of(header: Mapping[str, Any]) -> dict[str, str]:
    """
    Return the metadata of a header.

    :raises ValueError: if one is missing, or cannot be shown in one line
    """
    metadata: dict[str, str] = header.get(METADATA, {})
    missing = [key for key in REQUIRED if key not in metadata]
    if missing:
        raise ValueError(f'its metadata lacks {", ".join(missing)}')
    if metadata.get('format') != FORMAT:
        found = quoted(metadata.get('format', ''))
        raise ValueError(f'its format is {found}, expected {FORMAT!r}')
    for key, text in metadata.items():
        if key not in JSON:
            _check_text(text, f'its metadata {quoted(key)}')
    return metadata


def labels_of(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """
    Return the labels.

    :raises ValueError: if they are not a list of texts, or one cannot be shown in one line
    """
    labels = parse_json(metadata['labels'])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ValueError('its labels are not a list of strings')
    for label in labels:
        _check_text(label, f'its label {quoted(label)}')
    return tuple(labels)


def check_head(header: Mapping[str, Any], head: str, labels: int) -> None:
    """
    Check that there is an output for each label.

    :param head: name of the last tensor; empty if there is none
    :param labels: number of labels
    :raises ValueError: if there is no such tensor, or it has another length
    """
    if not head:
        return
    if head == METADATA or head not in header:
        raise ValueError(f'the tensor {head} is missing')
    shape = header[head]['shape']
    if shape[:1] != [labels]:
        raise ValueError(f'it has {labels} labels, but {head} has the shape {shape}')


def _check_text(text: str, what: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f'{what} has {len(text)} characters; allowed are {MAX_CHARACTERS}')
    for character in text:
        if unicodedata.category(character) == 'Cc':
            raise ValueError(f'{what} contains the control character {character!r}')
