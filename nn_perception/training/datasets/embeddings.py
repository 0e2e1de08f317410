"""
Embeddings of labelled frames: computed once, when a frame is captured, and cached in a file.

An embedding is the input of a network's last layer. A new head is trained on embeddings alone, so
with cached embeddings training takes about a second.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
import hashlib
import json
import os
from pathlib import Path
import re
from typing import Any

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.core.files.folders import cache_folder, trusted_folder
from nn_perception.core.files.locks import lock_stream
from nn_perception.core.files.private import check_trusted, open_privately
from nn_perception.core.files.records import add_checksum, is_intact
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions
from nn_perception.training.datasets.media.detection import medium_of
import numpy as np
from numpy.typing import NDArray

KEY_LENGTH = 16
HASH_BYTES = 32


@dataclass(frozen=True)
class FrameFeatures:
    """
    What training needs to know about a frame, or a clip.

    :param embedding: float32, ``(D,)``
    :param quality: its sharpness, or its loudness, see
        :mod:`nn_perception.training.datasets.media`
    """

    embedding: NDArray[np.float32]
    quality: float


class Embedder:
    """
    A network without its head.

    :ivar checkpoint: the network with its head
    :ivar medium: what it takes, pictures or sounds
    :ivar key: identifies the embeddings, which depend on backbone and preprocessing
    """

    def __init__(self, checkpoint: Checkpoint, backbone: LoadedModel) -> None:
        """Join a checkpoint and its loaded backbone; :meth:`open` is the usual way."""
        self.checkpoint = checkpoint
        self.key = embedding_key(checkpoint)
        self.medium = medium_of(checkpoint)
        self._backbone = backbone

    @classmethod
    def open(
        cls, model: str | Checkpoint = DEFAULT_MODEL, options: RunOptions = DEFAULT_RUN_OPTIONS
    ) -> Embedder:
        """
        Load a network.

        :param model: name of a network, set up for fine-tuning; or a checkpoint, used unchanged
        :param options: how the network is run
        :raises OSError: if a file cannot be read
        :raises ValueError: if the checkpoint is not usable, or the network has no embedding
        :raises RuntimeError: if the network cannot be loaded
        """
        checkpoint = find_checkpoint(model).for_fine_tuning() if isinstance(model, str) else model
        return cls(checkpoint, LoadedModel.open(checkpoint.without_head(), options))

    @property
    def description(self) -> str:
        """What runs the network where, in one line."""
        return self._backbone.description

    def warm_up(self) -> None:
        """
        Run the network once: the first run is slow, and no frame should wait for it.

        :raises RuntimeError: if the network cannot be run
        """
        self._backbone.warm_up()

    def features(self, item: NDArray[Any]) -> FrameFeatures:
        """
        Compute the features of one frame, or clip.

        :param item: uint8, ``(H, W, 3)``, blue first; or float32, ``(WINDOW_SAMPLES,)``
        :raises ValueError: if it has another shape or type, or no pixels
        :raises RuntimeError: if the network cannot be run
        """
        return FrameFeatures(self.embeddings([item])[0], self.medium.quality(item))

    def embeddings(self, items: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """
        Compute the embeddings of some frames, or clips, in one batch; see :meth:`features`.

        :returns: float32, ``(N, D)``
        """
        return self._backbone(self.checkpoint.preprocessing(items))

    def close(self) -> None:
        """Free the network's memory."""
        self._backbone.close()


def embedding_key(checkpoint: Checkpoint) -> str:
    """
    Identify the embeddings that a checkpoint computes.

    :raises OSError: if the checkpoint cannot be read
    :raises ValueError: if its network has no embedding
    """
    preprocessing = json.dumps(checkpoint.preprocessing.to_json())
    inputs = f'{checkpoint.without_head().identity} {preprocessing}'
    if checkpoint.hears:
        # Parts of them are computed without weights, so the weights alone do not tell them.
        weight = checkpoint.weights().get(f'{checkpoint.head_layer}.weight')
        inputs += f' {None if weight is None else weight.shape[-1]}'
    name = re.sub(r'\W+', '_', checkpoint.network)
    return f'{name}-{hashlib.sha256(inputs.encode()).hexdigest()[:KEY_LENGTH]}'


