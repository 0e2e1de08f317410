"""Statistics of the power of a sound."""

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from nn_perception.core.networks.log_mel import FREQUENCIES_HZ  # noqa: E402
from nn_perception.core.networks.sound_statistics import (  # noqa: E402
    BANDS,
    COLUMNS,
    GROUPS,
    PARTS,
    RANGES,
    SIGNALS,
    SoundStatistics,
)

MODULATION = 4 * BANDS
MOVEMENT = MODULATION + SIGNALS * (len(RANGES) - 1)
PEAKS = MOVEMENT + 2
STATISTICS = SoundStatistics()


def tensor_of(power):
    return torch.tensor(power, dtype=torch.float32)[None, None]


def statistics_of(power):
    """Compute the statistics of a power, ``(T, F)``."""
    return STATISTICS(tensor_of(power))[0].numpy()


def random_power():
    return 10.0 ** np.random.default_rng(0).uniform(0.0, 6.0, (COLUMNS, len(FREQUENCIES_HZ)))


def modulations_of(signals):
    """Compute the modulation of signals, ``(T, S)``, by a Fourier transform."""
    changes = (signals - signals.mean(axis=0)) * np.hanning(COLUMNS)[:, None]
    spectrum = np.abs(np.fft.rfft(changes, axis=0))
    ranges = [spectrum[first:end].mean(axis=0) for first, end in pairwise(RANGES)]
    return np.log1p(np.stack(ranges, axis=1)).ravel()


def test_values_of_their_definition():
    """An independent computation in numpy."""
    power = random_power()
    found = statistics_of(power)
    picture = STATISTICS.loudness(tensor_of(power))[0, 0].numpy()
    relative = picture - picture.mean()
    np.testing.assert_allclose(found[:BANDS], relative.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(found[BANDS : 2 * BANDS], picture.std(axis=0), atol=1e-4)
    np.testing.assert_allclose(found[2 * BANDS : 3 * BANDS], relative.max(axis=0), atol=1e-4)
    onsets = np.maximum(np.diff(picture, axis=0), 0.0).mean(axis=0)
    np.testing.assert_allclose(found[3 * BANDS : MODULATION], onsets, atol=1e-4)
    middle = (10.0**relative @ np.arange(BANDS)) / (10.0**relative).sum(axis=1)
    groups = relative.reshape(COLUMNS, GROUPS, -1).mean(axis=2)
    signals = np.column_stack([groups, middle, relative.mean(axis=1), relative.max(axis=1)])
    expected = modulations_of(signals)
    np.testing.assert_allclose(found[MODULATION:MOVEMENT], expected, atol=1e-3)
    movement = [middle.std(), np.abs(np.diff(middle)).mean()]
    np.testing.assert_allclose(found[MOVEMENT:PEAKS], movement, atol=1e-3)
    mean = np.log10(power[:, 1:].mean(axis=0)).reshape(PARTS, -1)
    expected = mean.max(axis=1) - mean.mean(axis=1)
    np.testing.assert_allclose(found[PEAKS : PEAKS + PARTS], expected, atol=1e-4)
    assert len(found) == SoundStatistics.size


def test_the_gain_does_not_matter():
    power = random_power()
    np.testing.assert_allclose(statistics_of(power), statistics_of(100.0 * power), atol=1e-3)


def test_a_beat_of_ten_hertz_is_modulation_of_that_range():
    beat = 10.0 ** np.sin(2.0 * np.pi * 10.0 * np.arange(COLUMNS) / COLUMNS)
    power = np.repeat(1000.0 * beat[:, None], len(FREQUENCIES_HZ), axis=1)
    modulation = statistics_of(power)[MODULATION:MOVEMENT].reshape(SIGNALS, -1)
    assert (modulation[:GROUPS].argmax(axis=1) == RANGES.index(8)).all()


def test_a_tone_has_a_peak_where_it_is():
    power = np.full((COLUMNS, len(FREQUENCIES_HZ)), 10.0)
    power[:, FREQUENCIES_HZ == 6250.0] = 1e5
    peaks = statistics_of(power)[PEAKS : PEAKS + PARTS]
    assert peaks.argmax() == 12  # from 6,000 Hz
    assert np.sort(peaks)[-2] < 0.01


def test_silence_has_no_changes_and_no_peaks():
    found = statistics_of(np.zeros((COLUMNS, len(FREQUENCIES_HZ))))
    np.testing.assert_allclose(found, 0.0, atol=1e-4)
