"""A pipeline for sounds that runs the active version of a fine-tuned model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nn_perception.capabilities.sounds.pipeline import (
    SoundOptions,
    SoundPipeline,
    SoundResult,
    Voice,
)
from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.capabilities.tagging.smoothing import Smoothers
from nn_perception.core.audio.samples import SoundWindow
from nn_perception.training.model_store.model_follower import ModelFollower
from nn_perception.training.model_store.version_swap import VersionSwap


class StoreSoundPipeline(SoundPipeline):
    """
    A pipeline for sounds that swaps in each new active version of a model, between two batches.

    :meth:`process` and :meth:`poll` may be called from two threads.

    :param follower: loads new versions; closed with the pipeline
    :param tagger: runs until the first new version; closed with the pipeline
    :param options: which tags a window gets
    :param voice: tells speech from other sounds; None: unknown
    :param on_swapped: called after each swap, from either thread
    """

    def __init__(
        self,
        follower: ModelFollower[SoundTagger],
        tagger: SoundTagger,
        options: SoundOptions,
        voice: Voice | None = None,
        on_swapped: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(tagger, options, voice)
        self._swap = VersionSwap(follower, self._put, on_swapped)

    @property
    def problem(self) -> str:
        """Why the newest version could not be loaded; empty if it could."""
        return self._swap.problem

    def process(self, windows: Sequence[SoundWindow]) -> list[SoundResult]:
        """Swap in a version that has been loaded, and tag windows with it."""
        with self._swap.batch():
            return super().process(windows)

    def poll(self) -> None:
        """Load a new active version, and swap it in if nothing is processed; returns at once."""
        self._swap.poll()

    def close(self) -> None:
        """Stop following the store, and free the memory of the networks."""
        self._swap.close()
        super().close()

    def _put(self, tagger: SoundTagger) -> SoundTagger:
        previous, self.tagger = self.tagger, tagger
        # Averages of the previous scores mean nothing to the new labels.
        self._smoothers = Smoothers()
        return previous
