"""Accuracy of the shipped digit network and the reader: MNIST, drawn pages, photographs."""

from __future__ import annotations

from pathlib import Path

from digit_evaluation import find_digits, read_sudoku, read_texts
from digit_pages import draw_page, mnist_test, Page
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.core.imaging.image_files import read_image
import numpy as np
import pytest

# Its dial has digits.
CLOCK = '000000551780.jpg'


@pytest.fixture(scope='module')
def reader() -> DigitReader:
    return DigitReader.open()


@pytest.mark.long
def test_mnist(reader: DigitReader, test_data: Path) -> None:
    images, labels = mnist_test(test_data / 'mnist')
    preprocessing = reader.checkpoint.preprocessing
    pixels = images.astype(np.float32)
    batches = ((pixels - preprocessing.mean[0]) / preprocessing.std[0])[:, None]
    logits = np.concatenate([reader.engine(batch) for batch in np.split(batches, 20)])
    accuracy = float((logits.argmax(axis=1) == labels).mean())
    assert logits.shape == (10_000, 11)
    assert accuracy >= 0.997, accuracy


def test_single_cells(reader: DigitReader, test_data: Path) -> None:
    texts = read_texts(reader, test_data / 'digits_photos', 'cell')
    wrong = {name: pair for name, pair in texts.items() if pair[0] != pair[1]}
    assert len(texts) == 36
    assert 1 - len(wrong) / len(texts) >= 0.95, wrong


def test_rows(reader: DigitReader, test_data: Path) -> None:
    texts = read_texts(reader, test_data / 'digits_photos', 'row')
    wrong = {name: pair for name, pair in texts.items() if pair[0] != pair[1]}
    assert len(texts) == 12
    assert 1 - len(wrong) / len(texts) >= 0.90, wrong


@pytest.mark.parametrize('name', ['sudoku_2000.jpg', 'sudoku_2003.jpg', 'sudoku_2005.jpg'])
def test_whole_photographs(reader: DigitReader, test_data: Path, name: str) -> None:
    result = read_sudoku(reader, test_data / 'digits_photos', name)
    assert result.f1 >= 0.85, result


def test_photographs_without_digits(reader: DigitReader, test_data: Path) -> None:
    folders = ('pose/negatives', 'imagenet_samples')
    files = {path for folder in folders for path in (test_data / folder).glob('*.jpg')}
    found = find_digits(reader, sorted(path for path in files if path.name != CLOCK))
    assert len(found) == 107
    assert sum(map(len, found.values())) / len(found) <= 0.5, found


@pytest.mark.parametrize('value', [0, 90, 200, 255])
def test_blank_paper(reader: DigitReader, value: int) -> None:
    random = np.random.default_rng(value)
    shaded = value * np.linspace(1.0, 0.6, 640)[None, :, None]
    for noise in (0.0, 4.0):
        page = np.clip(shaded + random.normal(0.0, noise, (480, 640, 3)), 0, 255).astype(np.uint8)
        assert reader.read(page).digits == ()


PAGES = {
    '14 px high': Page(14),
    '20 px high': Page(20),
    '60 px high': Page(60),
    'half the frame': Page(230, 2, 1),
    'light on dark': Page(paper=50, ink=230),
    'low contrast': Page(paper=190, ink=140),
    'in shadow': Page(shadow=0.6),
    'tilted': Page(rotation_deg=-7),
    'in a table': Page(ruled=True),
    'in a small tilted table': Page(22, ruled=True, rotation_deg=2),
    'noisy': Page(noise=8),
}


@pytest.mark.parametrize('name', PAGES)
def test_pages(reader: DigitReader, test_data: Path, name: str) -> None:
    images, labels = mnist_test(test_data / 'mnist')
    lines = correct = found = truth = 0
    for seed in range(8):
        page, texts = draw_page(PAGES[name], images, labels, seed)
        reading = reader.read(page)
        lines += len(texts)
        correct += sum(text in reading.lines for text in texts)
        found += len(reading.digits)
        truth += sum(map(len, texts))
    assert correct / lines >= 0.8, f'{correct} of {lines} lines'
    assert abs(found - truth) <= max(1, 0.04 * truth), f'{found} digits found, expected {truth}'


def test_samples(reader: DigitReader, repository: Path) -> None:
    samples = repository / 'nn_perception' / 'samples' / 'digits'
    assert ''.join(reader.read(read_image(samples / 'board.jpg')).lines) == '47110815314159202668'
    assert len(reader.read(read_image(samples / 'sudoku.jpg')).digits) >= 75


EXTREME_SHAPES = {
    '1 x 1': (1, 1),
    'one row': (1, 500),
    'one column': (500, 1),
    'a long strip': (20, 30_000),
    'small': (17, 16),
    'large': (3000, 4000),
}


@pytest.mark.parametrize(
    'name',
    [pytest.param(n, marks=pytest.mark.long) if n == 'large' else n for n in EXTREME_SHAPES],
)
def test_extreme_shapes_have_few_false_digits(reader: DigitReader, name: str) -> None:
    for value in (0, 255):
        assert reader.read(np.full((*EXTREME_SHAPES[name], 3), value, np.uint8)).digits == ()
    noise = np.random.default_rng(0).integers(0, 256, (*EXTREME_SHAPES[name], 3), dtype=np.uint8)
    assert len(reader.read(noise).digits) <= 5


def test_the_number_of_candidates_is_limited(reader: DigitReader) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    for max_candidates in (1, 10, 100):
        reading = reader.read(noise, max_candidates=max_candidates)
        assert reading.capped
        assert reading.candidates == max_candidates


@pytest.mark.parametrize(
    'arguments',
    [{'min_score': 1.5}, {'ink': 'blue'}, {'min_height_px': 0}, {'max_candidates': 0}],
)
def test_arguments_out_of_range_are_rejected(
    reader: DigitReader, arguments: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        reader.read(np.zeros((20, 20, 3), np.uint8), **arguments)  # type: ignore[arg-type]
