"""Several images at once give what each gives alone, also when several are worked on at a time."""

from __future__ import annotations

from pathlib import Path

from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.load_monitor import LoadMonitor
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
import pytest

SAMPLES = Path('nn_perception/samples')
PHOTOGRAPHS = [read_image(SAMPLES / f'{name}.jpg') for name in ('skier', 'pizza', 'elephant')]


@pytest.fixture(autouse=True, params=[False, True], ids=['at_leisure', 'in_a_hurry'])
def hurry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether one stream would not keep up: only then there are several."""
    monkeypatch.setattr(LoadMonitor, 'judge', lambda _: request.param)
    return bool(request.param)


@pytest.mark.parametrize('streams', [1, 2])
def test_tagger(streams: int) -> None:
    tagger = Tagger.open(options=RunOptions(device='cpu', threads=2, streams=streams))
    together = tagger.scores_of(PHOTOGRAPHS)
    alone = np.stack([tagger.scores(image) for image in PHOTOGRAPHS])
    assert together.shape == (3, len(tagger.labels))
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert ('2 images at a time' in tagger.engine.description) == (streams == 2)


@pytest.mark.parametrize('streams', [1, 2])
def test_digit_reader(streams: int) -> None:
    reader = DigitReader.open(options=RunOptions(device='cpu', threads=2, streams=streams))
    pages = [read_image(file) for file in sorted((SAMPLES / 'digits').glob('*.jpg'))]
    images = [PHOTOGRAPHS[0], *pages, np.zeros((40, 40, 3), np.uint8)]
    together = reader.read_all(images)
    alone = [reader.read(image) for image in images]
    assert [reading.lines for reading in together] == [reading.lines for reading in alone]
    assert [reading.candidates for reading in together] == [r.candidates for r in alone]
    assert any(reading.digits for reading in together)
    assert not together[-1].digits


@pytest.mark.parametrize('preset', ['fast', 'accurate'])
def test_pose_estimator(preset: str) -> None:
    estimator = PoseEstimator.open(preset, RunOptions(device='cpu', threads=2, streams=2))
    skier = PHOTOGRAPHS[0]
    # Two of one shape, and one of another between them.
    images = [skier, PHOTOGRAPHS[1][:200], skier[:, ::-1].copy(), np.zeros_like(skier)]
    together = estimator.estimate_all(images)
    assert [len(people) for people in together] == [1, 0, 1, 0]
    for image, people in zip(images, together, strict=True):
        for person, other in zip(people, estimator.estimate(image), strict=True):
            np.testing.assert_allclose(person.bbox, other.bbox, atol=0.05)
            assert person.score == pytest.approx(other.score, abs=1e-4)


def test_several_images_at_a_time_only_in_a_hurry(
    hurry: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = Tagger.open(options=RunOptions(device='cpu', threads=2, streams=2))
    counted: list[float] = []
    monkeypatch.setattr(LoadMonitor, 'hand_on', lambda _, seconds: counted.append(seconds))
    tagger.scores_of(PHOTOGRAPHS)
    assert len(counted) == (2 if hurry else 0)
    assert all(seconds > 0.0 for seconds in counted)
    tagger.scores(PHOTOGRAPHS[0])
    assert len(counted) == (2 if hurry else 0), 'one image alone needs no streams'


def test_streams_must_make_sense() -> None:
    with pytest.raises(ValueError, match='streams must be at least 1, got 0'):
        Tagger.open(options=RunOptions(device='cpu', streams=0))
