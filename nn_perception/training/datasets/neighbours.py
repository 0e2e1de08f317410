"""
Find the stored frames that look most like an image, or sound most like a clip.

They show what a fine-tuned model has learnt from: "because of these". The embeddings of all frames
are held in half precision, 2.5 kB a frame, so that a search takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import logging
import threading
from typing import Any

from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.capabilities.tagging.out_of_distribution import unit_length
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions
from nn_perception.training.datasets.embeddings import Embedder, EmbeddingCache, FrameFeatures
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

# So many rows are added to the memory at a time, and are converted to single precision at a time.
BLOCK = 256
NEAREST = 3


@dataclass(frozen=True)
class NearFrame:
    """
    A stored frame that looks like an image.

    :param id: identifies the frame
    :param similarity: cosine of the embeddings, in ``[-1, 1]``; 1 for the same picture
    """

    id: str
    similarity: float


class NearestFrames:
    """
    The embeddings of the frames of a dataset, to search for those that look like an image.

    Threads may share it. Frames are known by the hash of their file, so a renamed label costs
    nothing.

    :param embedder: computes the embedding of the images
    :param cache: the embeddings of the frames; by default in the package's cache folder
    """

    def __init__(self, embedder: Embedder, cache: EmbeddingCache | None = None) -> None:
        self._embedder = embedder
        self._cache = cache or EmbeddingCache.of(embedder.key)
        # Held by an update as a whole, and below it for each change and search of the rows.
        self._updates, self._lock = threading.Lock(), threading.Lock()
        self._rows = _Rows()
        self._ids: dict[str, str] = {}
        # Size of the cache when it was searched, and the hashes that it did not contain.
        self._searched_bytes = -1
        self._absent: frozenset[str] = frozenset()
        self._unreadable: set[str] = set()

    @classmethod
    def open(
        cls, base: str = DEFAULT_MODEL, options: RunOptions = DEFAULT_RUN_OPTIONS
    ) -> NearestFrames:
        """
        Load the network that is fine-tuned; frames are added by :meth:`update`.

        :raises OSError: if a file cannot be read
        :raises ValueError: if the network is not usable, or has no embedding
        :raises RuntimeError: if the network cannot be loaded
        """
        return cls(Embedder.open(base, options))

    def update(
        self,
        frames: Mapping[str, str],
        read: Callable[[str], NDArray[Any]] | None = None,
        max_computed: int = 0,
    ) -> int:
        """
        Follow the dataset: take new frames from the cache, and forget those that are gone.

        :param frames: id of each frame -> hash of its file, hexadecimal
        :param read: reads a frame as the network takes it, or raises OSError or ValueError
        :param max_computed: maximum number of embeddings that are computed, which takes some
            milliseconds each, if the cache does not contain them; they are added to it
        :returns: number of frames whose embedding is not known yet; they are not found
        :raises OSError: if the cache cannot be read
        :raises RuntimeError: if the network cannot be run
        """
        with self._updates:
            ids: dict[str, str] = {}
            for frame, sha256 in frames.items():
                ids.setdefault(sha256, frame)
            self._unreadable &= ids.keys()
            with self._lock:
                self._ids = ids
                for sha256 in self._rows.known() - ids.keys():
                    self._rows.remove(sha256)
                missing = ids.keys() - self._rows.known()
            if missing:
                missing = self._from_cache(missing)
            if missing and read is not None:
                can_be_read = missing - self._unreadable
                wanted = [sha256 for sha256 in ids if sha256 in can_be_read]
                missing -= self._compute(wanted[:max_computed], read)
            return len(missing)

    def nearest(self, item: NDArray[Any], k: int = NEAREST) -> list[NearFrame]:
        """
        Find the frames that look most like an image, or sound most like a clip.

        :param item: what :meth:`Embedder.features` takes
        :param k: maximum number of frames
        :returns: the most similar first
        :raises ValueError: if it has another shape or type, or no pixels
        :raises RuntimeError: if the network cannot be run
        """
        return self.nearest_to(self._embedder.features(item).embedding, k)

    def nearest_to(self, embedding: NDArray[np.float32], k: int = NEAREST) -> list[NearFrame]:
        """
        Find the frames whose embeddings are most similar to one.

        :param embedding: the input of the network's head, float32, ``(D,)``
        :param k: maximum number of frames
        :returns: the most similar first
        """
        unit = self._unit(embedding)
        with self._lock:
            return [NearFrame(self._ids[key], cosine) for key, cosine in self._rows.best(unit, k)]

    @property
    def size_bytes(self) -> int:
        """Memory of the embeddings in bytes."""
        with self._lock:
            return self._rows.size_bytes

    def close(self) -> None:
        """Free the network's memory."""
        self._embedder.close()

    def _from_cache(self, missing: set[str]) -> set[str]:
        """Add rows from the cache; return the hashes that it does not contain."""
        path = self._cache.path
        size = path.stat().st_size if path.exists() else 0
        if size == self._searched_bytes and missing <= self._absent:
            return missing
        absent = set(missing)
        for sha256, features in self._cache.stream(missing):
            self._add(sha256, features)
            absent.discard(sha256)
        self._searched_bytes, self._absent = size, frozenset(absent)
        return absent

    def _compute(self, wanted: list[str], read: Callable[[str], NDArray[Any]]) -> set[str]:
        """Compute rows; return the hashes of the frames that are done."""
        computed = {}
        for sha256 in wanted:
            try:
                computed[sha256] = self._embedder.features(read(self._ids[sha256]))
            except (OSError, ValueError) as error:
                LOG.debug('the frame %s has no embedding: %s', self._ids[sha256], error)
                self._unreadable.add(sha256)
                continue
            self._add(sha256, computed[sha256])
        try:
            self._cache.add(computed)
        except OSError as error:
            LOG.debug('the embeddings cannot be cached: %s', error)
        return set(computed)

    def _add(self, sha256: str, features: FrameFeatures) -> None:
        unit = self._unit(features.embedding)
        with self._lock:
            self._rows.add(sha256, unit)

    def _unit(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        unit: NDArray[np.float32]
        (unit,) = unit_length(self._embedder.checkpoint.last_layer_embedding(embedding)[None])
        return unit


class _Rows:
    """Vectors of unit length by name, in blocks, so that adding one moves no other."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.float16]] = []
        self._places: dict[str, int] = {}
        self._names: list[str] = []  # of each place; empty: it is free
        self._free: list[int] = []

    def known(self) -> set[str]:
        return set(self._places)

    @property
    def size_bytes(self) -> int:
        return sum(block.nbytes for block in self._blocks)

    def add(self, name: str, unit: NDArray[np.float32]) -> None:
        """Add or replace a vector, ``(E,)``."""
        place = self._places.get(name)
        if place is None:
            place = self._free.pop() if self._free else self._new_place(len(unit))
            self._places[name] = place
            self._names[place] = name
        self._blocks[place // BLOCK][place % BLOCK] = unit

    def remove(self, name: str) -> None:
        place = self._places.pop(name)
        self._names[place] = ''
        self._free.append(place)

    def best(self, unit: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return the names of the ``k`` most similar vectors, with their cosines."""
        if not self._places or k < 1:
            return []
        cosines = np.concatenate([block.astype(np.float32) @ unit for block in self._blocks])
        cosines[len(self._names) :] = -np.inf
        cosines[self._free] = -np.inf
        k = min(k, len(self._places))
        found = np.argpartition(-cosines, k - 1)[:k]
        order = found[np.argsort(-cosines[found], kind='stable')]
        return [(self._names[at], float(np.clip(cosines[at], -1.0, 1.0))) for at in order]

    def _new_place(self, length: int) -> int:
        place = len(self._names)
        if place == BLOCK * len(self._blocks):
            self._blocks.append(np.zeros((BLOCK, length), np.float16))
        self._names.append('')
        return place
