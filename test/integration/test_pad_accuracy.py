"""How well the pad is read, through the route of the page: digits of MNIST's test set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
import time

import cv2
from live_page import live_page, LivePage
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.studio.digits.networks import NETWORKS
from nn_perception.training.digits.mnist import load_mnist, Mnist
import numpy as np
from pad_digits import bests, COUNT, pasted_digits, read_pad, stroke_digits
import pytest

PATIENCE_S = 120.0


@pytest.fixture(scope='module')
def mnist(test_data: Path) -> Mnist:
    """Read MNIST."""
    return load_mnist(test_data / 'mnist')


@pytest.fixture(scope='module')
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePage]:
    """Serve the page, and wait until it reads."""
    with live_page(tmp_path_factory.mktemp('page')) as page:
        until_s = time.monotonic() + PATIENCE_S
        while read_pad(page.url, np.full((8, 8), 255, np.uint8))['state'] != 'read':
            assert time.monotonic() < until_s
            time.sleep(0.1)
        yield page


def test_digits_at_any_place_and_size(served: LivePage, mnist: Mnist) -> None:
    right = Counter[str]()
    for pasted in pasted_digits(mnist):
        for name, best in bests(read_pad(served.url, pasted.pad)).items():
            right[name] += best == str(pasted.digit)
    assert right['cnn'] >= 0.98 * COUNT
    assert right['mlp'] >= 0.97 * COUNT


def test_without_the_normalisation_most_are_wrong(mnist: Mnist) -> None:
    reader = DigitReader.open(NETWORKS[0].model)
    right = 0
    for pasted in pasted_digits(mnist):
        small = cv2.resize(pasted.square, (28, 28), interpolation=cv2.INTER_AREA)
        scores = reader.classify(small.astype(np.float32)[None] / 255)
        right += int(scores.argmax()) == pasted.digit
    assert right < 0.7 * COUNT


@pytest.mark.parametrize('pen', [4, 26, 40])
def test_strokes_of_any_pen(served: LivePage, pen: int) -> None:
    right = total = 0
    for pad, digit in stroke_digits(pen):
        right += bests(read_pad(served.url, pad))['cnn'] == str(digit)
        total += 1
    assert right >= 0.98 * total


@pytest.mark.parametrize('network', NETWORKS, ids=lambda network: network.name)
def test_the_page_says_how_good_the_networks_are(mnist: Mnist, network: object) -> None:
    one = next(one for one in NETWORKS if one is network)
    reader = DigitReader.open(one.model)
    errors = 0
    for start in range(0, len(mnist.test_labels), 500):
        patches = mnist.test_images[start : start + 500].astype(np.float32) / 255
        found = reader.classify(patches).argmax(axis=1)
        errors += int((found != mnist.test_labels[start : start + 500]).sum())
    # Sums are rounded in another order on other processors.
    assert errors == pytest.approx(one.errors, abs=2)
