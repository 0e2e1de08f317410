"""Shifts, gains and noises of augmented sounds."""

from nn_perception.training.fine_tuning.sound_augmentation import (
    augmented,
    MAX_GAIN_DB,
    MAX_SHIFT_S,
    MIN_SNR_DB,
)
import numpy as np
import pytest

SECOND = 16_000


def click(at=8000):
    samples = np.zeros(SECOND, np.float32)
    samples[at] = 0.25
    return samples


def tone(level=0.1):
    return (level * np.sin(np.arange(SECOND) * 0.3)).astype(np.float32)


def noise(level=0.2, length=SECOND):
    return np.random.default_rng(9).uniform(-level, level, length).astype(np.float32)


def test_a_click_moves_and_changes_its_gain_within_the_limits():
    found = [augmented(click(), [], np.random.default_rng(seed)) for seed in range(100)]
    shifts = np.array([one.argmax() for one in found]) - 8000
    gains_db = 20.0 * np.log10([one.max() / 0.25 for one in found])
    assert abs(shifts).max() <= MAX_SHIFT_S * SECOND
    assert shifts.min() < -1000
    assert shifts.max() > 1000
    assert abs(gains_db).max() <= MAX_GAIN_DB + 1e-4
    assert gains_db.min() < -4.0
    assert gains_db.max() > 4.0


def test_noise_is_never_louder_than_allowed():
    for seed in range(30):
        clean = augmented(tone(), [], np.random.default_rng(seed))
        noisy = augmented(tone(), [noise()], np.random.default_rng(seed))
        assert not np.allclose(clean, noisy)
        # The tone is the part of the sound at its frequency.
        wave = np.exp(0.3j * np.arange(SECOND))
        amplitude = 2.0 * abs((noisy * wave).mean())
        rest = np.square(noisy).mean() - amplitude**2 / 2.0
        assert amplitude**2 / 2.0 / rest >= 10.0 ** (MIN_SNR_DB / 10.0) * 0.9


def test_the_same_seed_gives_the_same_sound():
    first, second = (augmented(tone(), [noise()], np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ('samples', 'noises'),
    [
        (np.zeros(SECOND, np.float32), [noise()]),
        (tone(), [np.zeros(SECOND, np.float32)]),
        (tone(), [noise(length=10)]),
        (tone(), [noise(length=5 * SECOND)]),
        (np.ones(SECOND, np.float32), [noise(1.0)]),
        (np.array([0.5], np.float32), [noise()]),
        (np.array([0.5, 0.25, 0.125], np.float32), []),
    ],
    ids=['silence', 'silent noise', 'short', 'long', 'full scale', 'one sample', 'three samples'],
)
def test_sounds_at_the_limits(samples, noises):
    before = samples.copy()
    for seed in range(5):
        found = augmented(samples, noises, np.random.default_rng(seed))
        assert found.dtype == np.float32
        assert found.shape == samples.shape
        assert np.isfinite(found).all()
        assert abs(found).max() <= 1.0
    np.testing.assert_array_equal(samples, before)
