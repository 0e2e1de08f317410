"""The network for sounds: golden values of the original, and sounds at the limits."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from nn_perception.core.inference.load_network import load_network  # noqa: E402
from nn_perception.core.inference.model_zoo import find_checkpoint  # noqa: E402
from nn_perception.core.networks.log_mel import LogMel, Spectrum  # noqa: E402
from nn_perception.core.networks.sound_embedding import SpeechEmbedding  # noqa: E402

SECOND = 16_000
# Values of the published networks, melspectrogram.onnx and embedding_model.onnx, for the sweep
# below: of the picture at some places, and of the first and the last embedding.
PICTURE_AT = ((0, 0), (0, 31), (10, 5), (48, 16), (60, 20), (96, 0), (96, 31))
PICTURE = (9.11785, 7.16197, 10.76055, 7.18137, 6.62789, 7.08046, 11.97391)
FIRST = (-2.2069, 12.1872, 17.4579, -4.8712, 17.8160, 25.2841, 8.8938, -6.1445)
LAST = (-7.4634, 18.3034, 12.5363, 1.9176, 14.1414, 27.4892, 6.1648, -5.8575)


def sweep():
    """Compute a tone that rises from 100 to 3,500 Hz and gets louder, and a little noise."""
    time_s = np.arange(SECOND) / SECOND
    phase = 2.0 * np.pi * (100.0 * time_s + 1700.0 * time_s**2)
    noise = np.random.default_rng(0).uniform(-0.01, 0.01, SECOND)
    return (0.5 * time_s * np.sin(phase) + noise).astype(np.float32)


def batch_of(*sounds):
    return torch.from_numpy(np.stack(sounds)[:, None, None])


def picture_of(network, sound):
    return network.log_mel(network.spectrum(batch_of(sound)))


@pytest.fixture(scope='module')
def network():
    return load_network(find_checkpoint('sound_words'))


def test_the_picture_is_that_of_the_published_front_end(network):
    with torch.inference_mode():
        picture = picture_of(network, sweep())
    assert picture.shape == (1, 1, 97, 32)
    found = [float(picture[0, 0, column, band]) for column, band in PICTURE_AT]
    np.testing.assert_allclose(found, PICTURE, atol=1e-4)


def test_the_embedding_is_that_of_the_published_network(network):
    with torch.inference_mode():
        embedding = network.embedding(picture_of(network, sweep()))
    assert embedding.shape == (1, 96, 3)
    np.testing.assert_allclose(embedding[0, :8, 0], FIRST, atol=1e-3)
    np.testing.assert_allclose(embedding[0, :8, 2], LAST, atol=1e-3)


def test_the_power_of_a_tone_is_that_of_its_definition():
    """An independent computation in numpy: a Fourier transform of each windowed part."""
    sound = sweep()
    window = np.hanning(401)[:-1]
    parts = np.stack([sound[start : start + 400] for start in range(56, SECOND - 455, 160)])
    power = np.abs(np.fft.rfft(parts * window * 32768.0, 512)) ** 2
    picture = LogMel()(Spectrum()(batch_of(sound)))[0, 0].numpy()
    loudest = power.argmax(axis=1) * 31.25  # the tone, in Hz
    band = picture.argmax(axis=1)
    assert len(parts) == len(picture)
    # The band with the most power follows the tone.
    assert np.corrcoef(np.log(loudest[5:]), band[5:])[0, 1] > 0.95
    assert (np.diff(band[5:]) >= 0).mean() > 0.95


def test_windows_of_the_embedding_are_independent(network):
    """Each window has the embedding that it has alone."""
    with torch.inference_mode():
        picture = picture_of(network, sweep())
        together = network.embedding(picture)
        for index, start in enumerate((0, 8, 16)):
            alone = network.embedding(picture[:, :, start : start + 76])
            torch.testing.assert_close(together[:, :, index : index + 1], alone, atol=1e-3, rtol=0)


def test_a_sound_does_not_depend_on_the_others_of_its_batch(network):
    loud, quiet = sweep(), 0.001 * sweep()
    with torch.inference_mode():
        both = network(batch_of(loud, quiet))
        torch.testing.assert_close(both[1:], network(batch_of(quiet)), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize('value', [0.0, 1.0, -1.0, 1e-30])
def test_features_of_constant_sounds_are_finite(network, value):
    with torch.inference_mode():
        features = network.features(batch_of(np.full(SECOND, value, np.float32)))
    assert torch.isfinite(features).all()


def test_features_of_full_scale_noise_are_finite(network):
    noise = np.random.default_rng(0).choice([-1.0, 1.0], SECOND).astype(np.float32)
    with torch.inference_mode():
        assert torch.isfinite(network.features(batch_of(noise))).all()


def test_the_network_has_the_layers_of_the_published_one():
    shapes = [tuple(layer.weight.shape) for layer in SpeechEmbedding().convolutions]
    assert len(shapes) == 19
    assert shapes[0] == (24, 1, 3, 3)
    assert shapes[-1] == (96, 96, 3, 1)


def test_sounds_are_compared_by_the_last_two_stages(network):
    samples = 0.1 * torch.randn(2, 1, 1, 16000, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        features = network.features(samples).numpy()
        *_, fourth, fifth = network.embedding.stages(network.log_mel(network.spectrum(samples)))
    expected = torch.cat(
        [fifth.amax((2, 3)), fourth.mean(2).flatten(1), fourth.amax(2).flatten(1)], dim=1
    )
    compared = find_checkpoint('sound_words').last_layer_embedding(features)
    np.testing.assert_array_equal(compared, expected.numpy())
