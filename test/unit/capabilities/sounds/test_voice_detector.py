"""Speech, and what is none."""

from nn_perception.capabilities.sounds.voice_detector import VoiceDetector, WEIGHTS
import numpy as np
import pytest
import soundfile

SECOND = 16_000


@pytest.fixture(scope='module')
def detector():
    return VoiceDetector.open()


def noise(level):
    return np.random.default_rng(0).uniform(-level, level, SECOND).astype(np.float32)


def clip(path):
    return soundfile.read(path, dtype='float32')[0]


def test_words_are_speech_and_background_is_not(detector, test_data):
    folder = test_data / 'sounds'
    words = [clip(path) for path in sorted((folder / 'yes').glob('*.wav'))[:4]]
    others = [clip(path) for path in sorted((folder / 'background').glob('*.wav'))[:4]]
    assert (detector.speech_of(words) > 0.8).all()
    assert (detector.speech_of(others) < 0.2).all()


@pytest.mark.parametrize(
    'samples',
    [
        np.zeros(SECOND, np.float32),
        np.ones(SECOND, np.float32),
        noise(1.0),
        noise(0.01),
        np.sin(np.arange(SECOND) * 0.3).astype(np.float32),
        np.zeros(1, np.float32),
        np.zeros(100_000, np.float32),
    ],
    ids=['silence', 'constant', 'noise', 'quiet noise', 'tone', 'one sample', 'six seconds'],
)
def test_other_sounds_are_no_speech(detector, samples):
    assert 0.0 <= detector.probability(samples) < 0.3


def test_windows_do_not_depend_on_each_other(detector):
    windows = [noise(0.5), noise(0.001)]
    both = detector.speech_of(windows)
    assert both.dtype == np.float32
    np.testing.assert_array_equal(both[::-1], detector.speech_of(windows[::-1]))


@pytest.mark.parametrize(
    ('samples', 'reason'),
    [
        (np.zeros(0, np.float32), 'expected a sound'),
        (np.zeros((2, SECOND), np.float32), 'one axis'),
        (np.zeros(SECOND), 'float32'),
        (np.full(SECOND, np.inf, np.float32), 'not finite'),
    ],
)
def test_what_is_no_sound_is_refused(detector, samples, reason):
    with pytest.raises(ValueError, match=reason):
        detector.probability(samples)


def test_a_damaged_file_and_a_closed_detector(tmp_path):
    damaged = tmp_path / 'voice.onnx'
    damaged.write_bytes(WEIGHTS.read_bytes()[:1000])
    with pytest.raises(RuntimeError, match=r'voice\.onnx cannot be loaded'):
        VoiceDetector.open(damaged)
    closed = VoiceDetector.open()
    closed.warm_up()
    closed.close()
    with pytest.raises(RuntimeError, match='closed'):
        closed.probability(noise(0.1))
