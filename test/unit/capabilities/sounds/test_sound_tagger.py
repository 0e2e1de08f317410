"""The shipped tagger of sounds, and models of the other kind."""

from nn_perception.capabilities.sounds.sound_tagger import SoundTagger
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
import pytest

WORDS = ('background', 'down', 'go', 'left', 'no', 'on', 'stop', 'up', 'yes')
SECOND = 16_000


@pytest.fixture(scope='module')
def tagger():
    opened = SoundTagger.open(options=RunOptions(device='cpu', engine='onnxruntime'))
    yield opened
    opened.close()


def noise(level):
    return np.random.default_rng(0).uniform(-level, level, SECOND).astype(np.float32)


def test_the_shipped_labels(tagger):
    assert tagger.labels == WORDS


def test_scores_of_several_windows(tagger):
    scores = tagger.scores_of([noise(0.1), noise(0.5), noise(1.0)])
    assert scores.shape == (3, len(WORDS))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize(
    'samples',
    [
        np.zeros(SECOND, np.float32),
        np.ones(SECOND, np.float32),
        np.sign(np.sin(np.arange(SECOND) * 0.3)).astype(np.float32),
        noise(1.0),
        noise(1e-5),
        np.full(SECOND, 1e-30, np.float32),
    ],
    ids=['silence', 'constant', 'clipped', 'full scale', 'very quiet', 'denormal'],
)
def test_scores_of_extreme_sounds_are_finite(tagger, samples):
    assert np.isfinite(tagger.scores_of([samples])).all()


@pytest.mark.parametrize(
    ('windows', 'reason'),
    [
        ([], 'at least one window'),
        ([np.zeros(100, np.float32)], 'expected 16000 samples, got 100'),
        ([np.zeros(SECOND)], 'expected a sound of float32'),
        ([np.full(SECOND, np.nan, np.float32)], 'not finite'),
    ],
)
def test_what_is_no_window_is_refused(tagger, windows, reason):
    with pytest.raises(ValueError, match=reason):
        tagger.scores_of(windows)


def test_a_network_for_images_is_refused():
    with pytest.raises(ValueError, match='lenet5 is a network for images, not sounds'):
        SoundTagger.open('lenet5')


def test_a_tagger_around_a_network_for_images_refuses_sounds(tagger):
    wrong = SoundTagger(find_checkpoint('lenet5'), tagger.model)
    with pytest.raises(ValueError, match='lenet5 is a network for images'):
        wrong.scores_of([noise(0.1)])


def test_the_network_can_be_loaded_without_its_head(tagger):
    checkpoint = find_checkpoint('sound_words')
    backbone = LoadedModel.open(checkpoint.without_head(), RunOptions(device='cpu'))
    batch = checkpoint.preprocessing([noise(0.3)])
    features = backbone(batch)
    tensors = checkpoint.weights()
    logits = features @ tensors['classifier.weight'].T + tensors['classifier.bias']
    np.testing.assert_allclose(logits, tagger.model.outputs(batch)[0], atol=1e-3)
    backbone.close()
