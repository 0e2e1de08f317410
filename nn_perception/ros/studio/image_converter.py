"""Turn the images of a topic into what browsers show, the newest one only."""

from __future__ import annotations

from collections.abc import Callable
import threading

from nn_perception.core.imaging.formats.container import MAX_PIXELS, UPRIGHT
from nn_perception.core.imaging.formats.jpeg import JPEG_START, read_jpeg
from nn_perception.ros.base.frame_processor import FRAME_ERRORS
from nn_perception.ros.inputs.shared_image_subscription import ReceivedImage
from nn_perception.ros.process.abandoned_threads import abandon_thread

STOP_TIMEOUT_S = 1.0


def jpeg_for_browsers(data: memoryview) -> bytes | None:
    """
    Return a compressed image as it is, if all browsers show it like our decoders.

    Browsers turn an image as its EXIF data says, which our networks do not; and they guess what is
    missing of a truncated one.

    :param data: of a CompressedImage
    :returns: None if it has to be decoded
    """
    if bytes(data[: len(JPEG_START)]) != JPEG_START:
        return None
    try:
        container = read_jpeg(data)
        container.check_size(MAX_PIXELS)
    except ValueError:
        return None  # decoding it says what is wrong
    if container.orientation != UPRIGHT or not container.is_complete:
        return None
    return bytes(container.data)


class ImageConverter:
    """
    Call a function with the newest image, in a thread that lives from the first one to stop.

    :ivar problem: why the newest image could not be converted; empty if it could

    :param name: of the thread
    :param convert: called with the image; what it raises about the image becomes the problem
    """

    def __init__(self, name: str, convert: Callable[[ReceivedImage], None]) -> None:
        self.problem = ''
        self._name = name
        self._convert = convert
        self._changed = threading.Condition()
        self._newest: ReceivedImage | None = None
        self._thread: threading.Thread | None = None

    def put(self, image: ReceivedImage) -> None:
        """Convert an image next, instead of one that waits."""
        with self._changed:
            self._newest = image
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def stop(self) -> None:
        """Convert nothing more; a decoder that hangs is left behind."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._newest, self.problem = None, ''
            self._changed.notify()
        if thread is not None:
            thread.join(STOP_TIMEOUT_S)
            if thread.is_alive():
                abandon_thread(thread)

    def _run(self) -> None:
        own = threading.current_thread()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest or self._thread is not own)
                if self._thread is not own:
                    return
                image, self._newest = self._newest, None
            assert image is not None
            try:
                self._convert(image)
                self.problem = ''
            except FRAME_ERRORS as error:
                self.problem = str(error)
