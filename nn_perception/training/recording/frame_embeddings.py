"""The embeddings of frames and clips, computed while they are captured."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
from typing import Any

import cv2
from nn_perception.training.datasets.embeddings import Embedder, EmbeddingCache
from nn_perception.training.datasets.labelled_frames import LabelledFrame
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

# What a bad frame, a failing device or a full disk can raise.
EMBEDDING_ERRORS = (ValueError, OSError, RuntimeError, MemoryError, cv2.error)


class FrameEmbeddings:
    """
    Compute and cache the embeddings of new frames; threads may share it.

    :param load: loads the network when the first frame comes; it is closed by :meth:`close`
    """

    def __init__(self, load: Callable[[], Embedder]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._problem = ''
        self._loaded: tuple[Embedder, EmbeddingCache] | None = None
        self._closed = False

    def store(self, item: NDArray[Any], labelled: LabelledFrame) -> None:
        """Compute and cache an embedding; if that fails, fine-tuning computes it later."""
        with self._lock:
            try:
                self._store(item, labelled)
                reason = ''
            except EMBEDDING_ERRORS as error:
                reason = str(error)
            if reason and reason != self._problem:
                LOG.warning('%s is stored without its embedding: %s', labelled.file, reason)
            # A full cache is one line in the log, not one for each frame of a recording.
            self._problem = reason

    def close(self) -> None:
        """Free the network's memory; later frames get no embedding."""
        with self._lock:
            self._closed = True
            loaded, self._loaded = self._loaded, None
            if loaded is not None:
                loaded[0].close()

    def _store(self, item: NDArray[Any], labelled: LabelledFrame) -> None:
        if self._closed:
            return
        if self._loaded is None:
            embedder = self._load()
            self._loaded = embedder, EmbeddingCache.of(embedder.key)
        embedder, cache = self._loaded
        cache.add({labelled.sha256: embedder.features(item)})
