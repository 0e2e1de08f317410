"""Tag sounds: classify windows of one second."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.capabilities.sounds.defaults import DEFAULT_SOUND_MODEL
from nn_perception.capabilities.tagging.tagger import Classifier, Scores
from nn_perception.core.audio.preprocessing import SoundPreprocessing
from nn_perception.core.audio.samples import Samples
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions


class SoundTagger(Classifier):
    """Classifies windows of sound."""

    hears = True

    @classmethod
    def open(
        cls, model: str = DEFAULT_SOUND_MODEL, options: RunOptions = DEFAULT_RUN_OPTIONS
    ) -> SoundTagger:
        """Load a model by name, see :meth:`.Classifier.load`."""
        return cls.load(model, options)

    def scores_of(self, windows: Sequence[Samples]) -> Scores:
        """
        Compute the probabilities of several windows in one batch.

        :param windows: at least one; float32, ``(S,)`` each, from -1 to 1, at 16 kHz
        :returns: float32, ``(N, C)``; each row sums to 1
        :raises ValueError: if a window has another length or type, or is not finite
        :raises RuntimeError: if the network cannot be run
        """
        preprocessing = self.checkpoint.preprocessing
        if not isinstance(preprocessing, SoundPreprocessing):
            raise ValueError(f'{self.checkpoint.name} is a network for images, not sounds')
        return self.scores_of_batch(preprocessing(windows))
