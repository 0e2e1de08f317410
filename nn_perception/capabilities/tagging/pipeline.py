"""Tags of a stream of frames: smoothing and ranking of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nn_perception.capabilities.tagging.defaults import TAG_MIN_SCORE, TAG_TOP_K
from nn_perception.capabilities.tagging.smoothing import Smoothers
from nn_perception.capabilities.tagging.tagger import Scores, Tagger, top_k_tags
from nn_perception.core.frame import Frame
from nn_perception.core.results import Tag


@dataclass(frozen=True)
class TaggingOptions:
    """
    Which tags a frame gets.

    :param top_k: maximum number of tags, at least 1
    :param min_score: minimum score of a tag, in ``[0, 1]``
    :param smoothing_s: time constant of the exponential moving average of the scores; 0: off
    """

    top_k: int = TAG_TOP_K
    min_score: float = TAG_MIN_SCORE
    smoothing_s: float = 0.0


class TaggingPipeline:
    """
    Tag the frames of any number of sources, see
    :class:`~nn_perception.capabilities.pipeline.Pipeline`.

    :ivar options: which tags a frame gets; may be replaced at any time
    :ivar tagger: computes the scores
    """

    def __init__(self, tagger: Tagger, options: TaggingOptions | None = None) -> None:
        self.tagger = tagger
        self.options = options or TaggingOptions()
        self._smoothers = Smoothers()

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels that a tag can have."""
        return self.tagger.labels

    @property
    def title(self) -> str:
        """The network and its version."""
        return self.tagger.checkpoint.title

    @property
    def device(self) -> str:
        """The engine and the device of the network, in one line."""
        return self.tagger.model.description

    def infer(self, frames: Sequence[Frame]) -> list[Scores]:
        """
        Compute the scores of frames in one batch.

        :returns: float32, ``(C,)`` for each frame
        :raises ValueError: if an image has another shape or type, or no pixels
        :raises RuntimeError: if the network cannot be run
        """
        return list(self.tagger.scores_of([frame.image_bgr for frame in frames]))

    def update(self, frame: Frame, raw: Scores) -> list[Tag]:
        """
        Average the scores over the frames of the source, and rank them.

        :param raw: float32, ``(C,)``
        :returns: best first
        """
        options, labels = self.options, self.tagger.labels
        if options.smoothing_s > 0.0:
            raw = self._smoothers.update(frame.source, raw, frame.stamp_s, options.smoothing_s)
        top_k = min(options.top_k, len(labels))
        return top_k_tags(raw, labels, top_k, min_score=options.min_score)

    def process(self, frames: Sequence[Frame]) -> list[list[Tag]]:
        """Tag frames, see :meth:`infer` and :meth:`update`."""
        raws = self.infer(frames)
        return [self.update(frame, raw) for frame, raw in zip(frames, raws, strict=True)]

    def forget(self, source: str) -> None:
        """Forget the averages of a source."""
        self._smoothers.forget(source)

    def warm_up(self) -> None:
        """Run the network once, see :meth:`LoadedModel.warm_up`."""
        self.tagger.model.warm_up()

    def close(self) -> None:
        """Free the network's memory."""
        self.tagger.close()