class EmbeddingCache:
    """
    Features of frames, by the hash of their files; one cache file for each network.

    The file is a sequence of records of the same length, each with a checksum. Adding appends; a
    record that was torn by a power cut is detected, and its features are computed again. Processes
    may add at the same time.

    :param path: the cache file; it need not exist
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, key: str, folder: Path | None = None) -> EmbeddingCache:
        """
        Return the cache of a network.

        :param key: see :func:`embedding_key`
        :param folder: folder of the file; by default in the package's cache folder
        """
        return cls((folder or cache_folder() / 'embeddings') / f'{key}.features')

    def load(self, wanted: Container[str] | None = None) -> dict[str, FrameFeatures]:
        """
        Read the intact records.

        :param wanted: hashes of the frames whose features are needed; by default all
        :returns: hash of a frame's file, hexadecimal -> its features
        :raises OSError: if the file exists and cannot be read, or others can change its folder
        """
        return dict(self.stream(wanted))

    def stream(self, wanted: Container[str] | None = None) -> Iterator[tuple[str, FrameFeatures]]:
        """
        Read the intact records one after the other; the cache may be larger than the memory.

        Of the records that are not wanted, only the hashes are read.

        :param wanted: hashes of the frames whose features are needed; by default all
        :returns: hash of a frame's file, hexadecimal, and its features
        :raises OSError: if the file exists and cannot be read, or others can change its folder
        """
        if not self.path.exists():
            return
        check_trusted(self.path.parent)
        with open(self.path, 'rb') as stream:
            descriptor, end = stream.fileno(), os.fstat(stream.fileno()).st_size
            size = _record_size(stream.read(4))
            # If it is not positive, the file is of another kind.
            for start in range(0, end - size + 1, size) if size > 0 else ():
                sha256 = os.pread(descriptor, HASH_BYTES, start + 4).hex()
                if wanted is not None and sha256 not in wanted:
                    continue
                record = os.pread(descriptor, size, start)
                if len(record) == size and is_intact(record):
                    values = np.frombuffer(record, '<f4', offset=4 + HASH_BYTES)[:-1]
                    yield sha256, FrameFeatures(values[1:].astype(np.float32), float(values[0]))

    def add(self, frames: Mapping[str, FrameFeatures]) -> None:
        """
        Append features.

        :param frames: hash of each frame's file, hexadecimal -> its features
        :raises OSError: if the file cannot be written
        """
        if not frames:
            return
        content = b''.join(_record(sha256, features) for sha256, features in frames.items())
        size = _record_size(content)
        trusted_folder(self.path.parent)
        with open(self.path, 'a+b', opener=open_privately) as stream:
            lock_stream(stream)
            stream.seek(0)
            end = os.fstat(stream.fileno()).st_size
            if end and _record_size(stream.read(4)) != size:
                end = 0  # of another network, or damaged at its start: start again
            # A partial record of a killed process would shift all that follow.
            stream.truncate(end - end % size)
            stream.write(content)


def _record(sha256: str, features: FrameFeatures) -> bytes:
    """Encode the number of values, the hash, the values (quality first), and a checksum."""
    values = np.concatenate([[features.quality], features.embedding]).astype('<f4')
    record = len(values).to_bytes(4, 'little') + bytes.fromhex(sha256) + values.tobytes()
    return add_checksum(record)


def _record_size(content: bytes) -> int:
    """Read the size of a record in bytes from its start; 0 if there is none."""
    count = int.from_bytes(content[:4], 'little')
    return 4 + HASH_BYTES + 4 * count + 4 if count else 0
