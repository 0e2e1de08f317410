"""Convert planar YUV to BGR, by ITU-R BT.601 with luma 16 to 235."""

from __future__ import annotations

from typing import Any

import cv2
from nn_perception.core.imaging.preprocessing import Image
import numpy as np
from numpy.typing import NDArray

# Encoding -> (bytes of chroma per byte of luma, length of a chroma row in steps).
PLANAR = {'nv12': (0.5, 1), 'nv21': (0.5, 1), 'nv24': (2.0, 2)}

_SUBSAMPLED = {'nv12': cv2.COLOR_YUV2BGR_NV12, 'nv21': cv2.COLOR_YUV2BGR_NV21}


def subsampled_to_bgr(encoding: str, luma: NDArray[Any], chroma: NDArray[Any]) -> Image:
    """
    Convert an image with a quarter of the chroma.

    :param encoding: ``'nv12'`` (U before V) or ``'nv21'`` (V before U)
    :param luma: uint8, ``(H, W)``; both sides even
    :param chroma: uint8, ``(H / 2, W)``, U and V by turns
    :returns: uint8, ``(H, W, 3)``
    """
    planes = np.vstack((luma, chroma))
    return np.asarray(cv2.cvtColor(planes, _SUBSAMPLED[encoding]), np.uint8)


def nv24_to_bgr(luma: NDArray[Any], chroma: NDArray[Any]) -> Image:
    """
    Convert an image with chroma of full resolution.

    :param luma: uint8, ``(H, W)``
    :param chroma: uint8, ``(H, W, 2)``, U before V
    :returns: uint8, ``(H, W, 3)``
    """
    # Luma below 16 is black, as in OpenCV.
    y = 1.164383 * (np.maximum(luma, 16).astype(np.float32) - 16.0)
    u, v = (chroma[:, :, i].astype(np.float32) - 128.0 for i in range(2))
    bgr = np.stack((y + 2.017232 * u, y - 0.391762 * u - 0.812968 * v, y + 1.596027 * v), axis=-1)
    return np.asarray(np.clip(np.rint(bgr), 0, 255), np.uint8)
