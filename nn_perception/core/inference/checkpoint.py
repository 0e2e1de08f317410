"""
Weights, labels, preprocessing and a version in one file.

A checkpoint is a safetensors file whose metadata say what the weights are. Nothing in it is ever
executed, unlike in a pickle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import hashlib
import json
import math
from pathlib import Path
from typing import Any

from nn_perception.core.files.atomic import write_atomically
from nn_perception.core.files.safetensors_header import in_fixed_order, read_header
from nn_perception.core.imaging.preprocessing import Preprocessing
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
import safetensors.numpy

FORMAT = 'nn_perception-1'
SUFFIX = '.safetensors'
REQUIRED = ('network', 'labels', 'preprocessing', 'version')
LOGITS = 'logits'
EMBEDDING = 'embedding'
# An embedding of the outputs of several layers, see networks/efficientnet_lite.py. It starts with
# the plain embedding, which has this many values.
STAGES = 'stages'
WITH_STAGES = {'efficientnet_lite0': 1280}
# Tensors in addition to those of the network: those of the out-of-distribution score, see
# capabilities/tagging/out_of_distribution.py,
OUT_OF_DISTRIBUTION_PREFIX = 'novelty.'
# and the head that was evaluated; the one in use is fitted to the held-out frames, too.
EVALUATED_HEAD_PREFIX = 'measured.'


@dataclass(frozen=True)
class Checkpoint:
    """
    What is known of a network before its weights are loaded.

    :param path: the file
    :param network: name for :func:`nn_perception.core.networks.build`
    :param labels: names of the outputs, ``labels[i]`` belongs to output ``i``
    :param preprocessing: how images are prepared
    :param version: which training the weights come from
    :param sha256: hash of the whole file, hexadecimal
    :param licence: terms of the weights, empty if unknown
    :param source: where the weights come from, empty if unknown
    :param head: the last tensor of the layer that gives the labels, empty if there is none
    :param fine_tuned_from: network and version that it was fine-tuned from, else empty
    :param features: input of the head: the ``embedding`` of one layer, or ``stages``
    :param output: output of the network: ``logits``, or the input of the head
    :param body_sha256: hash of the weights before the head, if the output is its input
    """

    path: Path
    network: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    version: str
    sha256: str
    licence: str = ''
    source: str = ''
    head: str = ''
    fine_tuned_from: str = ''
    features: str = EMBEDDING
    output: str = LOGITS
    body_sha256: str = ''

    @classmethod
    def read(cls, path: str | Path) -> Checkpoint:
        """
        Read everything but the weights.

        :raises OSError: if the file cannot be read
        :raises ValueError: if it is not a whole checkpoint, or contradicts itself
        """
        path = Path(path).absolute()
        content = _read_bytes(path)
        try:
            header = read_header(content)
            metadata = _metadata(header)
            checkpoint = cls(
                path=path,
                network=metadata['network'],
                labels=_labels(metadata['labels']),
                preprocessing=Preprocessing.from_json(json.loads(metadata['preprocessing'])),
                version=metadata['version'],
                sha256=hashlib.sha256(content).hexdigest(),
                licence=metadata.get('licence', ''),
                source=metadata.get('source', ''),
                head=metadata.get('head', ''),
                fine_tuned_from=metadata.get('taught_from', ''),
                features=_features(metadata),
            )
            _check_head(header, checkpoint.head, len(checkpoint.labels))
        except ValueError as error:
            raise ValueError(f'{path} is not a usable checkpoint: {error}') from error
        return checkpoint

    @property
    def name(self) -> str:
        """The file's name without folder and suffix."""
        return self.path.name.removesuffix(SUFFIX)

    @property
    def title(self) -> str:
        """The network and its version."""
        return f'{self.network} {self.version}'

    @property
    def head_layer(self) -> str:
        """The layer that computes the logits, such as ``classifier.1``; empty if unknown."""
        return self.head.rpartition('.')[0]

    @property
    def identity(self) -> str:
        """What decides the output: checkpoints with the same body share their embeddings."""
        return self.sha256 if self.output == LOGITS else f'{self.output} {self.body_sha256}'

    def for_fine_tuning(self) -> Checkpoint:
        """
        Adapt preprocessing and features to fine-tuning.

        The whole image is used, since its centre may miss the object, and the outputs of several
        layers, if the network provides them. Networks for grey images take whole patches already.
        """
        preprocessing = self.preprocessing
        if preprocessing.channels > 1:
            preprocessing = replace(preprocessing, crop=1.0, stretch=True)
        features = STAGES if self.network in WITH_STAGES else EMBEDDING
        return replace(self, preprocessing=preprocessing, features=features)

    def similarity(self, features: NDArray[Any]) -> NDArray[Any]:
        """
        Select the part of an embedding that measures the similarity of images.

        :param features: input of the head, ``(..., D)``
        :returns: the embedding of the last layer, ``(..., E)``
        """
        if self.features != STAGES:
            return features
        return features[..., : WITH_STAGES[self.network]]

    def embedding(self, features: str = '') -> Checkpoint:
        """
        Return the same checkpoint without its head; its output is the input of the head.

        :param features: the kind of features; empty: that of the checkpoint
        :raises OSError: if the file cannot be read
        :raises ValueError: if the network has no head, or the file has changed
        """
        if not self.head_layer:
            raise ValueError(f'{self.name} has no layer for its labels, so no embedding')
        digest = hashlib.sha256(f'{self.network} {self.preprocessing.size}'.encode())
        for name, values in sorted(self.weights().items()):
            if not name.startswith(
                (f'{self.head_layer}.', OUT_OF_DISTRIBUTION_PREFIX, EVALUATED_HEAD_PREFIX)
            ):
                digest.update(f'{name} {values.dtype} {values.shape}'.encode())
                digest.update(values.tobytes())
        features = features or self.features
        return replace(self, features=features, output=features, body_sha256=digest.hexdigest())

    def weights(self) -> dict[str, NDArray[Any]]:
        """
        Load the weights.

        :returns: name of each tensor -> its values
        :raises OSError: if the file cannot be read
        :raises ValueError: if the file is another one than was read first, or a weight is not a
            number
        """
        content = _read_bytes(self.path)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ValueError(f'{self.path} was changed since it was opened')
        try:
            weights = safetensors.numpy.load(content)
        except SafetensorError as error:
            raise ValueError(f'{self.path} is not a usable checkpoint: {error}') from error
        for name, values in weights.items():
            if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
                raise ValueError(
                    f'{self.path} is not a usable checkpoint: {name} holds values that are not '
                    'finite numbers'
                )
        return weights


