"""Printed digits and letters, in the fonts of installed Python packages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
from nn_perception.capabilities.digits.patches import Patches, to_patch
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

HEIGHT_PX = 56
PLAIN_WEIGHT = 6
FONTS = (
    *(f'DejaVuSans{style}' for style in ('', '-Bold', '-Oblique', '-BoldOblique')),
    *(f'DejaVuSansMono{style}' for style in ('', '-Bold', '-Oblique', '-BoldOblique')),
    *(f'DejaVuSerif{style}' for style in ('', '-Bold', '-Italic', '-BoldItalic')),
    *(f'STIXGeneral{style}' for style in ('', 'Bol', 'Italic', 'BolIta')),
    *('cmr10', 'cmss10', 'cmtt10', 'cmb10'),
)
PLOTTER_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
)
# Without those that can look like a digit: B D G I J O Q S Z b g i j l o q s y z.
LETTERS = 'ACEFHKLMNPRTUVWXYacdefhkmnprtuvwx'
SIGNS = '+=%&@#*?<>~$^'


def printed(signs: str) -> tuple[Patches, NDArray[np.int64]]:
    """
    Render each sign in each font.

    :param signs: the signs
    :returns: patches like those of MNIST, ``(N, 28, 28)``, and the index of each patch's sign
    """
    drawn, places = [], []
    for place, sign in enumerate(signs):
        for image in _in_all_fonts(sign):
            if image.any():
                drawn.append(to_patch(image.astype(np.float32) / 255.0))
                places.append(place)
    return np.stack(drawn), np.array(places, np.int64)


def _in_all_fonts(sign: str) -> Iterator[NDArray[np.uint8]]:
    for font in _outline_fonts():
        picture = Image.new('L', (3 * HEIGHT_PX, 3 * HEIGHT_PX))
        ImageDraw.Draw(picture).text((HEIGHT_PX, HEIGHT_PX // 2), sign, fill=255, font=font)
        yield np.asarray(picture)
    for face in PLOTTER_FONTS:
        for thickness in (2, 4, 7):
            canvas = np.zeros((3 * HEIGHT_PX, 3 * HEIGHT_PX), np.uint8)
            place = (HEIGHT_PX, 2 * HEIGHT_PX)
            cv2.putText(canvas, sign, place, face, 2.4, 255, thickness, cv2.LINE_AA)
            yield canvas


def _outline_fonts() -> list[ImageFont.FreeTypeFont | ImageFont.ImageFont]:
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'
    files = [folder / f'{name}.ttf' for name in FONTS]
    fonts = [ImageFont.truetype(str(file), HEIGHT_PX) for file in files if file.exists()]
    # Most print is in a plain sans serif.
    return [*fonts, *[ImageFont.load_default(HEIGHT_PX)] * PLAIN_WEIGHT]
