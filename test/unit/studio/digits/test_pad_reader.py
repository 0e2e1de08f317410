"""Reading drawings: loading, one digit, several, and whole lines."""

from __future__ import annotations

from collections.abc import Iterator
import threading
from typing import Any

import cv2
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.studio.digits.examples import example_strokes
from nn_perception.studio.digits.pad_reader import LOADING, NotReadyError, PadReader
from nn_perception.studio.digits.reading import NOTHING, SEVERAL
import numpy as np
from numpy.typing import NDArray
import pytest

PATIENCE_S = 120.0
EMPTY = np.zeros((240, 320), np.uint8)


@pytest.fixture(scope='module')
def reader() -> PadReader:
    """Provide a reader that is ready."""
    opened = PadReader()
    assert opened.wait(PATIENCE_S), opened.request()
    return opened


def write(*digits: int, height: int = 120, pen: int = 10) -> NDArray[np.uint8]:
    """Write the examples side by side."""
    pad = EMPTY.copy()
    for column, digit in enumerate(digits):
        place = np.array((20 + column * 0.9 * height, 40))
        for points in example_strokes()[str(digit)]:
            path = np.array(points) * (0.75 * height, height) + place
            fixed = np.rint(path * 16).astype(np.int32)
            cv2.polylines(pad, [fixed], False, 255, pen, cv2.LINE_AA, 4)
    return pad


@pytest.mark.parametrize('digit', range(10))
def test_reads_the_examples(reader: PadReader, digit: int) -> None:
    values = reader.read(write(digit)).values()
    assert [one['best'] for one in values['networks']] == [str(digit)] * 2
    assert [one['name'] for one in values['networks']] == ['cnn', 'mlp']
    assert values['message'] == ''
    assert values['state'] == 'read'
    for one in values['networks']:
        assert len(one['scores']) == 11
        assert sum(one['scores']) == pytest.approx(1.0, abs=1e-3)
        assert one['scores'][digit] == max(one['scores']) > 0.5
    assert len(values['picture']) == 28 * 28
    assert 200 < max(values['picture']) <= 255


def test_a_scribble_is_not_a_digit(reader: PadReader) -> None:
    pad = EMPTY.copy()
    for x in range(40, 280, 16):
        cv2.line(pad, (x, 20), (x, 220), 255, 4, cv2.LINE_AA)
        cv2.line(pad, (30, x - 20), (290, x - 20), 255, 4, cv2.LINE_AA)
    reading = reader.read(pad)
    assert [one.best for one in reading.networks] == ['not a digit'] * 2


def test_empty_pad(reader: PadReader) -> None:
    values = reader.read(EMPTY).values()
    assert values == {
        'state': 'empty',
        'message': NOTHING,
        'picture': None,
        'networks': [],
        'prepare_ms': 0.0,
    }
    assert reader.read_lines(EMPTY).values()['message'] == NOTHING


def test_several_digits_name_the_other_mode(reader: PadReader) -> None:
    reading = reader.read(write(2, 5, height=80, pen=8))
    assert reading.message == SEVERAL
    assert len(reading.networks) == 2
    # The 5 has two strokes that do not touch everywhere, and is one digit.
    pad = write(5)
    assert reader.read(pad).message == ''


@pytest.mark.parametrize(('height', 'pen'), [(40, 4), (80, 8), (80, 12)])
def test_lines(reader: PadReader, height: int, pen: int) -> None:
    pad = write(2, 0, 6, height=height, pen=pen)
    values = reader.read_lines(pad).values()
    assert values['lines'] == ['206']
    left, top, width, digit_height = values['digits'][0]['bbox']
    assert (left, top) == pytest.approx((20, 40), abs=14)
    assert width > 10
    assert digit_height == pytest.approx(height + pen, abs=8)


def test_lines_without_digits(reader: PadReader) -> None:
    pad = EMPTY.copy()
    cv2.circle(pad, (160, 120), 90, 255, -1)
    values = reader.read_lines(pad).values()
    assert values['digits'] == []
    assert values['message']


def test_says_what_the_networks_are(reader: PadReader) -> None:
    words = reader.descriptions()
    assert '251,563 weights; 99.72 % of the MNIST test set' in words['cnn']
    assert '479,611 weights; 99.36 % of the MNIST test set' in words['mlp']


class Slow:
    """Loads a network when it may."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.error: Exception | None = None
        self.opened = 0

    def __call__(self, model: str) -> DigitReader:
        self.opened += 1
        assert self.may.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        return DigitReader.open(model)


@pytest.fixture
def slow() -> Iterator[Slow]:
    """Provide networks that are loaded when they may."""
    opener = Slow()
    yield opener
    opener.may.set()


def test_says_that_it_loads(slow: Slow) -> None:
    reader = PadReader(slow)
    with pytest.raises(NotReadyError, match='is being loaded'):
        reader.read(write(7))
    with pytest.raises(NotReadyError, match='is being loaded'):
        reader.read_lines(write(7))
    assert reader.request() == LOADING
    assert reader.descriptions() == {}
    assert slow.opened == 1
    slow.may.set()
    assert reader.wait(PATIENCE_S)
    assert reader.read(write(7)).networks[0].best == '7'
    assert slow.opened == 2


@pytest.mark.parametrize(
    'error', [ValueError('no weights'), OSError('no file'), RuntimeError('x')]
)
def test_a_failure_is_said_and_tried_again(
    slow: Slow, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow.error = error
    slow.may.set()
    reader = PadReader(slow)
    assert not reader.wait(PATIENCE_S)
    with pytest.raises(NotReadyError, match=f'cannot be loaded: {error}'):
        reader.read(write(7))
    assert slow.opened == 1
    monkeypatch.setattr('nn_perception.studio.digits.pad_reader.RETRY_S', 0.0)
    slow.error = None
    assert reader.wait(PATIENCE_S)


def test_many_threads(reader: PadReader) -> None:
    found: list[Any] = []

    def read(digit: int) -> None:
        for _ in range(10):
            found.append((digit, reader.read(write(digit)).networks[0].best))

    threads = [threading.Thread(target=read, args=(digit,)) for digit in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert all(best == str(digit) for digit, best in found)
