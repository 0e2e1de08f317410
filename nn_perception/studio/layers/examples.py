"""Examples to look at: digits that a program has written, and photographs that ship."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.imaging.image_files import read_image
from nn_perception.studio.layers.networks import DIGITS, GARMENTS, PEOPLE, PICTURES
from nn_perception.training.digits.pen_digits import pen_digit
import numpy as np
from numpy.typing import NDArray

# Written digits: two of each, with the same pens every time.
DIGIT_COUNT, SEED = 20, 5
PHOTOGRAPHS = ('cat', 'clock', 'dahlia', 'elephant', 'espresso', 'pizza', 'rocket', 'temple')
WITH_PEOPLE = ('skier',)
GARMENTS_FOLDER = SAMPLES_FOLDER / 'garments'
MAX_SIDE_PX = 640
THUMBNAIL_PX = 96


@dataclass(frozen=True)
class Example:
    """
    Something to look at.

    :param name: identifies it
    :param title: what it shows
    :param reads: for which networks it is meant
    """

    name: str
    title: str
    reads: str


EXAMPLES = {
    one.name: one
    for one in (
        *(Example(f'digit{i}', f'a {i % 10}', DIGITS) for i in range(DIGIT_COUNT)),
        *(Example(name, name, PICTURES) for name in PHOTOGRAPHS),
        *(Example(name, name, PEOPLE) for name in WITH_PEOPLE),
        *(
            Example(path.stem, path.stem.replace('_', ' '), GARMENTS)
            for path in sorted(GARMENTS_FOLDER.glob('*.jpg'))
        ),
    )
}


@lru_cache(maxsize=8)
def example_picture(name: str) -> NDArray[np.uint8]:
    """
    Return an example.

    :returns: uint8, ``(H, W)``, light ink on black, for a digit; ``(H, W, 3)`` RGB for others
    :raises ValueError: if there is none
    """
    if name not in EXAMPLES:
        raise ValueError(f'there is no example {name}')
    if EXAMPLES[name].reads == DIGITS:
        index = int(name.removeprefix('digit'))
        patch = pen_digit(index % 10, np.random.default_rng((SEED, index)))
        return np.rint(patch * 255).astype(np.uint8)
    folder = GARMENTS_FOLDER if EXAMPLES[name].reads == GARMENTS else SAMPLES_FOLDER
    image = reduced(read_image(folder / f'{name}.jpg'), MAX_SIDE_PX)
    return np.ascontiguousarray(image[:, :, ::-1])


@lru_cache(maxsize=len(EXAMPLES))
def example_thumbnail(name: str) -> bytes:
    """
    Return a small picture of an example, as PNG.

    :raises ValueError: if there is none
    """
    picture = example_picture(name)
    if picture.ndim == 3:
        picture = reduced(np.ascontiguousarray(picture[:, :, ::-1]), THUMBNAIL_PX)
    good, encoded = cv2.imencode('.png', picture)
    if not good:
        raise ValueError(f'the example {name} cannot be encoded')
    return encoded.tobytes()


def reduced(picture: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Reduce a picture whose longer side is longer."""
    height, width = picture.shape[:2]
    factor = side_px / max(height, width)
    if factor >= 1.0:
        return picture
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
