"""Swap new versions of a model into a running pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import threading
from typing import Generic, TypeVar

from nn_perception.capabilities.tagging.tagger import Classifier
from nn_perception.training.model_store.model_follower import ModelFollower

C = TypeVar('C', bound=Classifier)


class VersionSwap(Generic[C]):
    """
    Swap each new active version of a model into a pipeline, between two batches.

    :meth:`batch` and :meth:`poll` may be called from two threads.

    :param follower: loads new versions; closed by :meth:`close`
    :param put: puts a version into the pipeline, and returns the previous one
    :param on_swapped: called after each swap, from either thread
    """

    def __init__(
        self, follower: ModelFollower[C], put: Callable[[C], C], on_swapped: Callable[[], None]
    ) -> None:
        self._follower = follower
        self._put = put
        self._on_swapped = on_swapped
        self._swapping = threading.Lock()

    @property
    def problem(self) -> str:
        """Why the newest version could not be loaded; empty if it could."""
        return self._follower.problem

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Swap in a version that has been loaded, and no other one during a block."""
        with self._swapping:
            self._swap()
            yield

    def poll(self) -> None:
        """Load a new active version, and swap it in if no batch is processed; returns at once."""
        self._follower.poll()
        # While batches come, batch() swaps between two of them.
        if self._swapping.acquire(blocking=False):
            try:
                self._swap()
            finally:
                self._swapping.release()

    def close(self) -> None:
        """Stop following the store."""
        self._follower.close()

    def _swap(self) -> None:
        loaded = self._follower.take()
        if loaded is not None:
            previous = self._put(loaded)
            self._on_swapped()
            previous.close()
