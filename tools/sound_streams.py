"""Streams of sound for the evaluation: words that nobody said, speech, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import time

from nn_perception.capabilities.sounds.defaults import SMOOTHING_S, WINDOW_OVERLAP
from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.capabilities.sounds.voice_detector import VoiceDetector
from nn_perception.capabilities.tagging.smoothing import Smoother
from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, Samples, WINDOW_SAMPLES
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sound_synthesis import KINDS, synthesised

FADE = 800
HOP = round((1.0 - WINDOW_OVERLAP) * WINDOW_SAMPLES)
LEAST_SCORES = (0.0, 0.5, 0.7, 0.9)
IS_SPEECH = 0.5


def composed(sounds: Sequence[Samples], random: Generator) -> Samples:
    """Compose a minute of sounds in random order, each faded into the next."""
    minute = np.zeros(60 * SAMPLE_RATE_HZ + WINDOW_SAMPLES, np.float32)
    fade = np.minimum(1.0, np.arange(1, WINDOW_SAMPLES + 1) / FADE)
    window = (fade * fade[::-1]).astype(np.float32)
    order: list[int] = []
    for start in range(0, 60 * SAMPLE_RATE_HZ, WINDOW_SAMPLES - FADE):
        order = order or random.permutation(len(sounds)).tolist()
        gain = 10.0 ** (random.uniform(-6.0, 6.0) / 20.0)
        minute[start : start + WINDOW_SAMPLES] += gain * window * sounds[order.pop()]
    return np.clip(minute[: 60 * SAMPLE_RATE_HZ], -1.0, 1.0).astype(np.float32)


def windows_of(sound: Samples) -> NDArray[np.float32]:
    """Cut a sound into the windows that the node tags, ``(N, S)``."""
    starts = range(0, len(sound) - WINDOW_SAMPLES + 1, HOP)
    return np.stack([sound[at : at + WINDOW_SAMPLES] for at in starts])


def false_words(scores: NDArray[np.float32], others: Sequence[int]) -> list[int]:
    """
    Count how often a word begins to be the best tag of a stream, after smoothing.

    :param scores: of windows one after the other, ``(N, C)``
    :param others: classes that are no words
    :returns: the number at each of ``LEAST_SCORES``
    """
    smoother = Smoother(SMOOTHING_S)
    smooth = np.stack(
        [smoother.update(row, n * HOP / SAMPLE_RATE_HZ) for n, row in enumerate(scores)]
    )
    best, score = smooth.argmax(axis=1), smooth.max(axis=1)
    counts = []
    for least in LEAST_SCORES:
        is_word = ~np.isin(best, others) & (score >= least)
        label = np.where(is_word, best, -1)
        begins = (label[1:] != label[:-1]) & (label[1:] >= 0)
        counts.append(int(begins.sum() + is_word[0]))
    return counts


def speech_in(words: Sequence[Samples], noises: Sequence[Samples]) -> dict[str, float]:
    """Compute the share of words, of background and of each kind of sound that is speech."""
    sounds = {'words': words, 'background clips': noises}
    for kind in sorted(KINDS):
        sounds[kind] = [synthesised(kind, np.random.default_rng((4, n))) for n in range(60)]
    detector = VoiceDetector.open()
    return {
        name: float((detector.speech_of(some) >= IS_SPEECH).mean())
        for name, some in sounds.items()
    }


def costs_ms(sound: Samples) -> dict[str, float]:
    """Measure the time on one core: of a window's tags, of its speech, and of a second."""
    tagger = SoundTagger.open(options=RunOptions(engine='onnxruntime', threads=1))
    detector = VoiceDetector.open()
    tags_ms = _cost_ms(lambda: tagger.scores_of([sound]))
    speech_ms = _cost_ms(lambda: detector.speech_of([sound]))
    second_ms = (tags_ms + speech_ms) * SAMPLE_RATE_HZ / HOP
    return {'tags': tags_ms, 'speech': speech_ms, f'second at {HOP} samples a hop': second_ms}


def _cost_ms(function: Callable[[], object], runs: int = 200) -> float:
    for _ in range(10):
        function()
    start_s = time.process_time()
    for _ in range(runs):
        function()
    return (time.process_time() - start_s) / runs * 1e3
