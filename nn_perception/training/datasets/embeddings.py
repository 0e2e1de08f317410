"""
Embeddings of labelled frames: computed once, when a frame is captured, and kept in a file.

An embedding is what the last layer of a network classifies. A new head is taught on embeddings
alone, so with them at hand teaching takes a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
import json
import os
from pathlib import Path
import re

import cv2
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.core.files.folders import cache_folder
from nn_perception.core.files.locks import lock_stream
from nn_perception.core.files.records import add_checksum, is_intact
from nn_perception.core.imaging.image_files import Image
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions
import numpy as np
from numpy.typing import NDArray

KEY_LENGTH = 16
HASH_BYTES = 32
# Sharpness is measured on pictures of this short side, so that it means the same for all cameras.
SHARPNESS_SIDE_PX = 240


@dataclass(frozen=True)
class FrameFeatures:
    """
    What teaching wants to know of a frame.

    :param embedding: float32, ``(D,)``
    :param sharpness: see :func:`sharpness`
    """

    embedding: NDArray[np.float32]
    sharpness: float


class Embedder:
    """
    A network without its head.

    :ivar checkpoint: the network as it is, with its head
    :ivar key: names what decides the embeddings: body and preprocessing
    """

    def __init__(self, checkpoint: Checkpoint, backbone: LoadedModel) -> None:
        """Join a checkpoint and its loaded backbone; :meth:`open` finds both."""
        self.checkpoint = checkpoint
        self.key = embedding_key(checkpoint)
        self._backbone = backbone

    @classmethod
    def open(
        cls, model: str = DEFAULT_MODEL, options: RunOptions = DEFAULT_RUN_OPTIONS
    ) -> Embedder:
        """
        Load a network; the arguments are those of
        :meth:`nn_perception.capabilities.tagging.tagger.Tagger.open`.

        :raises OSError: if a file cannot be read
        :raises ValueError: if the checkpoint is not usable, or the network has no embedding
        :raises RuntimeError: if the network cannot be loaded
        """
        checkpoint = find_checkpoint(model).to_teach()
        return cls(checkpoint, LoadedModel.open(checkpoint.embedding(), options))

    @property
    def description(self) -> str:
        """What runs it where, in one line."""
        return self._backbone.description

    def features(self, image_bgr: Image) -> FrameFeatures:
        """
        Compute the features of one frame.

        :param image_bgr: uint8, ``(H, W, 3)``, blue first
        :raises ValueError: if the image has another shape or type, or no pixels
        :raises RuntimeError: if the network cannot be run
        """
        batch = self.checkpoint.preprocessing([image_bgr])
        return FrameFeatures(self._backbone(batch)[0], sharpness(image_bgr))

    def close(self) -> None:
        """Free the network's memory."""
        self._backbone.close()


def embedding_key(checkpoint: Checkpoint) -> str:
    """
    Name what decides an embedding.

    :raises OSError: if the checkpoint cannot be read
    :raises ValueError: if its network has no embedding
    """
    decides = f'{checkpoint.embedding().identity} {json.dumps(checkpoint.preprocessing.to_json())}'
    name = re.sub(r'\W+', '_', checkpoint.network)
    return f'{name}-{hashlib.sha256(decides.encode()).hexdigest()[:KEY_LENGTH]}'


def sharpness(image_bgr: Image) -> float:
    """
    Measure how sharp a picture is: the variance of its Laplacian (Pech-Pacheco et al., "Diatom
    Autofocusing in Brightfield Microscopy", 2000), at a short side of at most 240 pixels.

    :param image_bgr: uint8, ``(H, W, 3)``
    :returns: 0 or more; photographs have 20 to 3000
    """
    grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    factor = SHARPNESS_SIDE_PX / min(grey.shape)
    if factor < 1.0:
        height, width = (max(1, round(side * factor)) for side in grey.shape)
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


class EmbeddingCache:
    """
    Features of frames by the hash of their files, in one file for each network.

    The file is a row of records of the same length, each with a checksum: adding appends, a record
    that was torn by a power cut is noticed and computed anew. Processes may add at the same time.

    :param path: of the file; it need not exist
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, key: str, folder: Path | None = None) -> EmbeddingCache:
        """
        Give the cache of a network.

        :param key: see :func:`embedding_key`
        :param folder: where it lies; by default in the package's cache folder
        """
        return cls((folder or cache_folder() / 'embeddings') / f'{key}.features')

    def load(self) -> dict[str, FrameFeatures]:
        """
        Read everything; what is damaged is left out.

        :returns: hash of a frame's file, hexadecimal -> its features
        :raises OSError: if the file is there and cannot be read
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        size = _record_size(content)
        if not size:
            return {}
        found = {}
        for at in range(0, len(content) - size + 1, size):
            record = content[at : at + size]
            if is_intact(record):
                values = np.frombuffer(record, '<f4', offset=4 + HASH_BYTES, count=size // 4 - 10)
                features = FrameFeatures(values[1:].astype(np.float32), float(values[0]))
                found[record[4 : 4 + HASH_BYTES].hex()] = features
        return found

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
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, 'a+b') as stream:
            lock_stream(stream)
            stream.seek(0)
            end = os.fstat(stream.fileno()).st_size
            if end and _record_size(stream.read(4)) != size:
                end = 0  # of another network or damaged at its start: begin anew
            # What a killed process wrote of a record would shift all that follow.
            stream.truncate(end - end % size)
            stream.write(content)


def _record(sha256: str, features: FrameFeatures) -> bytes:
    """Write: number of values, hash, values (the sharpness first), checksum."""
    values = np.concatenate([[features.sharpness], features.embedding]).astype('<f4')
    record = len(values).to_bytes(4, 'little') + bytes.fromhex(sha256) + values.tobytes()
    return add_checksum(record)


def _record_size(content: bytes) -> int:
    """Read from the start of a record how many bytes it has; 0 if there is none."""
    count = int.from_bytes(content[:4], 'little')
    return 4 + HASH_BYTES + 4 * count + 4 if count else 0
