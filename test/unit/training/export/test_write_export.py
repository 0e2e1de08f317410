"""Exported models give the scores of the tagger, in bare ONNX Runtime and in torch alone."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import subprocess
import sys
from typing import Any
import zipfile

from bare_session import bare_session
import cv2
from nn_perception.capabilities.tagging.out_of_distribution import UNKNOWN
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.cli.main import main
from nn_perception.core.files.folders import WEIGHTS_FOLDER
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.datasets.transfer import export_zip
from nn_perception.training.export.sample_programs import (
    program,
    PROGRAMS,
    USE_DATASET,
    USE_TORCHSCRIPT,
)
from nn_perception.training.export.write_export import write_export
from nn_perception.training.fine_tuning.fine_tune import fine_tune
from nn_perception.training.fine_tuning.settings import FineTuneSettings
import numpy as np
import onnx
import pytest

BASE = 'efficientnet_lite0'
TOLERANCE = 1e-4
# Programs decode JPEG with another library, whose pixels may differ by one or two.
DECODING_TOLERANCE = 0.02
FRAMES = 8


@pytest.fixture(scope='module')
def photographs(test_data: Path) -> list[Path]:
    return sorted((test_data / 'imagenet_samples').glob('*.jpg'))


@pytest.fixture(scope='module')
def objects(test_data: Path) -> Path:
    return test_data / 'fewshot_trashnet'


@pytest.fixture(scope='module')
def checkpoint(objects: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fine-tune on a few photographs of two materials."""
    frames = [
        frame
        for label in ('cardboard', 'glass')
        for frame in [f for f in read_frames(objects).frames if f.label == label][:FRAMES]
    ]
    path = tmp_path_factory.mktemp('fine-tuned') / 'materials.safetensors'
    return fine_tune(frames, BASE).write(path).path


