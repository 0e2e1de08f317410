"""Silence, speech and smoothing on the way from scores to tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nn_perception.capabilities.sounds.pipeline import SoundOptions, SoundPipeline
from nn_perception.core.audio.samples import SoundWindow
from nn_perception.core.results import Tag
import numpy as np
import pytest


class FakeTagger:
    """Hears a word where the first sample is positive; counts the windows."""

    labels = ('background', 'stop')

    def __init__(self) -> None:
        self.heard = 0

    def scores_of(self, windows: Sequence[np.ndarray]) -> np.ndarray:
        self.heard += len(windows)
        return np.array(
            [[0.1, 0.9] if window[0] > 0 else [0.9, 0.1] for window in windows], np.float32
        )


class FakeVoice:
    """Hears speech in what is loud."""

    def speech_of(self, windows: Sequence[np.ndarray]) -> np.ndarray:
        return np.array([0.8 if np.abs(window).max() > 0.3 else 0.0 for window in windows])


def window(level: float, stamp_s: float = 0.0, source: str = 'a') -> SoundWindow:
    return SoundWindow(np.full(16000, level, np.float32), source, source, stamp_s)


def pipeline(voice: Any = None, **options: Any) -> SoundPipeline:
    given = SoundOptions(**{'smoothing_s': 0.0, **options})
    return SoundPipeline(FakeTagger(), given, voice)  # type: ignore[arg-type]


def test_silence_is_not_computed() -> None:
    sounds = pipeline(gate_db=-40.0)
    results = sounds.process([window(0.001), window(0.1), window(-0.1)])
    assert results[0].tags == [Tag('silence', 1.0)]
    assert [result.tags[0].label for result in results] == ['silence', 'stop', 'background']
    assert [result.level_db for result in results] == pytest.approx([-60.0, -20.0, -20.0])
    assert [result.speech for result in results] == [None, None, None]
    assert sounds.tagger.heard == 2
    assert sounds.process([window(0.0)])[0].tags[0].label == 'silence'
    assert sounds.tagger.heard == 2
    assert sounds.labels == ('background', 'stop', 'silence')


def test_a_click_opens_the_gate() -> None:
    samples = np.zeros(16000, np.float32)
    samples[3000:3200] = 0.1
    (result,) = pipeline(gate_db=-40.0).process([SoundWindow(samples)])
    assert result.tags[0].label == 'background'


def test_speech_that_is_no_known_word() -> None:
    sounds = pipeline(FakeVoice())
    word, talk, noise, silence = sounds.process(
        [window(0.5), window(-0.5), window(-0.1), window(0.0)]
    )
    assert sounds.labels == ('background', 'stop', 'speech', 'silence')
    assert [result.speech for result in (word, talk, noise, silence)] == [0.8, 0.8, 0.0, 0.0]
    scores = {tag.label: tag.score for tag in talk.tags}
    assert scores == pytest.approx({'speech': 0.72, 'background': 0.18, 'stop': 0.1})
    assert word.tags[0] == Tag('stop', pytest.approx(0.9))
    assert noise.tags[0] == Tag('background', pytest.approx(0.9))


def test_a_model_with_a_class_speech_keeps_its_own() -> None:
    sounds = pipeline(FakeVoice())
    sounds.tagger.labels = ('background', 'speech')  # type: ignore[misc]
    assert sounds.labels == ('background', 'speech', 'silence')
    assert len(sounds.process([window(-0.5)])[0].tags) == 2


def test_smoothing_is_of_each_source_and_ends_in_silence() -> None:
    sounds = pipeline(smoothing_s=10.0)
    assert sounds.process([window(-0.1, 1.0)])[0].tags[0].label == 'background'
    assert sounds.process([window(0.1, 1.25)])[0].tags[0].label == 'background'
    assert sounds.process([window(0.1, 1.25, 'b')])[0].tags[0].label == 'stop'
    sounds.process([window(0.0, 1.5)])
    assert sounds.process([window(0.1, 1.75)])[0].tags[0].label == 'stop'
    sounds.process([window(-0.1, 2.0)])
    sounds.forget('a')
    assert sounds.process([window(0.1, 2.25)])[0].tags[0].label == 'stop'


def test_limits_of_tags() -> None:
    assert len(pipeline(top_k=1).process([window(0.1)])[0].tags) == 1
    assert pipeline(min_score=0.95).process([window(0.1)])[0].tags == []


def test_what_is_no_window_is_rejected() -> None:
    assert pipeline().infer([]) == []
