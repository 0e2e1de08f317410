"""A tagger that follows a model of the store."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading

from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.training.model_store.store import ModelStore
import numpy as np

LOG = logging.getLogger(__name__)


class ModelFollower:
    """
    The active version of a model in a store, loaded in the background whenever it changes.

    :param store: where the versions are
    :param name: of the model
    :param open_tagger: loads a checkpoint file
    """

    def __init__(self, store: ModelStore, name: str, open_tagger: Callable[[str], Tagger]) -> None:
        self._store = store
        self._name = name
        self._open = open_tagger
        self._loaded = ''
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._next: Tagger | None = None
        self._closed = False
        self.problem = ''

    def load(self) -> Tagger | None:
        """
        Load the active version now.

        :returns: None if none is active yet
        :raises OSError: if it cannot be read
        :raises ValueError: if it is damaged
        :raises RuntimeError: if it cannot be loaded
        """
        version = self._store.active(self._name)
        if version is None:
            return None
        self._loaded = version.version
        return self._open(str(version.checkpoint))

    def follow(self) -> None:
        """Look whether another version is active, and begin to load it; returns at once."""
        try:
            active = self._store.active_name(self._name)
        except (ValueError, OSError) as error:
            self.problem = str(error)
            return
        busy = self._thread is not None and self._thread.is_alive()
        if active and active != self._loaded and not busy and not self._closed:
            self._loaded = active
            self._thread = threading.Thread(target=self._load_next, name='swap', daemon=True)
            self._thread.start()

    def take_next(self) -> Tagger | None:
        """Give the newly loaded version, once; the caller closes the one before."""
        with self._lock:
            tagger, self._next = self._next, None
        return tagger

    def close(self) -> None:
        """Stop following, and free what nobody took."""
        self._closed = True
        if self._thread is not None:
            self._thread.join()
        tagger = self.take_next()
        if tagger is not None:
            tagger.close()

    def _load_next(self) -> None:
        try:
            version = self._store.active(self._name)
            if version is None:
                return
            tagger = self._open(str(version.checkpoint))
            tagger.scores(np.zeros((8, 8, 3), np.uint8))
        except (ValueError, OSError, RuntimeError) as error:
            # The version before goes on.
            self.problem = f'{self._name} stays as it is: {error}'
            LOG.warning('%s', self.problem)
            return
        self.problem = ''
        with self._lock:
            left, self._next = self._next, tagger
        if left is not None:
            left.close()