@pytest.fixture(scope='module')
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export as zip, and unpack it."""
    folder = tmp_path_factory.mktemp('exported')
    with zipfile.ZipFile(write_export(checkpoint, folder / 'out.zip', 'zip')) as archive:
        archive.extractall(folder)
    return folder / 'out'


class Bare:
    """A file in bare ONNX Runtime."""

    def __init__(self, path: Path) -> None:
        onnx.checker.check_model(str(path), full_check=True)
        self._session = bare_session(path)
        self.labels = json.loads(self._session.get_modelmeta().custom_metadata_map['labels'])

    def scores(self, image_bgr: np.ndarray) -> np.ndarray:
        images = np.ascontiguousarray(image_bgr[None, ..., ::-1])
        return self._session.run(['scores'], {'images': images})[0][0]


@pytest.fixture(scope='module')
def tagger(checkpoint: Path) -> Iterator[Tagger]:
    opened = Tagger.open(str(checkpoint), RunOptions(device='cpu'))
    yield opened
    opened.close()


def test_photographs_get_the_same_tags(photographs: list[Path], tmp_path: Path) -> None:
    bare = Bare(write_export(BASE, tmp_path / 'model.onnx', 'onnx'))
    tagger = Tagger.open(BASE, RunOptions(device='cpu'))
    assert bare.labels == list(tagger.labels)
    assert len(photographs) == 100
    for path in photographs[::4]:
        image = read_image(path)
        expected, found = tagger.scores(image), bare.scores(image)
        assert found.argmax() == expected.argmax(), path
        np.testing.assert_allclose(found, expected, atol=TOLERANCE, err_msg=path.name)
    tagger.close()


def test_a_fine_tuned_model_says_unknown_as_its_tagger_does(
    exported: Path, tagger: Tagger, photographs: list[Path], objects: Path
) -> None:
    bare = Bare(exported / 'model.onnx')
    assert bare.labels == ['cardboard', 'glass', UNKNOWN] == list(tagger.labels)
    assert (exported / 'labels.txt').read_text().splitlines() == bare.labels
    best = []
    known = [path for label in ('cardboard', 'glass') for path in (objects / label).iterdir()]
    for path in (*photographs[:20], *sorted(known)[:20]):
        image = read_image(path)
        found = bare.scores(image)
        np.testing.assert_allclose(found, tagger.scores(image), atol=TOLERANCE, err_msg=path.name)
        assert found.sum() == pytest.approx(1.0, abs=1e-5)
        best.append(bare.labels[found.argmax()])
    assert {*best} >= {'cardboard', UNKNOWN}  # else the test shows little


def test_a_trained_backbone_with_grey_input(tmp_path: Path) -> None:
    """Also the features of a single layer, which other networks have."""
    random = np.random.default_rng(0)
    for label, low in (('dark', 0), ('light', 120)):
        (tmp_path / 'frames' / label).mkdir(parents=True)
        for number in range(FRAMES):
            image = random.integers(low, low + 130, (40, 50, 3), np.uint8)
            cv2.imwrite(str(tmp_path / 'frames' / label / f'{number}.png'), image)
    settings = FineTuneSettings(unfreeze='all', max_epochs=1)
    model = fine_tune(read_frames(tmp_path / 'frames').frames, 'digit_cnn', settings)
    path = model.write(tmp_path / 'shades.safetensors').path
    tagger = Tagger.open(str(path), RunOptions(device='cpu'))
    bare = Bare(write_export(path, tmp_path / 'shades.onnx', 'onnx'))
    for side in (9, 28, 200):
        image = random.integers(0, 256, (side, side + 20, 3), np.uint8)
        np.testing.assert_allclose(bare.scores(image), tagger.scores(image), atol=TOLERANCE)
    assert bare.labels == ['dark', 'light', UNKNOWN]


def test_several_images_of_any_size_at_once(exported: Path, tagger: Tagger) -> None:
    session = bare_session(exported / 'model.onnx')
    for height, width in ((1, 1), (2, 500), (224, 224), (1080, 1920)):
        images = np.random.default_rng(0).integers(0, 256, (3, height, width, 3), np.uint8)
        (found,) = session.run(None, {'images': images})
        expected = tagger.scores_of([np.ascontiguousarray(image[..., ::-1]) for image in images])
        np.testing.assert_allclose(found, expected, atol=TOLERANCE)


def lines_of(program: Path, *arguments: object) -> list[dict[str, Any]]:
    """Run a program alone, from another folder, and parse what it prints."""
    finished = subprocess.run(
        [sys.executable, '-W', 'ignore', program, *map(str, arguments)],
        cwd='/',
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def assert_same_tags(
    found: list[dict[str, Any]], expected: list[dict[str, Any]], tolerance: float
) -> None:
    assert [one['file'] for one in found] == [one['file'] for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one['tags'][0]['label'] == other['tags'][0]['label']
        scores = {tag['label']: tag['score'] for tag in one['tags']}
        others = {tag['label']: tag['score'] for tag in other['tags']}
        for label in scores.keys() & others.keys():
            assert scores[label] == pytest.approx(others[label], abs=tolerance)
        assert scores.keys() == others.keys() or len(scores) == 5


def tags_of_the_command(
    capsys: pytest.CaptureFixture[str], model: object, *files: Path
) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(['tag', '--model', str(model), '--json', *map(str, files)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def pictures(objects: Path, photographs: list[Path], tmp_path: Path) -> list[Path]:
    """A known object, a strange one, and one as PNG, whose pixels are the same everywhere."""
    known = sorted((objects / 'cardboard').iterdir())[0]
    cv2.imwrite(str(tmp_path / 'known.png'), read_image(known))
    return [known, photographs[0], tmp_path / 'known.png']


@pytest.mark.parametrize('name', ['use_onnx.py', 'use_checkpoint.py'])
def test_the_sample_programs_print_the_tags_of_the_command(
    exported: Path, checkpoint: Path, pictures: list[Path], capsys: Any, name: str
) -> None:
    expected = tags_of_the_command(capsys, checkpoint, *pictures)
    found = lines_of(exported / name, *pictures)
    assert_same_tags(found, expected, DECODING_TOLERANCE)
    assert_same_tags(found[-1:], expected[-1:], TOLERANCE)


@pytest.mark.parametrize('tuned', [True, pytest.param(False, marks=pytest.mark.long)])
def test_torch_alone_prints_the_tags_of_the_command(
    checkpoint: Path, pictures: list[Path], tmp_path: Path, capsys: Any, tuned: bool
) -> None:
    model = checkpoint if tuned else WEIGHTS_FOLDER / f'{BASE}.safetensors'
    write_export(model, tmp_path / 'model.pt', 'torchscript')
    (tmp_path / USE_TORCHSCRIPT).write_bytes(program(USE_TORCHSCRIPT))
    expected = tags_of_the_command(capsys, model, *pictures)
    found = lines_of(tmp_path / USE_TORCHSCRIPT, *pictures)
    assert_same_tags(found, expected, DECODING_TOLERANCE)
    assert_same_tags(found[-1:], expected[-1:], TOLERANCE)


def test_the_sample_program_of_a_dataset_lists_its_frames(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        for number, label in enumerate(['Café', 'mug', 'mug']):
            image = random.integers(0, 256, (4, 5 + number, 3), np.uint8)
            dataset.add(image, label, 17 + number, '/camera')
        frames = dataset.frames()
    export_zip(dataset.folder, tmp_path / 'kitchen.zip')
    with zipfile.ZipFile(tmp_path / 'kitchen.zip') as archive:
        archive.extract(f'kitchen/{USE_DATASET}', tmp_path / 'unpacked')
    found = lines_of(tmp_path / 'unpacked' / 'kitchen' / USE_DATASET, tmp_path / 'kitchen.zip')
    assert [one['sha256'] for one in found] == [frame.sha256 for frame in frames]
    assert [one['label'] for one in found] == ['Café', 'mug', 'mug']
    assert [one['size'] for one in found] == [[5, 4], [6, 4], [7, 4]]


def test_the_readme_says_what_is_in_the_zip_file(exported: Path) -> None:
    text = (exported / 'README.txt').read_text()
    for file in exported.iterdir():
        assert file.name == 'README.txt' or file.name in text
    assert 'fine-tuned from efficientnet_lite0' in text
    assert "'unknown'" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    ('model', 'kind', 'words'),
    [
        (BASE, 'tflite', 'the format must be onnx, torchscript, zip'),
        ('movenet_multipose', 'onnx', 'is not a classifier'),
        ('efficientnet_light', 'onnx', 'unknown model'),
        ('/nowhere/model.safetensors', 'zip', 'cannot be read'),
    ],
)
def test_what_cannot_be_exported_leaves_nothing(
    model: str, kind: str, words: str, tmp_path: Path
) -> None:
    out = tmp_path / 'out'
    out.write_text('was here before')
    with pytest.raises((ValueError, OSError), match=words):
        write_export(model, out, kind)
    assert [path.name for path in tmp_path.iterdir()] == ['out']
    assert out.read_text() == 'was here before'


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='there is no folder'):
        write_export(BASE, tmp_path / 'no' / 'model.onnx', 'onnx')


@pytest.mark.parametrize('name', sorted(path.name for path in PROGRAMS.glob('*.py')))
def test_the_documentation_shows_the_programs(repository: Path, name: str) -> None:
    shown = program(name).decode().splitlines()
    text = '\n'.join(f'    {line}' if line else '' for line in shown)
    assert text in (repository / 'docs' / 'export.md').read_text()
    assert len(shown) <= 32
