"""A tagging pipeline that runs the active version of a fine-tuned model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import threading

from nn_perception.capabilities.tagging.pipeline import TaggingOptions, TaggingPipeline
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.frame import Frame
from nn_perception.core.results import Tag
from nn_perception.training.model_store.model_follower import ModelFollower


class StorePipeline(TaggingPipeline):
    """
    A tagging pipeline that swaps in each new active version of a model, between two batches.

    :meth:`process` and :meth:`poll` may be called from two threads.

    :param follower: loads new versions; closed with the pipeline
    :param tagger: runs until the first new version; closed with the pipeline
    :param options: which tags a frame gets
    :param on_swapped: called after each swap, from either thread
    """

    def __init__(
        self,
        follower: ModelFollower,
        tagger: Tagger,
        options: TaggingOptions,
        on_swapped: Callable[[], None],
    ) -> None:
        super().__init__(tagger, options)
        self._follower = follower
        self._on_swapped = on_swapped
        self._swapping = threading.Lock()

    @property
    def problem(self) -> str:
        """Why the newest version could not be loaded; empty if it could."""
        return self._follower.problem

    def process(self, frames: Sequence[Frame]) -> list[list[Tag]]:
        """Swap in a version that has been loaded, and tag frames with it."""
        with self._swapping:
            self._swap()
            return super().process(frames)

    def poll(self) -> None:
        """Load a new active version, and swap it in if no frame is processed; returns at once."""
        self._follower.poll()
        # While frames arrive, process() swaps between two batches.
        if self._swapping.acquire(blocking=False):
            try:
                self._swap()
            finally:
                self._swapping.release()

    def close(self) -> None:
        """Stop following the store, and free the network's memory."""
        self._follower.close()
        super().close()

    def _swap(self) -> None:
        tagger = self._follower.take()
        if tagger is None:
            return
        previous, self.tagger = self.tagger, tagger
        # Averages of the previous scores mean nothing to the new labels.
        self._smoothers.clear()
        self._on_swapped()
        previous.close()
