"""What waits to be sent to one viewer."""

from __future__ import annotations

import asyncio
from collections import deque
import json
import threading
import time

from nn_perception.studio.backend.cameras import CameraImage, CameraResult
from nn_perception.studio.sockets import MessageError
from nn_perception.studio.viewer.messages import image_message, result_message

MAX_SENTENCES = 16
# Without an acknowledgement for so long, results wait too.
STALLED_S = 0.5


class Outbox:
    """
    What waits to be sent to one viewer: never more than one image, and one result a capability.

    It is a listener of a camera; everything but :meth:`take` may be called from any thread.

    :ivar changed: set when something may be there to be sent
    :ivar received_s: when the camera's newest image came, on the monotonic clock; 0: none came
    """

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.received_s = 0.0
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._image: CameraImage | None = None
        self._results: dict[str, str] = {}
        self._sentences: deque[str] = deque(maxlen=MAX_SENTENCES)
        self._number = 0
        # When the image was sent that is not acknowledged yet; 0: there is none.
        self._sent_s = 0.0

    def on_image(self, image: CameraImage) -> None:
        """Let the newest image wait."""
        self.received_s = time.monotonic()
        with self._lock:
            self._image = image
        self._wake()

    def on_result(self, result: CameraResult) -> None:
        """Let the newest result of a capability wait."""
        self.put_result(result.capability, result_message(result))

    def put_result(self, capability: str, message: str) -> None:
        """Let a message with a result wait."""
        with self._lock:
            self._results[capability] = message
        self._wake()

    def put(self, sentence: dict[str, object]) -> None:
        """Let another message wait; the oldest ones are dropped if nobody reads them."""
        with self._lock:
            self._sentences.append(json.dumps(sentence))
        self._wake()

    def acknowledge(self, number: int) -> None:
        """
        Let the next image be sent.

        :raises MessageError: if the image was not sent
        """
        if number > self._number:
            raise MessageError(f'image {number} was not sent')
        if number == self._number:
            self._sent_s = 0.0
            self._wake()

    def clear(self) -> None:
        """Drop what waits: the viewer looks at something else."""
        with self._lock:
            self._image = None
            self._results.clear()
        self.received_s = 0.0

    def take(self) -> list[str | bytes]:
        """Take what may be sent now, in the order in which it is to be sent."""
        stalled = self._sent_s and time.monotonic() - self._sent_s > STALLED_S
        with self._lock:
            messages: list[str | bytes] = []
            if not stalled:
                messages += self._results.values()
                self._results.clear()
            messages += self._sentences
            self._sentences.clear()
            image = None
            if not self._sent_s:
                image, self._image = self._image, None
        if image is not None:
            self._number = (self._number + 1) % 2**32
            self._sent_s = time.monotonic()
            messages.append(image_message(image, self._number))
        return messages

    def _wake(self) -> None:
        # A loop that ends while a camera still sends takes no calls.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.changed.set)
