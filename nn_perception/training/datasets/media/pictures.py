"""Datasets of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
from nn_perception.capabilities.tagging.defaults import DEFAULT_MODEL
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.imaging.image_files import encode_png, read_image
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.sources.photographs import PHOTO_SUFFIXES
from nn_perception.training.datasets.media.medium import (
    Medium,
    Part,
    Similarity,
    suffix_reasons,
    Words,
)
import numpy as np

# Pictures are reduced to this short side, so that all cameras have the same scale of sharpness.
SHARPNESS_SIDE_PX = 240
# Photographs that are blurred by a fortieth of their width have 1 to 12, sharp ones 20 to 3000.
MIN_SHARPNESS = 8.0
# Pictures, by their names, that the package does not read.
OTHER_PICTURES = {
    'HEIC pictures cannot be read; convert them to JPEG, for example with heif-convert': (
        '.heic', '.heics', '.heif', '.heifs', '.hif',
    ),
    'raw pictures of a camera cannot be read; export them as JPEG': (
        '.arw', '.cr2', '.cr3', '.dng', '.nef', '.nrw', '.orf', '.pef', '.raf', '.raw', '.rw2',
    ),
    'a video is no picture; save single frames of it as JPEG': (
        '.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpg', '.webm', '.wmv',
    ),
    'pictures of this kind cannot be read; convert them to JPEG or PNG': (
        '.avif', '.eps', '.exr', '.hdr', '.ico', '.j2k', '.jp2', '.jpx', '.jxl', '.pcx', '.pdf',
        '.psd', '.svg', '.svgz', '.tga', '.xcf',
    ),
}  # fmt: skip


def sharpness(image_bgr: Image) -> float:
    """
    Measure the sharpness of a picture: the variance of its Laplacian (Pech-Pacheco et al.,
    "Diatom Autofocusing in Brightfield Microscopy", 2000), at a short side of at most 240 pixels.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    :returns: 0 or more; photographs have 20 to 3000
    """
    grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    factor = SHARPNESS_SIDE_PX / min(grey.shape)
    if factor < 1.0:
        height, width = (max(1, round(side * factor)) for side in grey.shape)
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def _parts(path: Path) -> Iterator[Part]:
    yield Part(encode_png(read_image(path)))


def _unpacked_parts(content: bytes, recording: str) -> Iterator[Part]:
    del recording
    try:
        image_bgr = decode_image(content, upright=True)
    except ValueError as error:
        raise ValueError(f'it {error}') from error
    yield Part(encode_png(image_bgr))


def _fault(quality: float, label: str) -> str:
    del label
    return 'blurred or without contrast' if quality < MIN_SHARPNESS else ''


IMAGES = Medium(
    name='image',
    base=DEFAULT_MODEL,
    words=Words('picture', 'frame', 'look', 'move the object and record again', 'capture'),
    suffixes=PHOTO_SUFFIXES,
    stored_suffix='.png',
    reasons=suffix_reasons(OTHER_PICTURES),
    single={'.gif': 'an animation counts as one picture'},
    read=read_image,
    parts=_parts,
    unpacked_parts=_unpacked_parts,
    quality=sharpness,
    fault=_fault,
    # Mirrored photographs reach 0.92 to 0.97; different photographs of similar objects mostly stay
    # below 0.9.
    similarity=Similarity(near_duplicate=0.9, same_scene=0.7),
    recording_of=lambda _: '',
)
