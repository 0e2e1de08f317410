"""What one page looks at: a picture of the browser, an example, a test sample or a camera."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
import time

from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.studio.backend.cameras import CameraImage, CameraResult, Cameras, Watch
from nn_perception.studio.layers.examples import example_picture, reduced
from nn_perception.studio.layers.messages import ChooseInput, Picture
import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

MAX_PIXELS = 40_000_000
MAX_SIDE_PX = 640
# Without an image of the camera for so long, the page is told why.
SILENT_S = 2.0

# uint8, (H, W, 3) RGB, or (H, W), light ink on black.
Shown = NDArray[np.uint8]


class Gaze:
    """
    What one page looks at; all methods may be called from any thread.

    :param cameras: that it may look at
    :param on_new: called, in any thread, when there is something new to look at
    :ivar number: of the picture of the browser that was taken last; 0: it was none
    """

    def __init__(self, cameras: Cameras, on_new: Callable[[], None]) -> None:
        self._cameras = cameras
        self._on_new = on_new
        self.number = 0
        self._changing = threading.Lock()
        self._choice = ChooseInput('nothing')
        self._watch: Watch | None = None
        self._camera_image: CameraImage | None = None
        self._since_s = 0.0
        self._picture: Picture | None = None
        # Of the picture that was looked at last.
        self._shown: Shown | None = None

    @property
    def test_index(self) -> int | None:
        """The test sample that is looked at; None: it is something else."""
        choice = self._choice
        return choice.index if choice.kind == 'test' else None

    def show(self, picture: Picture) -> None:
        """Look at a picture of the browser."""
        with self._changing:
            self._stop()
            self._choice, self._picture = ChooseInput('picture'), picture
        self._on_new()

    def choose(self, choice: ChooseInput) -> None:
        """
        Look at something that the server has.

        :raises ValueError: a sentence, if it is not there
        :raises OSError: if a camera cannot be opened
        :raises RuntimeError: if a camera cannot be opened
        """
        with self._changing:
            if choice == self._choice and (choice.kind != 'camera' or self._watch is not None):
                return
            self._stop()
            self._choice, self._picture, self._shown, self.number = choice, None, None, 0
            if choice.kind == 'example':
                self._shown = example_picture(choice.name)
            elif choice.kind == 'camera':
                self._since_s = time.monotonic()
                self._watch = self._cameras.watch(choice.name, frozenset(), self)
        self._on_new()

    def take(self) -> Shown | None:
        """
        Return the newest picture; None if there is none.

        :raises ValueError: a sentence, if it cannot be decoded
        """
        with self._changing:
            image, self._camera_image = self._camera_image, None
            picture = self._picture
            self.number = picture.number if picture is not None else 0
            if image is not None:
                self._shown = _decoded(image.jpeg, 'The image of the camera')
            elif picture is not None and self._shown is None:
                self._shown = _unpacked(picture)
            return self._shown

    def check(self) -> str | None:
        """
        Say why the camera shows nothing, and watch it as soon as it exists.

        :returns: empty if all is well; None if no camera is looked at
        """
        with self._changing:
            if self._choice.kind != 'camera':
                return None
            camera = self._choice.name
            silent_s = time.monotonic() - self._since_s
            if self._watch is None:
                try:
                    self._watch = self._cameras.watch(camera, frozenset(), self)
                except (ValueError, OSError, RuntimeError) as error:
                    return str(error)
                self._since_s = time.monotonic()
                return ''
        if silent_s < SILENT_S:
            return ''
        return self._cameras.silence_reason(camera) or f'no image for {silent_s:.0f} s'

    def close(self) -> None:
        """Look at nothing any more."""
        with self._changing:
            self._stop()
            self._choice, self._picture, self._shown = ChooseInput('nothing'), None, None

    def on_image(self, image: CameraImage) -> None:
        """Receive an image of the camera."""
        self._since_s = time.monotonic()
        if self._watch is not None or self._choice.kind == 'camera':
            self._camera_image = image
            self._on_new()

    def on_result(self, result: CameraResult) -> None:
        """Receive a result, which nobody has asked for."""

    def _stop(self) -> None:
        """Stop to watch a camera; the caller holds the lock."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()
        self._camera_image = None
        self._shown = None


def _unpacked(picture: Picture) -> Shown:
    if picture.width:
        return np.frombuffer(picture.content, np.uint8).reshape(picture.height, picture.width)
    return _decoded(picture.content, 'The picture')


def _decoded(content: bytes, subject: str) -> Shown:
    """
    Decode a picture, and reduce it.

    :raises ValueError: a sentence, if it cannot be decoded
    """
    try:
        image = decode_image(content, upright=True, max_pixels=MAX_PIXELS)
    except ValueError as error:
        raise ValueError(f'{subject} {error}') from error
    return np.ascontiguousarray(reduced(image, MAX_SIDE_PX)[:, :, ::-1])
