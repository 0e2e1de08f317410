"""
Evaluate the digit reader on real photographs, see docs/evaluation/digits.md.

``python test/integration/digit_evaluation.py ../shared/data [CHECKPOINT]`` prints all results.
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
class SudokuResult:
    """
    Digits found in a Sudoku, compared with the true ones.

    :param correct: cells in which the correct digit was found
    :param found: digits found inside the grid
    :param elsewhere: digits found in the rest of the photograph
    :param truth: digits in the grid
    """

    correct: int
    found: int
    elsewhere: int
    truth: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall inside the grid."""
        return 2 * self.correct / (self.found + self.truth)


def read_texts(reader: DigitReader, folder: Path, kind: str) -> dict[str, tuple[str, str]]:
    """Map each ``cell_*`` or ``row_*`` to its true digits and to those read, lines joined by /."""
    labels = json.loads((folder / 'labels.json').read_text())
    return {
        name: (truth, '/'.join(reader.read(read_image(folder / name)).lines))
        for name, truth in labels.items()
        if name.startswith(f'{kind}_')
    }


def read_sudoku(reader: DigitReader, folder: Path, name: str) -> SudokuResult:
    """Read a whole photograph of a Sudoku, and compare the digits with the true ones."""
    cells = json.loads((folder / 'sudoku_cells.json').read_text())[name]
    corners = np.array(cells['grid_corners_tl_tr_br_bl'], np.float32)
    square = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float32)
    to_cells = cv2.getPerspectiveTransform(corners, square)
    correct: set[tuple[int, int]] = set()
    found = elsewhere = 0
    for digit in reader.read(read_image(folder / name)).digits:
        column, row = cell_of(digit, np.asarray(to_cells))
        if not (0 <= column < 9 and 0 <= row < 9):
            elsewhere += 1
            continue
        found += 1
        if cells['rows'][row][column] == digit.label:
            correct.add((row, column))
    truth = sum(character != '.' for line in cells['rows'] for character in line)
    return SudokuResult(len(correct), found, elsewhere, truth)


def cell_of(digit: Digit, to_cells: NDArray[np.float64]) -> tuple[int, int]:
    """Return the column and the row of the cell that contains the centre of a digit."""
    left, top, width, height = digit.bbox
    centre = np.array([[[left + width / 2, top + height / 2]]], np.float32)
    x, y = cv2.perspectiveTransform(centre, to_cells)[0, 0]
    return int(np.floor(x)), int(np.floor(y))


def find_digits(reader: DigitReader, files: Iterable[Path]) -> dict[str, str]:
    """Map each photograph to the digits that were found in it."""
    return {file.name: ''.join(reader.read(read_image(file)).lines) for file in files}


def main(data: Path, model: str) -> None:
    """Print the results of docs/evaluation/digits.md for one model."""
    reader = DigitReader.open(model)
    photos = data / 'digits_photos'
    for kind in ('cell', 'row'):
        texts = read_texts(reader, photos, kind)
        wrong = {name: pair for name, pair in texts.items() if pair[0] != pair[1]}
        print(f'{kind}s: {len(texts) - len(wrong)} of {len(texts)}', wrong)
    for name in ('sudoku_2000.jpg', 'sudoku_2003.jpg', 'sudoku_2005.jpg'):
        result = read_sudoku(reader, photos, name)
        print(f'{name}: F1 {result.f1:.3f}', result)
    for folder in ('pose/negatives', 'imagenet_samples'):
        found = find_digits(reader, sorted((data / folder).glob('*.jpg')))
        total = sum(map(len, found.values()))
        print(f'{folder}: {total} in {len(found)}', {k: v for k, v in found.items() if v})


if __name__ == '__main__':
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else DEFAULT_DIGIT_MODEL)
