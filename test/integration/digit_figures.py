"""
What the digit reader reaches on real photographs, counted as docs/digits.md counts it.

``python test/integration/digit_figures.py ../shared/data [CHECKPOINT]`` prints all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import json
from pathlib import Path
import sys

import cv2
from nn_perception.capabilities.digits.defaults import DEFAULT_DIGIT_MODEL
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.results import Digit
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Grid:
    """
    Digits found in a Sudoku, against what stands there.

    :param right: right digit in the right cell, at most one a cell
    :param found: digits found within the grid
    :param elsewhere: digits found in the rest of the photograph
    :param truth: digits that stand in the grid
    """

    right: int
    found: int
    elsewhere: int
    truth: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall within the grid."""
        return 2 * self.right / (self.found + self.truth)


def whole_texts(reader: DigitReader, folder: Path, kind: str) -> dict[str, tuple[str, str]]:
    """Map each ``cell_*`` or ``row_*`` to its digits and to what was read, lines joined by /."""
    labels = json.loads((folder / 'labels.json').read_text())
    return {
        name: (truth, '/'.join(reader.read(read_image(folder / name)).lines))
        for name, truth in labels.items()
        if name.startswith(f'{kind}_')
    }


def sudoku(reader: DigitReader, folder: Path, name: str) -> Grid:
    """Read one whole photograph of a Sudoku."""
    cells = json.loads((folder / 'sudoku_cells.json').read_text())[name]
    corners = np.array(cells['grid_corners_tl_tr_br_bl'], np.float32)
    square = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float32)
    to_cells = cv2.getPerspectiveTransform(corners, square)
    right: set[tuple[int, int]] = set()
    found = elsewhere = 0
    for digit in reader.read(read_image(folder / name)).digits:
        column, row = cell_of(digit, np.asarray(to_cells))
        if not (0 <= column < 9 and 0 <= row < 9):
            elsewhere += 1
            continue
        found += 1
        if cells['rows'][row][column] == digit.label:
            right.add((row, column))
    truth = sum(sign != '.' for line in cells['rows'] for sign in line)
    return Grid(len(right), found, elsewhere, truth)


def cell_of(digit: Digit, to_cells: NDArray[np.float64]) -> tuple[int, int]:
    """Find the column and the row that the middle of a digit lies in."""
    left, top, width, height = digit.bbox
    middle = np.array([[[left + width / 2, top + height / 2]]], np.float32)
    x, y = cv2.perspectiveTransform(middle, to_cells)[0, 0]
    return int(np.floor(x)), int(np.floor(y))


def digits_found(reader: DigitReader, files: Iterable[Path]) -> dict[str, str]:
    """Map each picture to the digits that were found in it."""
    return {file.name: ''.join(reader.read(read_image(file)).lines) for file in files}


def main(data: Path, model: str) -> None:
    """Print the table of docs/digits.md for one model."""
    reader = DigitReader.open(model)
    photos = data / 'digits_photos'
    for kind in ('cell', 'row'):
        texts = whole_texts(reader, photos, kind)
        wrong = {name: pair for name, pair in texts.items() if pair[0] != pair[1]}
        print(f'{kind}s: {len(texts) - len(wrong)} of {len(texts)}', wrong)
    for name in ('sudoku_2000.jpg', 'sudoku_2003.jpg', 'sudoku_2005.jpg'):
        grid = sudoku(reader, photos, name)
        print(f'{name}: F1 {grid.f1:.3f}', grid)
    for folder in ('pose/negatives', 'imagenet_samples'):
        found = digits_found(reader, sorted((data / folder).glob('*.jpg')))
        total = sum(map(len, found.values()))
        print(f'{folder}: {total} in {len(found)}', {k: v for k, v in found.items() if v})


if __name__ == '__main__':
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else DEFAULT_DIGIT_MODEL)
