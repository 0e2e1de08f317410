"""The shipped tagger of images."""

from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.results import Tag
import numpy as np
import pytest


def test_the_shipped_tagger():
    tagger = Tagger.open(options=RunOptions(device='cpu'))
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    scores = tagger.scores(image)
    assert scores.shape == (len(tagger.labels),) == (1000,)
    assert scores.dtype == np.float32
    assert scores.sum() == pytest.approx(1.0, abs=1e-5)
    best = int(scores.argmax())
    assert tagger.tag(image, top_k=1) == [Tag(tagger.labels[best], float(scores[best]))]
    tagger.close()
    with pytest.raises(RuntimeError, match='closed'):
        tagger.tag(image)


def test_a_network_for_sounds_is_refused():
    with pytest.raises(ValueError, match='sound_words is a network for sounds, not images'):
        Tagger.open('sound_words')
