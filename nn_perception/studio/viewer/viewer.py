"""One viewer: what it watches, and the pictures that it sends."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time

from anyio import CapacityLimiter, to_thread
from nn_perception.core.frame import Frame
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.studio.backend.cameras import Cameras, Watch
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.viewer.messages import Picture, result_message, WatchCamera
from nn_perception.studio.viewer.outbox import Outbox

# Of a picture from the browser; the page sends smaller ones.
MAX_PICTURE_PIXELS = 12_000_000
# Without an image for so long, the viewer is told why.
SILENT_S = 2.0
CHECK_PERIOD_S = 1.0
# A picture waits so long for a network that is being loaded; a stream does not wait.
LOADING_S = 60.0

_numbers = itertools.count(1)


class Viewer:
    """
    What one viewer watches, and the pictures that it sends.

    :param cameras: that it may watch
    :param perception: processes its pictures
    :param limiter: how many pictures of all viewers are processed at a time
    :ivar outbox: what waits to be sent to it
    """

    def __init__(self, cameras: Cameras, perception: Perception, limiter: CapacityLimiter) -> None:
        self.outbox = Outbox()
        self._cameras = cameras
        self._perception = perception
        self._limiter = limiter
        self._source = f'viewer{next(_numbers)}'
        self._wanted = WatchCamera(None)
        self._watch: Watch | None = None
        self._watching = threading.Lock()
        self._since_s = 0.0
        self._said = ''
        self._picture: Picture | None = None
        self._picture_came = asyncio.Event()

    async def watch(self, wanted: WatchCamera) -> None:
        """Watch another camera, or want other results of it."""
        await to_thread.run_sync(self._change, wanted)

    def offer(self, picture: Picture) -> None:
        """Let a picture be processed next; it replaces one that waits."""
        self._picture = picture
        self._picture_came.set()

    async def process_pictures(self) -> None:
        """Process the newest picture, again and again."""
        while True:
            await self._picture_came.wait()
            self._picture_came.clear()
            picture, self._picture = self._picture, None
            if picture is not None:
                await to_thread.run_sync(self._process, picture, limiter=self._limiter)
                self.outbox.put({'done': picture.number})

    async def check(self) -> None:
        """Say why nothing comes, and watch a camera as soon as it exists."""
        while True:
            await asyncio.sleep(CHECK_PERIOD_S)
            if self._wanted.camera is not None:
                await to_thread.run_sync(self._check)

    def close(self) -> None:
        """Watch nothing any more."""
        self._change(WatchCamera(None))
        self._perception.forget(self._source)

    def _change(self, wanted: WatchCamera) -> None:
        with self._watching:
            same = wanted.camera == self._wanted.camera
            self._wanted = wanted
            if same and self._watch is not None:
                self._watch.set_capabilities(wanted.capabilities)
                return
            watch, self._watch = self._watch, None
            if watch is not None:
                watch.close()
            self.outbox.clear()
            self._since_s = time.monotonic()
            self._say('')
            self._open()

    def _open(self) -> None:
        """Begin to watch, if the camera exists; the caller holds the lock."""
        wanted = self._wanted
        if wanted.camera is None:
            return
        try:
            self._watch = self._cameras.watch(wanted.camera, wanted.capabilities, self.outbox)
        except (ValueError, OSError, RuntimeError) as error:
            self._say(str(error))

    def _check(self) -> None:
        with self._watching:
            if self._wanted.camera is None:
                return
            if self._watch is None:
                self._open()
                return
            silent_s = time.monotonic() - max(self._since_s, self.outbox.received_s)
            camera = self._wanted.camera
        if silent_s < SILENT_S:
            self._say('')
            return
        reason = self._cameras.silence_reason(camera)
        self._say(reason or f'no image for {silent_s:.0f} s')

    def _say(self, sentence: str) -> None:
        if sentence != self._said:
            self._said = sentence
            self.outbox.put({'message': sentence})

    def _process(self, picture: Picture) -> None:
        try:
            image = decode_image(picture.jpeg, upright=False, max_pixels=MAX_PICTURE_PIXELS)
        except ValueError as error:
            self._say(f'the picture {error}')
            return
        frame = Frame(image, source=self._source, stamp_s=time.time())
        if picture.still:
            self._perception.forget(self._source)
        wait_s = LOADING_S if picture.still else 0.0
        self._say(self._loading(picture))
        for result in self._perception.results(frame, picture.capabilities, wait_s=wait_s):
            message = result_message(result, picture.number)
            self.outbox.put_result(result.capability, message)
        self._say(self._loading(picture))

    def _loading(self, picture: Picture) -> str:
        """Say which networks find nothing, and why; empty if all do."""
        reasons = ((one, self._perception.message(one)) for one in sorted(picture.capabilities))
        return '; '.join(f'{one}: {reason}' for one, reason in reasons if reason)
