"""Turn the pictures of viewers into the inputs of networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
from nn_perception.capabilities.digits.patches import PATCH_PX
from nn_perception.capabilities.digits.selection import DIGITS
from nn_perception.capabilities.digits.single.pen_drawing import is_empty, to_digit
from nn_perception.capabilities.digits.single.prominent_digit import prominent_digit
from nn_perception.core.imaging.letterbox import letterbox
from nn_perception.core.imaging.preprocessing import Batch, Image, Preprocessing
from nn_perception.core.networks.movenet_heads import MOVENETS
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prepared:
    """
    A picture as a network gets it.

    :param batch: float32, ``(1, C, H, W)``
    :param seen: the same as a picture, uint8 RGB, ``(H, W, 3)``
    """

    batch: Batch
    seen: Image


# Gets uint8 RGB, ``(H, W, 3)``, or grey, ``(H, W)``.
Prepare = Callable[[NDArray[np.uint8]], Prepared]


def preparation_of(network: str, preprocessing: Preprocessing, labels: Sequence[str]) -> Prepare:
    """
    Choose how a network gets its pictures.

    :param network: its name, see :func:`nn_perception.core.networks.build.build`
    :param labels: of its outputs; networks that read digits get a single digit
    """
    if network in MOVENETS:
        return lambda picture: _boxed(picture, preprocessing)
    if preprocessing.channels > 1:
        return lambda picture: _photograph(picture, preprocessing)
    digits = tuple(labels[: len(DIGITS)]) == DIGITS and preprocessing.size == PATCH_PX
    return lambda picture: _grey(picture, preprocessing, digits=digits)


def _boxed(picture: NDArray[np.uint8], preprocessing: Preprocessing) -> Prepared:
    """Fit a picture into a square, so that the shapes of the layers are always the same."""
    size = preprocessing.size
    inner, _ = letterbox(_to_bgr(picture), size, preprocessing)
    height, width = inner.shape[2:]
    top, left = (size - height) // 2, (size - width) // 2
    batch = np.empty((1, 3, size, size), np.float32)
    for plane, mean, std in zip(batch[0], preprocessing.mean, preprocessing.std, strict=True):
        plane[:] = -mean / std  # black
    batch[:, :, top : top + height, left : left + width] = inner
    return Prepared(batch, _picture(batch, preprocessing))


def _photograph(picture: NDArray[np.uint8], preprocessing: Preprocessing) -> Prepared:
    batch = preprocessing([_to_bgr(picture)])
    return Prepared(batch, _picture(batch, preprocessing))


def _grey(picture: NDArray[np.uint8], preprocessing: Preprocessing, *, digits: bool) -> Prepared:
    """Prepare a drawing, light ink on black, a sample of the network's size, or a photograph."""
    size = preprocessing.size
    if picture.shape != (size, size) and not digits:
        return _photograph(picture, preprocessing)
    values: NDArray[np.floating] = np.zeros((size, size), np.float32)
    if picture.shape == (size, size):
        values = picture.astype(np.float32)
    elif picture.ndim == 3:
        values = prominent_digit(_to_bgr(picture)) * 255
    elif not is_empty(picture):
        values = to_digit(picture) * 255
    normalised = (values - preprocessing.mean[0]) / preprocessing.std[0]
    batch = np.asarray(normalised[None, None], np.float32)
    return Prepared(batch, _picture(batch, preprocessing))


def _to_bgr(picture: NDArray[np.uint8]) -> Image:
    code = cv2.COLOR_GRAY2BGR if picture.ndim == 2 else cv2.COLOR_RGB2BGR
    return np.asarray(cv2.cvtColor(picture, code), np.uint8)


def _picture(batch: Batch, preprocessing: Preprocessing) -> Image:
    """Show an input of a network, as it is after all steps but the last, the normalisation."""
    planes = [
        values * np.float32(std) + np.float32(mean)
        for values, mean, std in zip(batch[0], preprocessing.mean, preprocessing.std, strict=True)
    ]
    rounded = [np.clip(plane + 0.5, 0, 255).astype(np.uint8) for plane in planes]
    return np.stack(rounded * 3 if len(rounded) == 1 else rounded, -1)
