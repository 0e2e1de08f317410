"""A tagging pipeline that runs the active version of a fine-tuned model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nn_perception.capabilities.tagging.pipeline import TaggingOptions, TaggingPipeline
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.frame import Frame
from nn_perception.core.results import Tag
from nn_perception.training.model_store.model_follower import ModelFollower
from nn_perception.training.model_store.version_swap import VersionSwap


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
        follower: ModelFollower[Tagger],
        tagger: Tagger,
        options: TaggingOptions,
        on_swapped: Callable[[], None],
    ) -> None:
        super().__init__(tagger, options)
        self._swap = VersionSwap(follower, self._put, on_swapped)

    @property
    def problem(self) -> str:
        """Why the newest version could not be loaded; empty if it could."""
        return self._swap.problem

    def process(self, frames: Sequence[Frame]) -> list[list[Tag]]:
        """Swap in a version that has been loaded, and tag frames with it."""
        with self._swap.batch():
            return super().process(frames)

    def poll(self) -> None:
        """Load a new active version, and swap it in if no frame is processed; returns at once."""
        self._swap.poll()

    def close(self) -> None:
        """Stop following the store, and free the network's memory."""
        self._swap.close()
        super().close()

    def _put(self, tagger: Tagger) -> Tagger:
        previous, self.tagger = self.tagger, tagger
        # Averages of the previous scores mean nothing to the new labels.
        self._smoothers.clear()
        return previous