@dataclass(frozen=True)
class CheckpointMetadata:
    """
    What a checkpoint says of its weights, see :class:`Checkpoint`.

    :param head: the tensor whose first axis is as long as there are labels; None: the last one;
        empty: there is none
    """

    network: str
    labels: Sequence[str]
    preprocessing: Preprocessing
    version: str
    licence: str = ''
    source: str = ''
    head: str | None = None
    fine_tuned_from: str = ''
    features: str = EMBEDDING

    def to_strings(self, head: str) -> dict[str, str]:
        """Write it as the metadata of a safetensors file, with the head that was found."""
        strings = {
            'format': FORMAT,
            'network': self.network,
            'version': self.version,
            'labels': json.dumps(list(self.labels), ensure_ascii=False),
            'preprocessing': json.dumps(self.preprocessing.to_json()),
            'licence': self.licence,
            'source': self.source,
            'head': head,
        }
        if self.fine_tuned_from:
            strings['taught_from'] = self.fine_tuned_from
        if self.features != EMBEDDING:
            strings['features'] = self.features
        return strings


def write_checkpoint(
    path: str | Path, weights: Mapping[str, NDArray[Any]], metadata: CheckpointMetadata
) -> None:
    """
    Write a checkpoint; its name appears when it is complete, and replaces what was there.

    :param weights: name of each tensor -> its values, in the network's order
    :raises OSError: if the file cannot be written
    :raises ValueError: if labels and head disagree
    """
    head, count = metadata.head, len(metadata.labels)
    if head is None:
        head = next(reversed(list(weights)), '')
    if head and (head not in weights or weights[head].shape[:1] != (count,)):
        found = weights[head].shape if head in weights else 'no such tensor'
        raise ValueError(f'{count} labels do not fit {head}: {found}')
    contiguous = {name: np.ascontiguousarray(values) for name, values in weights.items()}
    content = safetensors.numpy.save(contiguous, metadata.to_strings(head))
    write_atomically(Path(path), in_fixed_order(content))


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise type(error)(f'checkpoint {path} cannot be read: {error.strerror}') from error


def _metadata(header: Mapping[str, Any]) -> dict[str, str]:
    metadata = header.get('__metadata__')
    missing = [key for key in REQUIRED if not isinstance(metadata, dict) or key not in metadata]
    if missing or not isinstance(metadata, dict):
        raise ValueError(f'its metadata lack {", ".join(missing)}')
    if metadata.get('format') != FORMAT:
        raise ValueError(f'its format is {metadata.get("format")!r}, expected {FORMAT!r}')
    return {str(key): str(value) for key, value in metadata.items()}


def _features(metadata: Mapping[str, str]) -> str:
    features, network = metadata.get('features', EMBEDDING), metadata['network']
    if features != EMBEDDING and (features != STAGES or network not in WITH_STAGES):
        raise ValueError(f'its head classifies {features!r}, which {network} does not give')
    return features


def _labels(text: str) -> tuple[str, ...]:
    labels = json.loads(text)
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ValueError('its labels are not a list of texts')
    return tuple(labels)


def _check_head(header: Mapping[str, Any], head: str, labels: int) -> None:
    if not head:
        return
    if head not in header:
        raise ValueError(f'the tensor {head} is missing')
    shape = header[head].get('shape')
    if not isinstance(shape, list) or math.prod(shape[:1]) != labels or not shape:
        raise ValueError(f'it has {labels} labels, but {head} is of shape {shape}')
