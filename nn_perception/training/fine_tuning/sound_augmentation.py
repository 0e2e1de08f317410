"""Augmentation of sounds: when they begin, how loud they are, and noise in the background."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.core.audio.samples import SAMPLE_RATE_HZ, Samples
import numpy as np
from numpy.random import Generator

MAX_SHIFT_S = 0.1
MAX_GAIN_DB = 6.0
# Power of the sound in comparison with that of the noise.
MIN_SNR_DB, MAX_SNR_DB = 0.0, 30.0


def augmented(samples: Samples, noises: Sequence[Samples], random: Generator) -> Samples:
    """
    Shift a sound, change its gain, and mix it with noise.

    :param samples: float32, ``(S,)``, from -1 to 1
    :param noises: sounds of the background, float32, of any length; without one, none is mixed in
    :param random: the source of all random values
    :returns: float32, ``(S,)``, from -1 to 1; what a shift leaves empty is filled up with the
        sound mirrored at its end
    """
    most = round(MAX_SHIFT_S * SAMPLE_RATE_HZ)
    sound = _shifted(samples, int(random.integers(-most, most + 1)))
    if noises:
        noise = noises[int(random.integers(len(noises)))]
        sound = sound + _scaled(_part(noise, len(sound), random), sound, random)
    gain = 10.0 ** (random.uniform(-MAX_GAIN_DB, MAX_GAIN_DB) / 20.0)
    return np.asarray(np.clip(sound * gain, -1.0, 1.0), np.float32)


def _shifted(samples: Samples, shift: int) -> Samples:
    """Move a sound to a later time, or to an earlier one if the shift is negative."""
    shift = int(np.clip(shift, 1 - len(samples), len(samples) - 1))
    padded = np.pad(samples, (max(shift, 0), max(-shift, 0)), 'reflect')
    return padded[: len(samples)] if shift >= 0 else padded[-len(samples) :]


def _part(noise: Samples, length: int, random: Generator) -> Samples:
    """Take a part of a noise at random; a short one is repeated."""
    start = int(random.integers(len(noise)))
    return np.take(noise, np.arange(start, start + length), mode='wrap')


def _scaled(noise: Samples, sound: Samples, random: Generator) -> Samples:
    """Scale a noise to a random level below that of the sound; silence gets none."""
    power_of_sound, power_of_noise = (float(np.square(one).mean()) for one in (sound, noise))
    if power_of_noise == 0.0:
        return noise
    snr = 10.0 ** (random.uniform(MIN_SNR_DB, MAX_SNR_DB) / 10.0)
    return np.asarray(noise * np.sqrt(power_of_sound / power_of_noise / snr), np.float32)
