"""Frames one after the other: from photographs, a video file, a recorded bag, or a webcam."""

from __future__ import annotations

import logging
from pathlib import Path
import re
from typing import Any

import cv2
from nn_perception.bags.bag import METADATA
from nn_perception.bags.bag import SUFFIXES as BAG_SUFFIXES
from nn_perception.core.frame import Frame
from nn_perception.core.imaging.image_files import read_image
from nn_perception.sources.bag_source import BagSource
import numpy as np

LOG = logging.getLogger(__name__)

PHOTO_SUFFIXES = frozenset({'.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm'})
# Photographs have no rate of their own; a person can follow one a second.
PHOTO_RATE_HZ = 1.0
WEBCAM_RATE_HZ = 30.0


class PhotoSource:
    """The photographs of a folder in natural order (2 before 10), or a single one."""

    calibration: dict[str, Any] | None = None

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._next = 0
        self.rate_hz = PHOTO_RATE_HZ
        self.live = False

    def read(self) -> Frame | None:
        """Read the next photograph; files that cannot be read are left out and logged."""
        while self._next < len(self._paths):
            path = self._paths[self._next]
            self._next += 1
            try:
                return Frame(read_image(path), path.name)
            except (ValueError, OSError) as error:
                LOG.warning('left out: %s', error)
        return None

    def rewind(self) -> bool:
        """Begin again; false where a source cannot."""
        self._next = 0
        return True

    def close(self) -> None:
        """Free what the source holds."""


class VideoSource:
    """A video file or a webcam, through OpenCV."""

    calibration: dict[str, Any] | None = None

    def __init__(self, capture: cv2.VideoCapture, name: str, *, live: bool) -> None:
        self._capture = capture
        self._name = name
        self.live = live
        self._count = 0
        own_rate = capture.get(cv2.CAP_PROP_FPS)
        self.rate_hz = own_rate if 0.1 <= own_rate <= 1000.0 else WEBCAM_RATE_HZ

    def read(self) -> Frame | None:
        """Read the next frame; ``None`` at the end, or when the webcam gave none."""
        good, image = self._capture.read()
        if not good:
            return None
        self._count += 1
        return Frame(np.asarray(image, np.uint8), f'{self._name}#{self._count}')

    def rewind(self) -> bool:
        """Begin the video again; a webcam cannot."""
        if self.live or not self._count:
            return False
        self._count = 0
        return bool(self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0))

    def close(self) -> None:
        """Free the device or file."""
        self._capture.release()


FrameSource = PhotoSource | VideoSource | BagSource


def open_frames(source: str | Path, bag_topic: str = '') -> FrameSource:
    """
    Open a source of frames.

    :param source: a folder of photographs, one photograph, a video file, a bag (its folder or
        file), or a webcam by number (``0``) or device (``/dev/video0``)
    :param bag_topic: of a bag's images; may be empty if there is only one
    :raises ImportError: if it is a bag and the package rosbags is not installed
    :raises ValueError: if there is nothing to show, with the reason
    """
    text = str(source)
    path = Path(text).expanduser()
    if text.isdigit() or text.startswith('/dev/'):
        return _open_webcam(text)
    if (path / METADATA).is_file() or (path.is_file() and path.suffix in BAG_SUFFIXES):
        return BagSource(path, bag_topic)
    if path.is_dir():
        paths = sorted(
            (p for p in path.iterdir() if p.suffix.lower() in PHOTO_SUFFIXES), key=_natural_order
        )
        if not paths and any(p.suffix in BAG_SUFFIXES for p in path.iterdir()):
            return BagSource(path, bag_topic)
        if not paths:
            raise ValueError(f'{path} holds no photographs ({", ".join(sorted(PHOTO_SUFFIXES))})')
        return PhotoSource(paths)
    if not path.is_file():
        raise ValueError(f'{path} is neither a folder, a file nor a webcam')
    if path.suffix.lower() in PHOTO_SUFFIXES:
        return PhotoSource([path])
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise ValueError(f'{path} is no video that OpenCV can read')
    return VideoSource(capture, path.name, live=False)


def _open_webcam(text: str) -> VideoSource:
    capture = cv2.VideoCapture(int(text) if text.isdigit() else text)
    if not capture.isOpened():
        raise ValueError(f'there is no webcam {text}, or another program is using it')
    # Else up to four old frames wait in the driver, and each image is that much too old.
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return VideoSource(capture, f'webcam {text}', live=True)


def _natural_order(path: Path) -> list[tuple[int, int | str]]:
    parts = re.split(r'(\d+)', path.name.lower())
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts]
