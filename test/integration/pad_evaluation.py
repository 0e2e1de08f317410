"""
Print how well the pad is read; the figures are in ``docs/evaluation/digits.md``.

``python test/integration/pad_evaluation.py ../shared/data``
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
import sys

import cv2
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.studio.digits.networks import NETWORKS
from nn_perception.studio.digits.pad_reader import PadReader
from nn_perception.training.digits.mnist import load_mnist
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))

from pad_digits import pasted_digits, PENS, stroke_digits


def main(data: Path) -> Iterator[str]:
    """Yield the lines of the report."""
    reader = PadReader()
    if not reader.wait(120):
        yield reader.request()
        return
    mnist = load_mnist(data / 'mnist')
    plain = {one.name: DigitReader.open(one.model) for one in NETWORKS}
    for count in (200, 2000):
        right, without = Counter[str](), Counter[str]()
        for pasted in pasted_digits(mnist, count):
            small = cv2.resize(pasted.square, (28, 28), interpolation=cv2.INTER_AREA)
            patch = small.astype(np.float32)[None] / 255
            for one in reader.read(pasted.pad).networks:
                right[one.name] += one.best == str(pasted.digit)
                best = int(plain[one.name].classify(patch).argmax())
                without[one.name] += best == pasted.digit
        yield f'{count} test digits pasted: {dict(right)}; without normalisation {dict(without)}'
    for pen in PENS:
        right, total = Counter[str](), 0
        for pad, digit in stroke_digits(pen):
            total += 1
            for one in reader.read(pad).networks:
                right[one.name] += one.best == str(digit)
        yield f'pen {pen}: {dict(right)} of {total}'


if __name__ == '__main__':
    for line in main(Path(sys.argv[1])):
        sys.stdout.write(f'{line}\n')
