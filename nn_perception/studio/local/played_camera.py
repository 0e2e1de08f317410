"""A source of frames that is played as a camera while somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
import threading
import time

from nn_perception.core.frame import Frame
from nn_perception.sources.frame_source import FrameSource
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.viewer.feed import Feed
from nn_perception.studio.viewer.newest_worker import NewestWorker

LOG = logging.getLogger(__name__)

# A source that cannot be opened is tried again after this time.
RETRY_S = 2.0
# A photograph stays for so long.
PHOTOGRAPH_S = 2.0
# A source that is closed may be waiting for a device.
STOP_TIMEOUT_S = 2.0
# So long a photograph waits for a network that is being loaded.
LOADING_S = 60.0
# A player that fell behind by more than this does not hurry to catch up.
MAX_LATENESS_S = 0.5


@dataclass(frozen=True)
class CameraSource:
    """
    What can be played as a camera.

    :param info: what the page shows of it
    :param open: opens it at its first frame
    :param photographs: whether each image has nothing to do with the one before
    """

    info: CameraInfo
    open: Callable[[], FrameSource]
    photographs: bool = False


class PlayedCamera:
    """
    A source that is played, at its own pace and again and again, while somebody watches.

    :param source: is opened with the first listener and closed with the last
    :param perception: processes its frames
    :ivar feed: hands out its images and results
    :ivar problem: why no image comes; empty if nothing is known
    """

    def __init__(self, source: CameraSource, perception: Perception) -> None:
        self.problem = ''
        self._source = source
        self._perception = perception
        self._stop: threading.Event | None = None
        self._thread: threading.Thread | None = None
        self._workers: dict[str, NewestWorker[tuple[int, Frame]]] = {}
        self.feed = Feed(self._on_demand, source.info.title)

    @property
    def name(self) -> str:
        """The id of the camera; its frames are named after it."""
        return self._source.info.id

    def close(self) -> None:
        """Stop, whoever watches."""
        self._on_demand(None)

    def _on_demand(self, demand: frozenset[str] | None) -> None:
        """Start and stop what is needed; the feed calls it in one thread at a time."""
        wanted = demand or frozenset()
        for capability in self._workers.keys() - wanted:
            self._workers.pop(capability).stop(STOP_TIMEOUT_S)
        for capability in wanted - self._workers.keys():
            self._workers[capability] = self._worker(capability)
        if demand is not None and self._stop is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name=self._source.info.title, daemon=True
            )
            self._thread.start()
        elif demand is None and self._stop is not None:
            self._stop.set()
            if self._thread is not None:
                self._thread.join(STOP_TIMEOUT_S)
            self._stop = self._thread = None
            self._perception.forget(self.name)

    def _worker(self, capability: str) -> NewestWorker[tuple[int, Frame]]:
        wait_s = LOADING_S if self._source.photographs else 0.0

        def work(item: tuple[int, Frame]) -> None:
            stamp_ns, frame = item
            for result in self._perception.results(frame, (capability,), stamp_ns, wait_s):
                self.feed.offer_result(result)

        self._perception.request(capability)
        return NewestWorker(work, capability)

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                source = self._source.open()
            except (ValueError, OSError, ImportError) as error:
                self.problem = str(error)
                stop.wait(RETRY_S)
                continue
            try:
                self._play(source, stop)
            finally:
                source.close()

    def _play(self, source: FrameSource, stop: threading.Event) -> None:
        """Play a source until it fails, or nobody watches any more."""
        due_s, empty = time.monotonic(), True
        while not stop.is_set():
            frame = source.read()
            self.problem = source.problem
            if frame is None:
                if not source.ended:
                    continue
                if (empty and not source.live) or not source.rewind():
                    self.problem = self.problem or 'it has no image that can be read'
                    stop.wait(RETRY_S)
                    return
                empty = True
                self._perception.forget(self.name)
                continue
            if not source.live:
                pause_s = due_s - time.monotonic()
                if stop.wait(max(0.0, pause_s)):
                    return
                due_s = max(due_s, time.monotonic() - MAX_LATENESS_S) + self._pause_s(
                    source, frame
                )
            empty = False
            self._offer(frame)

    def _pause_s(self, source: FrameSource, frame: Frame) -> float:
        """Return the time from a frame to the next one, in seconds."""
        if self._source.photographs:
            return PHOTOGRAPH_S
        # The interval of a frame is that before it; recordings are even enough.
        return frame.interval_s if frame.interval_s is not None else 1.0 / source.rate_hz

    def _offer(self, frame: Frame) -> None:
        stamp_ns = time.time_ns()
        self.feed.offer_image(stamp_ns, frame.image_bgr)
        if self._source.photographs:
            self._perception.forget(self.name)
        named = replace(frame, source=self.name, stamp_s=stamp_ns * 1e-9)
        for worker in tuple(self._workers.values()):
            worker.offer((stamp_ns, named))
