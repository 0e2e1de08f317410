"""Hand the images and results of one camera to all who watch it."""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
import time

import cv2
from nn_perception.core.imaging.formats.container import MAX_PIXELS
from nn_perception.core.imaging.formats.sniffing import read_container
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.studio.backend.cameras import CameraImage, CameraListener, CameraResult
from nn_perception.studio.viewer.newest_worker import NewestWorker

LOG = logging.getLogger(__name__)

JPEG_QUALITY = 85


class Feed:
    """
    Hand the images and results of one camera to any number of listeners.

    However many there are, an image is encoded once. While nobody listens, what is offered is
    dropped at once and nothing is held. All methods may be called from any thread.

    :param on_demand: called with the capabilities that are wanted, when that changes; with None
        when nobody listens any more. One call at a time, and the last one is right. Its
        ``ValueError`` is that of :meth:`watch`
    :param name: of the camera, for the name of a thread
    """

    def __init__(
        self, on_demand: Callable[[frozenset[str] | None], None], name: str = 'feed'
    ) -> None:
        self._on_demand = on_demand
        self._changing = threading.RLock()
        # Replaced as a whole, so that offering needs no lock.
        self._listeners: tuple[FeedWatch, ...] = ()
        self._demand: frozenset[str] | None = None
        self._encoder = NewestWorker(self._encode, f'{name} encoder')

    @property
    def demand(self) -> frozenset[str] | None:
        """The capabilities that are wanted; None if nobody listens."""
        return self._demand

    def watch(self, capabilities: frozenset[str], listener: CameraListener) -> FeedWatch:
        """
        Hand images and results to a listener until its watch is closed.

        :param capabilities: whose results the listener wants
        :raises ValueError: if the camera cannot be watched
        """
        watch = FeedWatch(self, capabilities, listener)
        with self._changing:
            self._listeners = (*self._listeners, watch)
            try:
                self._update()
            except ValueError:
                self.remove(watch)
                raise
        return watch

    def remove(self, watch: FeedWatch) -> None:
        """Stop to serve a listener; does nothing if it is not served."""
        with self._changing:
            self._listeners = tuple(one for one in self._listeners if one is not watch)
            self._update()

    def update_demand(self) -> None:
        """Compute anew what is wanted."""
        with self._changing:
            self._update()

    def offer_jpeg(self, stamp_ns: int, jpeg: bytes) -> None:
        """
        Hand an image that is JPEG already to all listeners, as it is.

        :param stamp_ns: time of capture in nanoseconds
        :raises ValueError: if it is no JPEG, or has too many pixels; the message has no subject
        """
        if not self._listeners:
            return
        container = read_container(jpeg)
        if container.kind != 'JPEG':
            raise ValueError(f'is no JPEG but {container.kind}')
        container.check_size(MAX_PIXELS)
        self._deliver(
            CameraImage(stamp_ns, jpeg, container.width, container.height, time.time_ns())
        )

    def offer_image(self, stamp_ns: int, image_bgr: Image) -> None:
        """
        Encode an image in a thread, and hand it to all listeners; returns at once.

        While an image is encoded, only the newest one waits.

        :param stamp_ns: time of capture in nanoseconds
        :param image_bgr: uint8, ``(H, W, 3)``, blue first; must not be changed any more
        """
        if self._listeners:
            self._encoder.offer((stamp_ns, image_bgr, time.time_ns()))

    def offer_result(self, result: CameraResult) -> None:
        """Hand a result to the listeners that want its capability."""
        for watch in self._listeners:
            if result.capability in watch.capabilities:
                watch.listener.on_result(result)

    def _update(self) -> None:
        """Report a change of what is wanted; the caller holds the lock."""
        wanted = [watch.capabilities for watch in self._listeners]
        demand = frozenset().union(*wanted) if wanted else None
        if demand == self._demand:
            return
        self._demand = demand
        if demand is None:
            # A listener may be what the encoder is calling just now.
            self._encoder.stop(timeout_s=0.0)
        self._on_demand(demand)

    def _encode(self, item: tuple[int, Image, int]) -> None:
        stamp_ns, image_bgr, received_ns = item
        height, width = image_bgr.shape[:2]
        good, jpeg = cv2.imencode('.jpg', image_bgr, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
        if not good:
            LOG.warning('an image of %d x %d pixels cannot be encoded as JPEG', width, height)
            return
        self._deliver(CameraImage(stamp_ns, jpeg.tobytes(), width, height, received_ns))

    def _deliver(self, image: CameraImage) -> None:
        for watch in self._listeners:
            watch.listener.on_image(image)


class FeedWatch:
    """
    A listener of a feed.

    :ivar capabilities: whose results it wants
    :ivar listener: receives the images and results
    """

    def __init__(self, feed: Feed, capabilities: frozenset[str], listener: CameraListener) -> None:
        self._feed = feed
        self.capabilities = capabilities
        self.listener = listener

    def set_capabilities(self, capabilities: frozenset[str]) -> None:
        """Choose the results that are wanted."""
        self.capabilities = capabilities
        self._feed.update_demand()

    def close(self) -> None:
        """Stop; nothing is received, encoded or computed for this listener any more."""
        self._feed.remove(self)
