"""The small networks that this project has trained from definitions: accuracy and size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
import json
from pathlib import Path

import cv2
from garment_photographs import GROUNDS, photograph
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.networks.defined.presets import preset_of
from nn_perception.training.digits.mnist import IMAGE_FILES, LABEL_FILES, load_mnist
from nn_perception.training.export.write_export import write_export
from nn_perception.training.runs.data.catalog import open_data
from nn_perception.training.runs.data.idx_data import FASHION_LABELS, idx_sources
from nn_perception.training.runs.data.samples import RunData
import numpy as np
import pytest
import torch

TEST_GARMENTS = 10_000
PHOTOGRAPHS = 200
# A little below what docs/evaluation/fashion.md reports.
SHEET_ACCURACY, TEST_ACCURACY, CUT_OUT_ACCURACY = 0.9, 0.93, 0.925
PHOTOGRAPH_ACCURACY = {'light': 0.9, 'dark': 0.85, 'medium': 0.87}


def test_lenet5_reads_the_test_digits_of_mnist(test_data, monkeypatch):
    monkeypatch.setenv('NN_PERCEPTION_MNIST', str(test_data / 'mnist'))
    checkpoint = find_checkpoint('lenet5')
    assert checkpoint.path.stat().st_size < 300_000
    assert preset_of(checkpoint.definition) == 'lenet5'
    assert checkpoint.definition.parameters == 61_706
    data = open_data('mnist')
    assert data.preprocessing == checkpoint.preprocessing
    assert data.labels == checkpoint.labels
    network = load_network(checkpoint)
    with torch.inference_mode():
        answers = network(data.batch(data.test, np.arange(10_000))).argmax(1).numpy()
    truth = load_mnist(test_data / 'mnist').test_labels
    assert (answers == truth).mean() >= 0.995


@pytest.fixture(scope='module')
def tagger() -> Iterator[Tagger]:
    tagger = Tagger.open('fashion_cnn', RunOptions(engine='torch', device='cpu'))
    yield tagger
    tagger.close()


@pytest.fixture(scope='module')
def sheet(repository: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the first 200 test pictures of Fashion-MNIST and their labels."""
    resources = repository / 'test' / 'resources'
    sheet = cv2.imread(str(resources / 'fashion_mnist_test.png'), cv2.IMREAD_GRAYSCALE)
    assert sheet is not None
    images = sheet.reshape(10, 28, 20, 28).swapaxes(1, 2).reshape(200, 28, 28)
    labels = json.loads((resources / 'fashion_mnist_test.json').read_text())['labels']
    return images, np.array(labels)


def answers_of(tagger: Tagger, images: list[np.ndarray]) -> np.ndarray:
    parts = [images[start : start + 200] for start in range(0, len(images), 200)]
    return np.concatenate([tagger.scores_of(part).argmax(1) for part in parts])


def test_fashion_cnn_is_the_preset_of_its_name(tagger):
    checkpoint = tagger.checkpoint
    assert preset_of(checkpoint.definition) == 'fashion_cnn'
    assert checkpoint.labels == FASHION_LABELS
    assert checkpoint.preprocessing == idx_sources()['fashion_mnist'].preprocessing


@pytest.mark.parametrize('polarity', ['light on black', 'dark on white'])
def test_fashion_cnn_tags_garments(tagger, sheet, polarity):
    images, labels = sheet
    shown = images if polarity == 'light on black' else 255 - images
    answers = answers_of(tagger, [cv2.cvtColor(one, cv2.COLOR_GRAY2BGR) for one in shown])
    assert (answers == labels).mean() >= SHEET_ACCURACY


def test_fashion_cnn_tags_photographs_of_garments(tagger, sheet):
    images, labels = sheet
    random = np.random.default_rng(0)
    grounds = [*GROUNDS] * 15
    pictures = [photograph(*pair, random).image_bgr for pair in zip(images, grounds, strict=False)]
    assert (answers_of(tagger, pictures) == labels[: len(pictures)]).mean() >= 0.8


@pytest.mark.parametrize(
    ('name', 'label'),
    [('ankle_boot', 'Ankle boot'), ('sneaker', 'Sneaker'), ('trouser', 'Trouser')],
)
def test_fashion_cnn_tags_the_samples(tagger, name, label):
    image = read_image(SAMPLES_FOLDER / 'garments' / f'{name}.jpg')
    best = tagger.tag(image)[0]
    assert best.label == label
    assert best.score > 0.7


def test_a_network_that_cuts_things_out_is_not_exported(tmp_path):
    with pytest.raises(ValueError, match='cuts its object out of a plain ground first'):
        write_export('fashion_cnn', tmp_path / 'model.onnx', 'onnx')
    assert not list(tmp_path.iterdir())


def test_the_tool_makes_a_checkpoint_that_depends_on_nothing_but_the_seed(
    sheet, load_tool, tmp_path, monkeypatch
):
    images, labels = sheet
    for part in ('train', 'test'):
        for name, values in ((IMAGE_FILES[part], images), (LABEL_FILES[part], labels)):
            lengths = np.array(values.shape, '>u4').tobytes()
            header = bytes((0, 0, 8, values.ndim)) + lengths
            (tmp_path / name).write_bytes(header + values.astype(np.uint8).tobytes())
    monkeypatch.setenv('NN_PERCEPTION_FASHION_MNIST', str(tmp_path))
    tool = load_tool('train_weights')
    monkeypatch.setitem(
        tool.RECIPES, 'fashion_cnn', replace(tool.RECIPES['fashion_cnn'], epochs=1, settling=1)
    )
    written = []
    for number in range(2):
        training = tool.Training('fashion_cnn', open_data('fashion_mnist'))
        losses = list(training.run())
        assert len(losses) == 2
        assert all(1.0 < loss < 4.0 for loss in losses)
        path = tmp_path / f'{number}.safetensors'
        tool.write('fashion_cnn', training, path)
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert preset_of(Checkpoint.read(path).definition) == 'fashion_cnn'


@pytest.fixture(scope='module')
def fashion_mnist() -> RunData:
    try:
        return open_data('fashion_mnist')
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.mark.long
@pytest.mark.fashion_mnist
def test_fashion_cnn_on_all_test_garments(tagger, fashion_mnist):
    test = fashion_mnist.test
    assert len(test) == TEST_GARMENTS
    network = load_network(tagger.checkpoint)
    with torch.inference_mode():
        answers = np.concatenate(
            [
                network(fashion_mnist.batch(test, at)).argmax(1).numpy()
                for at in np.array_split(np.arange(TEST_GARMENTS), 20)
            ]
        )
    assert (answers == test.labels).mean() >= TEST_ACCURACY
    pictures = [cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) for image in test.images]
    assert (answers_of(tagger, pictures) == test.labels).mean() >= CUT_OUT_ACCURACY


@pytest.mark.long
@pytest.mark.fashion_mnist
@pytest.mark.parametrize(('ground', 'accuracy'), PHOTOGRAPH_ACCURACY.items())
def test_fashion_cnn_on_photographs_of_test_garments(tagger, fashion_mnist, ground, accuracy):
    random = np.random.default_rng(0)
    images, labels = fashion_mnist.test.images[:PHOTOGRAPHS], fashion_mnist.test.labels
    pictures = [photograph(image, ground, random).image_bgr for image in images]
    assert (answers_of(tagger, pictures) == labels[:PHOTOGRAPHS]).mean() >= accuracy
