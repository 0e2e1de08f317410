"""Statistics of pictures of loudness."""

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from nn_perception.core.networks.sound_statistics import (  # noqa: E402
    BANDS,
    COLUMNS,
    GROUPS,
    RANGES,
    SoundStatistics,
)

MODULATION = 4 * BANDS


def statistics_of(picture):
    """Compute the statistics of a picture, ``(T, B)``."""
    return SoundStatistics()(torch.tensor(picture, dtype=torch.float32)[None, None])[0].numpy()


def random_picture():
    return np.random.default_rng(0).uniform(0.0, 8.0, (COLUMNS, BANDS))


def test_values_of_their_definition():
    """An independent computation in numpy."""
    picture = random_picture()
    found = statistics_of(picture)
    relative = picture - picture.mean()
    np.testing.assert_allclose(found[:BANDS], relative.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(found[BANDS : 2 * BANDS], picture.std(axis=0), atol=1e-4)
    np.testing.assert_allclose(found[2 * BANDS : 3 * BANDS], relative.max(axis=0), atol=1e-4)
    onsets = np.maximum(np.diff(picture, axis=0), 0.0).mean(axis=0)
    np.testing.assert_allclose(found[3 * BANDS : MODULATION], onsets, atol=1e-4)
    groups = (picture - picture.mean(axis=0)).reshape(COLUMNS, GROUPS, -1).mean(axis=2)
    spectrum = np.abs(np.fft.rfft(groups * np.hanning(COLUMNS)[:, None], axis=0))
    ranges = [spectrum[a:b].mean(axis=0) for a, b in pairwise(RANGES)]
    expected = np.log1p(np.stack(ranges, axis=1)).ravel()
    np.testing.assert_allclose(found[MODULATION:], expected, atol=1e-3)
    assert len(found) == SoundStatistics.size


def test_the_gain_does_not_matter():
    picture = random_picture()
    np.testing.assert_allclose(statistics_of(picture), statistics_of(picture + 2.0), atol=1e-4)


def test_a_beat_of_ten_hertz_is_modulation_of_that_range():
    beat = np.sin(2.0 * np.pi * 10.0 * np.arange(COLUMNS) / COLUMNS)
    modulation = statistics_of(np.repeat(beat[:, None], BANDS, axis=1))[MODULATION:]
    assert (modulation.reshape(GROUPS, -1).argmax(axis=1) == RANGES.index(8)).all()


def test_a_constant_picture_has_no_changes():
    found = statistics_of(np.full((COLUMNS, BANDS), -8.0))
    np.testing.assert_allclose(found, 0.0, atol=1e-4)
