"""
Check the metadata of a checkpoint file.

They may come from a stranger, and end up in logs, on terminals and in messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
import unicodedata

from nn_perception.core.audio.preprocessing import SoundPreprocessing
from nn_perception.core.files.safetensors_header import METADATA
from nn_perception.core.files.untrusted import parse_json
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.networks.build import DEFINED
from nn_perception.core.networks.defined.definition import Definition, parse
from nn_perception.core.quoting import quoted

FORMAT = 'nn_perception-1'
REQUIRED = ('network', 'labels', 'preprocessing', 'version')
DEFINITION = 'definition'
JSON = ('labels', 'preprocessing', DEFINITION)
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


def preprocessing_of(metadata: Mapping[str, str]) -> Preprocessing | SoundPreprocessing:
    """
    Return the preprocessing of images, or that of sounds, which has a sample rate.

    :raises ValueError: if it is malformed
    """
    values = parse_json(metadata['preprocessing'])
    if isinstance(values, dict) and 'sample_rate' in values:
        return SoundPreprocessing.from_json(values)
    return Preprocessing.from_json(values)


def definition_of(
    metadata: Mapping[str, str], labels: int, preprocessing: Preprocessing | SoundPreprocessing
) -> Definition | None:
    """
    Return the definition of the network; None if the network is not defined by data.

    What it computes for an image is limited, see :mod:`nn_perception.core.networks.defined.sizes`.

    :param labels: number of labels
    :raises ValueError: if it is missing, wrong or too large, or its input or output is another
    """
    network, text = metadata['network'], metadata.get(DEFINITION)
    if (network == DEFINED) != (text is not None):
        has = 'lacks' if text is None else 'has'
        raise ValueError(f'its network is {quoted(network)}, but it {has} a definition')
    if text is None:
        return None
    try:
        definition = parse(text, labels)
    except ValueError as error:
        raise ValueError(f'the definition of its network is wrong: {error}') from error
    if tuple(definition.input) != preprocessing.input_shape:
        needs, gives = (
            ' x '.join(map(str, shape)) for shape in (definition.input, preprocessing.input_shape)
        )
        raise ValueError(f'its network needs {needs} values, but its preprocessing gives {gives}')
    return definition


def check_tensors(header: Mapping[str, Any], definition: Definition, head: str) -> None:
    """
    Check that a file has the weights of a definition, so that building it costs what the file has.

    :param header: of the file, without the tensors that belong to no layer
    :param head: name of the last tensor; empty if there is none
    :raises ValueError: if a tensor is missing or superfluous, or has another shape or type
    """
    expected = definition.tensors
    found = {name: entry for name, entry in header.items() if name != METADATA}
    for name in sorted(expected.keys() ^ found.keys()):
        state = 'missing' if name in expected else 'not part of the definition of its network'
        raise ValueError(f'the tensor {name} is {state}')
    for name, shape in expected.items():
        kind, sizes = found[name]['dtype'], found[name]['shape']
        # A count is written with an axis of its own.
        wanted, allowed = ('F32', ([*shape],)) if shape else ('I64', ([], [1]))
        if kind != wanted or sizes not in allowed:
            raise ValueError(
                f'the tensor {name} is {kind} of the shape {sizes}; the definition of its network '
                f'needs {wanted} of the shape {[*shape]}'
            )
    if head.rpartition('.')[0] not in ('', definition.head.rpartition('.')[0]):
        raise ValueError(f'its head is {head}, but its definition ends in {definition.head}')


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
