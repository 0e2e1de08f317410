"""
Weights, labels, preprocessing and a version in one file.

A checkpoint is a safetensors file with metadata that describe the weights. Unlike a pickle, it
cannot run code when it is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import hashlib
import json
from pathlib import Path
from typing import Any

from nn_perception.core.audio.preprocessing import SoundPreprocessing
from nn_perception.core.files.safetensors_header import read_safetensors
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference.checkpoint_metadata import (
    check_head,
    check_tensors,
    DEFINITION,
    definition_of,
    FORMAT,
    labels_of,
    metadata_of,
    preprocessing_of,
)
from nn_perception.core.networks.defined.definition import Definition
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
import safetensors.numpy

SUFFIX = '.safetensors'
LOGITS = 'logits'
EMBEDDING = 'embedding'
# Features of several layers, see networks/efficientnet_lite.py; 'stages' is their name in files.
MULTI_LAYER = 'stages'
# Networks that have them, and the length of the last layer's embedding, which comes first in them.
MULTI_LAYER_NETWORKS = {'efficientnet_lite0': 1280}
# Networks whose embedding has several parts: so much of it, the first one, compares inputs.
COMPARED = {'sound_embedding': 480}
# Tensors of the out-of-distribution model, see capabilities/tagging/out_of_distribution.py.
OUT_OF_DISTRIBUTION_PREFIX = 'novelty.'
# Tensors of the evaluated head, which was trained without the held-out frames. The head in use was
# trained on all frames.
MEASURED_PREFIX = 'measured.'


@dataclass(frozen=True)
class Checkpoint:
    """
    A checkpoint file: everything but the weights.

    :param path: path of the file
    :param network: name of the network, see :func:`nn_perception.core.networks.build.build`
    :param labels: names of the outputs, ``labels[i]`` belongs to output ``i``
    :param preprocessing: how images, or sounds, become the network's input
    :param version: which training the weights come from
    :param sha256: hash of the file, hexadecimal
    :param licence: licence of the weights; empty if unknown
    :param source: where the weights come from; empty if unknown
    :param head: last tensor of the classification layer; empty if there is no such layer
    :param fine_tuned_from: network and version that fine-tuning started from; empty if the
        checkpoint is not fine-tuned
    :param features: input of the head: the ``embedding`` of the last layer, or ``stages``, the
        features of several layers
    :param output: what the network computes: ``logits``, or one of the ``features``
    :param backbone_sha256: hash of the layers before the head; empty if the output is ``logits``
    :param definition: the layers of the network ``defined``; None for all others
    """

    path: Path
    network: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing | SoundPreprocessing
    version: str
    sha256: str
    licence: str = ''
    source: str = ''
    head: str = ''
    fine_tuned_from: str = ''
    features: str = EMBEDDING
    output: str = LOGITS
    backbone_sha256: str = ''
    definition: Definition | None = None

    @classmethod
    def read(cls, path: str | Path) -> Checkpoint:
        """
        Read everything but the weights.

        :raises OSError: if the file cannot be read
        :raises ValueError: if it is not a complete, consistent checkpoint
        """
        path = Path(path).absolute()
        content, header = _read(path)
        try:
            metadata = metadata_of(header)
            labels = labels_of(metadata)
            preprocessing = preprocessing_of(metadata)
            checkpoint = cls(
                path=path,
                network=metadata['network'],
                labels=labels,
                preprocessing=preprocessing,
                version=metadata['version'],
                sha256=hashlib.sha256(content).hexdigest(),
                licence=metadata.get('licence', ''),
                source=metadata.get('source', ''),
                head=metadata.get('head', ''),
                fine_tuned_from=metadata.get('taught_from', ''),
                features=_features(metadata),
                definition=definition_of(metadata, len(labels), preprocessing),
            )
            check_head(header, checkpoint.head, len(labels))
            if checkpoint.definition is not None:
                layers = {name: entry for name, entry in header.items() if not _is_extra(name)}
                check_tensors(layers, checkpoint.definition, checkpoint.head)
        except ValueError as error:
            raise ValueError(f'{path} is not a usable checkpoint: {error}') from error
        return checkpoint

    @property
    def name(self) -> str:
        """The file name without folder and suffix."""
        return self.path.name.removesuffix(SUFFIX)

    @property
    def hears(self) -> bool:
        """Whether the network takes sounds; all others take images."""
        return isinstance(self.preprocessing, SoundPreprocessing)

    @property
    def image_preprocessing(self) -> Preprocessing:
        """
        How images become the network's input.

        :raises ValueError: if the network takes sounds
        """
        if isinstance(self.preprocessing, SoundPreprocessing):
            raise ValueError(f'{self.name} is a network for sounds: it does not take images')
        return self.preprocessing

    @property
    def title(self) -> str:
        """The network and the version of its weights."""
        return f'{self.network} {self.version}'

    @property
    def head_layer(self) -> str:
        """Name of the classification layer, for example ``classifier.1``; empty if unknown."""
        return self.head.rpartition('.')[0]

    @property
    def identity(self) -> str:
        """Hash of what the output depends on; an equal backbone gives equal embeddings."""
        return self.sha256 if self.output == LOGITS else f'{self.output} {self.backbone_sha256}'

    def for_fine_tuning(self) -> Checkpoint:
        """
        Describe the same weights with the preprocessing and features of fine-tuning.

        The whole image is used, because the object may be outside the centre crop, and features
        of several layers where the network has them. A grey-scale network keeps its preprocessing,
        because its inputs are cropped already.
        """
        preprocessing = self.preprocessing
        if isinstance(preprocessing, Preprocessing) and preprocessing.channels > 1:
            preprocessing = replace(preprocessing, crop=1.0, stretch=True)
        features = MULTI_LAYER if self.network in MULTI_LAYER_NETWORKS else EMBEDDING
        return replace(self, preprocessing=preprocessing, features=features)

    def last_layer_embedding(self, features: NDArray[Any]) -> NDArray[Any]:
        """
        Extract the embedding of the last layer, with which images or sounds are compared.

        :param features: input of the head, ``(..., D)``
        :returns: ``(..., E)``, a view
        """
        lengths = MULTI_LAYER_NETWORKS if self.features == MULTI_LAYER else COMPARED
        return features[..., : lengths.get(self.network)]

    def without_head(self, features: str = '') -> Checkpoint:
        """
        Describe the same network without its head: it outputs the head's input.

        :param features: ``embedding`` or ``stages``; empty: those of this checkpoint
        :raises OSError: if the file cannot be read
        :raises ValueError: if the network has no head, or the file has changed
        """
        if not self.head_layer:
            raise ValueError(f'{self.name} has no classification layer, so it has no embedding')
        size = self.preprocessing.input_shape[-1]
        digest = hashlib.sha256(f'{self.network} {size}'.encode())
        if self.definition is not None:  # what has no weights matters as well
            digest.update(self.definition.with_head(2).to_text().encode())
        for name, values in sorted(self.weights().items()):
            if not _is_extra(name) and not name.startswith(f'{self.head_layer}.'):
                digest.update(f'{name} {values.dtype} {values.shape}'.encode())
                digest.update(values.tobytes())
        features = features or self.features
        return replace(
            self, features=features, output=features, backbone_sha256=digest.hexdigest()
        )

    def weights(self) -> dict[str, NDArray[Any]]:
        """
        Load the weights.

        :returns: name of each tensor -> its values
        :raises OSError: if the file cannot be read
        :raises ValueError: if the file has changed since it was opened, or a weight is not finite
        """
        content, _ = _read(self.path)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ValueError(f'{self.path} has changed since it was opened')
        try:
            weights = safetensors.numpy.load(content)
        except (SafetensorError, ValueError, OverflowError) as error:
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
    The metadata of a checkpoint; the fields are those of :class:`Checkpoint`, except:

    :param head: tensor whose first axis has one entry for each label; None: the last tensor, or
        that of the definition; empty: there is no such tensor
    """

    network: str
    labels: Sequence[str]
    preprocessing: Preprocessing | SoundPreprocessing
    version: str
    licence: str = ''
    source: str = ''
    head: str | None = None
    fine_tuned_from: str = ''
    features: str = EMBEDDING
    definition: Definition | None = None

    def to_strings(self, head: str) -> dict[str, str]:
        """Convert to the metadata of a safetensors file; ``head`` replaces the field."""
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
        if self.definition is not None:
            strings[DEFINITION] = self.definition.to_text()
        return strings


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    """Read and check the content and the header of a file."""
    try:
        return read_safetensors(path)
    except OSError as error:
        raise type(error)(f'checkpoint {path} cannot be read: {error.strerror}') from error
    except ValueError as error:
        raise ValueError(f'{path} is not a usable checkpoint: {error}') from error


def _is_extra(name: str) -> bool:
    """Return whether a tensor belongs to no layer of the network."""
    return name.startswith((OUT_OF_DISTRIBUTION_PREFIX, MEASURED_PREFIX))


def _features(metadata: Mapping[str, str]) -> str:
    features, network = metadata.get('features', EMBEDDING), metadata['network']
    if features != EMBEDDING and (features != MULTI_LAYER or network not in MULTI_LAYER_NETWORKS):
        raise ValueError(f'its head needs {features!r} features, which {network} does not have')
    return features
