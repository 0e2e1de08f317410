"""A folder holds pictures or sounds; the files in it tell which."""

from __future__ import annotations

from pathlib import Path

from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.datasets.media.clips import SOUNDS
from nn_perception.training.datasets.media.detection import medium_of, medium_of_folder
from nn_perception.training.datasets.media.medium import Medium
from nn_perception.training.datasets.media.pictures import IMAGES
import pytest


def test_the_network_decides() -> None:
    assert medium_of(find_checkpoint('sound_words')) is SOUNDS
    assert medium_of(find_checkpoint('digit_cnn')) is IMAGES


@pytest.mark.parametrize(
    ('files', 'medium'),
    [
        ([], None),
        (['readme.txt'], None),
        (['mug/a.JPG'], IMAGES),
        (['stop/a.WAV'], SOUNDS),
        (['a.mp3'], SOUNDS),
        (['a/1.wav', 'z/1.png'], IMAGES),  # as it was before there were sounds
        (['a/b/c/1.png', 'a/1.wav'], SOUNDS),  # too deep to be a picture with a label
        (['.hidden/1.png', 'a/1.wav'], SOUNDS),
        (['a/1.mp4'], None),
    ],
)
def test_the_files_decide(tmp_path: Path, files: list[str], medium: Medium | None) -> None:
    for file in files:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert medium_of_folder(tmp_path, 'manifest') is medium


@pytest.mark.parametrize(
    ('line', 'medium'),
    [
        ('{"file": "stop/1_0.wav"}', SOUNDS),
        ('{"file": "stop/1_0.png"}', IMAGES),
        ('{"file": 3}', IMAGES),
        ('[]', IMAGES),
        ('[' * 4000, IMAGES),
        ('', IMAGES),
    ],
)
def test_the_manifest_comes_first(tmp_path: Path, line: str, medium: Medium) -> None:
    """A picture that somebody puts among sounds does not make them pictures."""
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a' / 'stray.png').touch()
    (tmp_path / 'manifest').write_text(f'{line}\n')
    assert medium_of_folder(tmp_path, 'manifest') is medium


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert medium_of_folder(tmp_path / 'nothing', 'manifest') is None
