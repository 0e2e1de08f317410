"""Tags of a stream of sound: the silence gate, speech, smoothing and ranking of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nn_perception.capabilities.sounds.defaults import (
    BACKGROUND,
    GATE_DB,
    SILENCE,
    SMOOTHING_S,
    SOUND_TOP_K,
    SPEECH,
)
from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.capabilities.tagging.smoothing import Smoothers
from nn_perception.capabilities.tagging.tagger import Scores, top_k_tags
from nn_perception.core.audio.levels import loudest_db
from nn_perception.core.audio.samples import Samples, SoundWindow
from nn_perception.core.results import Tag
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SoundOptions:
    """
    Which tags a window gets.

    :param top_k: maximum number of tags, at least 1
    :param min_score: minimum score of a tag, in ``[0, 1]``
    :param smoothing_s: time constant of the exponential moving average of the scores; 0: off
    :param gate_db: windows whose loudest part has a lower level are silence; the level is in dB
        relative to full scale
    """

    top_k: int = SOUND_TOP_K
    min_score: float = 0.0
    smoothing_s: float = SMOOTHING_S
    gate_db: float = GATE_DB


@dataclass(frozen=True)
class RawSound:
    """
    What the networks make of one window.

    :param scores: float32, ``(C,)``; None below the gate
    :param level_db: level of the loudest tenth of a second, in dB relative to full scale
    :param speech: probability that it contains speech; None if unknown
    """

    scores: Scores | None
    level_db: float
    speech: float | None


@dataclass(frozen=True)
class SoundResult:
    """
    What is heard in a window.

    :param tags: best first; silence alone below the gate
    :param level_db: level of its loudest tenth of a second, in dB relative to full scale
    :param speech: probability that it contains speech; None if unknown
    """

    tags: list[Tag]
    level_db: float
    speech: float | None


class Voice(Protocol):
    """Tells speech from other sounds."""

    def speech_of(self, windows: Sequence[Samples]) -> NDArray[np.float32]:
        """Compute the probability that each window contains speech, ``(N,)``."""

    def warm_up(self) -> None:
        """Run the network once."""

    def close(self) -> None:
        """Free the memory of the network."""


class SoundPipeline:
    """
    Tag the windows of any number of sources, see
    :class:`~nn_perception.capabilities.pipeline.Pipeline`.

    With a voice detector, the class of what is no known sound is split into noise, which keeps its
    name, and ``speech``.

    :ivar options: which tags a window gets; may be replaced at any time
    :ivar tagger: computes the scores
    :ivar voice: tells speech from other sounds; None: unknown
    """

    def __init__(
        self,
        tagger: SoundTagger,
        options: SoundOptions | None = None,
        voice: Voice | None = None,
    ) -> None:
        self.tagger = tagger
        self.options = options or SoundOptions()
        self.voice = voice
        self._smoothers = Smoothers()

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels that a tag can have."""
        labels = self._scored_labels
        return labels if SILENCE in labels else (*labels, SILENCE)

    @property
    def title(self) -> str:
        """The network and its version."""
        return self.tagger.checkpoint.title

    @property
    def device(self) -> str:
        """The engine and the device of the network, in one line."""
        return self.tagger.model.description

    def infer(self, windows: Sequence[SoundWindow]) -> list[RawSound]:
        """
        Compute the scores of windows in one batch; those below the gate cost nothing.

        :raises ValueError: if a window has another length or type, or is not finite
        :raises RuntimeError: if a network cannot be run
        """
        levels = [loudest_db(window.samples) for window in windows]
        loud = [i for i, level in enumerate(levels) if level >= self.options.gate_db]
        heard = [windows[i].samples for i in loud]
        scores = self.tagger.scores_of(heard) if heard else ()
        voices = self.voice.speech_of(heard) if heard and self.voice else ()
        silent = None if self.voice is None else 0.0
        raws = [RawSound(None, level, silent) for level in levels]
        for n, i in enumerate(loud):
            speech = float(voices[n]) if len(voices) else None
            raws[i] = RawSound(scores[n], levels[i], speech)
        return raws

    def update(self, window: SoundWindow, raw: RawSound) -> SoundResult:
        """Average the scores over the windows of the source, and rank them."""
        options, labels = self.options, self._scored_labels
        if raw.scores is None:
            # A sound after silence owes nothing to what was before.
            self.forget(window.source)
            return SoundResult([Tag(SILENCE, 1.0)], raw.level_db, raw.speech)
        scores = self._with_speech(raw.scores, raw.speech)
        scores = self._smoothers.update(window.source, scores, window.stamp_s, options.smoothing_s)
        top_k = min(options.top_k, len(labels))
        tags = top_k_tags(scores, labels, top_k, min_score=options.min_score)
        return SoundResult(tags, raw.level_db, raw.speech)

    def process(self, windows: Sequence[SoundWindow]) -> list[SoundResult]:
        """Tag windows, see :meth:`infer` and :meth:`update`."""
        raws = self.infer(windows)
        return [self.update(window, raw) for window, raw in zip(windows, raws, strict=True)]

    def forget(self, source: str) -> None:
        """Forget the averages of a source."""
        self._smoothers.forget(source)

    def warm_up(self) -> None:
        """Run each network once, see :meth:`LoadedModel.warm_up`."""
        self.tagger.model.warm_up()
        if self.voice is not None:
            self.voice.warm_up()

    def close(self) -> None:
        """Free the memory of the networks."""
        self.tagger.close()
        if self.voice is not None:
            self.voice.close()

    @property
    def _splits_speech(self) -> bool:
        labels = self.tagger.labels
        return self.voice is not None and BACKGROUND in labels and SPEECH not in labels

    @property
    def _scored_labels(self) -> tuple[str, ...]:
        return (*self.tagger.labels, SPEECH) if self._splits_speech else self.tagger.labels

    def _with_speech(self, scores: Scores, speech: float | None) -> Scores:
        """Split the score of the background into noise and speech, ``(C,)`` to ``(C + 1,)``."""
        if not self._splits_speech or speech is None:
            return scores
        background = self.tagger.labels.index(BACKGROUND)
        split = np.append(scores, speech * scores[background]).astype(np.float32)
        split[background] -= split[-1]
        return split
