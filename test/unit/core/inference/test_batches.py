"""Images in a batch get the same results as single images, also with parallel batches."""

from __future__ import annotations

from pathlib import Path

from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.load_monitor import LoadMonitor
import numpy as np
import pytest

SAMPLES = Path('nn_perception/samples')
PHOTOGRAPHS = [read_image(SAMPLES / f'{name}.jpg') for name in ('skier', 'pizza', 'elephant')]


@pytest.fixture(autouse=True, params=[False, True], ids=['idle', 'overloaded'])
def overloaded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether one thread cannot keep up: only then batches are split."""
    monkeypatch.setattr(LoadMonitor, 'update', lambda _: request.param)
    return bool(request.param)


@pytest.mark.parametrize('count', [1, 2])
def test_tagger(count: int) -> None:
    tagger = Tagger.open(options=RunOptions(device='cpu', threads=2, parallel_batches=count))
    batched = tagger.scores_of(PHOTOGRAPHS)
    single = np.stack([tagger.scores(image) for image in PHOTOGRAPHS])
    assert batched.shape == (3, len(tagger.labels))
    np.testing.assert_allclose(batched, single, atol=1e-5)
    assert ('2 images at a time' in tagger.engine.description) == (count == 2)


@pytest.mark.parametrize('count', [1, 2])
def test_digit_reader(count: int) -> None:
    reader = DigitReader.open(options=RunOptions(device='cpu', threads=2, parallel_batches=count))
    pages = [read_image(file) for file in sorted((SAMPLES / 'digits').glob('*.jpg'))]
    images = [PHOTOGRAPHS[0], *pages, np.zeros((40, 40, 3), np.uint8)]
    batched = reader.read_all(images)
    single = [reader.read(image) for image in images]
    assert [reading.lines for reading in batched] == [reading.lines for reading in single]
    assert [reading.candidates for reading in batched] == [r.candidates for r in single]
    assert any(reading.digits for reading in batched)
    assert not batched[-1].digits


@pytest.mark.parametrize('preset', ['fast', 'accurate'])
def test_pose_estimator(preset: str) -> None:
    estimator = PoseEstimator.open(preset, RunOptions(device='cpu', threads=2, parallel_batches=2))
    skier = PHOTOGRAPHS[0]
    # Images of one shape with another shape in between.
    images = [skier, PHOTOGRAPHS[1][:200], skier[:, ::-1].copy(), np.zeros_like(skier)]
    batched = estimator.estimate_all(images)
    assert [len(people) for people in batched] == [1, 0, 1, 0]
    for image, people in zip(images, batched, strict=True):
        for person, other in zip(people, estimator.estimate(image), strict=True):
            np.testing.assert_allclose(person.bbox, other.bbox, atol=0.05)
            assert person.score == pytest.approx(other.score, abs=1e-4)


def test_batches_are_split_only_under_overload(
    overloaded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = Tagger.open(options=RunOptions(device='cpu', threads=2, parallel_batches=2))
    cpu_times: list[float] = []
    monkeypatch.setattr(LoadMonitor, 'add_cpu_time', lambda _, seconds: cpu_times.append(seconds))
    tagger.scores_of(PHOTOGRAPHS)
    assert len(cpu_times) == (2 if overloaded else 0)
    assert all(seconds > 0.0 for seconds in cpu_times)
    tagger.scores(PHOTOGRAPHS[0])
    assert len(cpu_times) == (2 if overloaded else 0), 'a single image is not split'


def test_the_number_of_parallel_batches_is_positive() -> None:
    with pytest.raises(ValueError, match='parallel_batches must be at least 1, got 0'):
        Tagger.open(options=RunOptions(device='cpu', parallel_batches=0))
