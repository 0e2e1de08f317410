"""Load the active version of a model whenever it changes."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
from typing import Generic, TypeVar

from nn_perception.capabilities.tagging.tagger import Classifier
from nn_perception.training.model_store.store import ModelStore

LOG = logging.getLogger(__name__)

C = TypeVar('C', bound=Classifier)


class ModelFollower(Generic[C]):
    """
    Load the active version of a model in the background whenever it changes.

    :ivar problem: why the newest version could not be loaded; empty if it could

    :param store: contains the versions
    :param name: name of the model
    :param open_tagger: opens a checkpoint file
    """

    def __init__(self, store: ModelStore, name: str, open_tagger: Callable[[str], C]) -> None:
        self._store = store
        self._name = name
        self._open = open_tagger
        self._version = ''
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._loaded: C | None = None
        self._closed = False
        self.problem = ''

    def load(self) -> C | None:
        """
        Load the active version now.

        :returns: None if no version is active
        :raises OSError: if it cannot be read
        :raises ValueError: if it is damaged
        :raises RuntimeError: if it cannot be loaded
        """
        version = self._store.active(self._name)
        if version is None:
            return None
        self._version = version.version
        return self._open(str(version.checkpoint))

    def poll(self) -> None:
        """Begin to load the active version if it has changed; returns at once."""
        try:
            active = self._store.active_name(self._name)
        except (ValueError, OSError) as error:
            self.problem = str(error)
            return
        busy = self._thread is not None and self._thread.is_alive()
        if active and active != self._version and not busy and not self._closed:
            self._version = active
            self._thread = threading.Thread(target=self._load_active, name='swap', daemon=True)
            self._thread.start()

    def take(self) -> C | None:
        """Return the version that was loaded since the last call; the caller closes it."""
        if self._loaded is None:
            return None
        with self._lock:
            loaded, self._loaded = self._loaded, None
        return loaded

    def close(self) -> None:
        """Stop following, and close a version that was not taken."""
        self._closed = True
        if self._thread is not None:
            self._thread.join()
        if (loaded := self.take()) is not None:
            loaded.close()

    def _load_active(self) -> None:
        try:
            version = self._store.active(self._name)
            if version is None:
                return
            tagger = self._open(str(version.checkpoint))
            tagger.model.warm_up()
        except (ValueError, OSError, RuntimeError) as error:
            # The previous version continues to run.
            self.problem = f'{self._name} keeps its previous version: {error}'
            LOG.warning('%s', self.problem)
            return
        self.problem = ''
        with self._lock:
            not_taken, self._loaded = self._loaded, tagger
        if not_taken is not None:
            not_taken.close()
