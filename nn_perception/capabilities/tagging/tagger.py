"""Tag images: classify whole images, and rank the classes."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.capabilities.tagging.classifier import Classifier
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.capabilities.tagging.scores import Scores, top_k_tags
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions
from nn_perception.core.results import Tag


class Tagger(Classifier):
    """Classifies whole images."""

    @classmethod
    def open(cls, model: str = DEFAULT_MODEL, options: RunOptions = DEFAULT_RUN_OPTIONS) -> Tagger:
        """Load a model by name, see :meth:`.Classifier.load`."""
        return cls.load(model, options)

    def scores(self, image_bgr: Image) -> Scores:
        """
        Compute the probability of every class.

        :param image_bgr: uint8, ``(H, W, 3)``, blue first
        :returns: float32, ``(C,)``, sums to 1
        :raises ValueError: if the image has another shape or type, or no pixels
        :raises RuntimeError: if the network cannot be run
        """
        scores: Scores = self.scores_of([image_bgr])[0]
        return scores

    def scores_of(self, images_bgr: Sequence[Image]) -> Scores:
        """
        Compute the probabilities of several images in one batch, see :meth:`scores`.

        :param images_bgr: at least one
        :returns: float32, ``(N, C)``
        """
        return self.scores_of_batch(self.checkpoint.image_preprocessing(images_bgr))

    def tag(self, image_bgr: Image, *, top_k: int = 5, min_score: float = 0.0) -> list[Tag]:
        """
        Tag an image with its most probable classes; see :meth:`scores` and :func:`top_k_tags`.

        :returns: at most ``top_k`` tags, best first
        """
        return top_k_tags(self.scores(image_bgr), self.labels, top_k, min_score=min_score)
