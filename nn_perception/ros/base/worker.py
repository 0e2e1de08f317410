"""A thread that turns what a node receives into results, and that ends in a bounded time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import Future, wait
import threading
import time
from typing import Generic, TypeVar

from nn_perception.ros.base.slots_and_stages import WorkStage
from nn_perception.ros.process.abandoned_threads import abandon_thread

STOP_TIMEOUT_S = 10.0
# What is still being decoded, or processed, after these times is given up when the worker stops.
DECODING_TIMEOUT_S = 0.25
PROCESSING_TIMEOUT_S = 1.0

T = TypeVar('T')


class Worker(ABC, Generic[T]):
    """
    Process what a node receives in a thread, until stopped.

    :ivar decoding: name of the stage in which what was received is decoded
    :ivar processing: name of the stage in which a processor of type ``T`` computes results
    :ivar finishes: whether :meth:`stop` waits for what is being processed, because it is kept

    :param name: of the thread
    :param received: what is received, for messages: ``'an image'``
    """

    def __init__(self, name: str, received: str) -> None:
        self.decoding = f'decoding {received}'
        self.processing = f'processing {received}'
        self.finishes = False
        self._name = name
        self._thread: threading.Thread | None = None
        self._loop_ended: Future[None] | None = None
        self._stage = WorkStage()
        self._stop_requested_s = 0.0
        self._stopped = threading.Event()

    @abstractmethod
    def open_queue(self) -> None:
        """Accept what is received."""

    @abstractmethod
    def close_queue(self) -> None:
        """Drop what was received, and end :meth:`loop`."""

    @abstractmethod
    def loop(self, processor: T, stage: WorkStage) -> None:
        """Process what is received until :meth:`close_queue`, or until the thread was left."""

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._loop_ended is not None

    def lasting_stage(self, least_s: float) -> str:
        """Say what takes so long now; empty if nothing does."""
        return self._stage.lasting(least_s) if self.running else ''

    def start(self, processor: T) -> None:
        """
        Begin to process what is received.

        :param processor: computes the results; its memory must not be freed before :meth:`stop`
        """
        self._stopped.clear()
        self.open_queue()
        self._loop_ended = Future()
        self._stage = WorkStage()
        self._thread = threading.Thread(
            target=self._run,
            args=(processor, self._stage, self._loop_ended),
            name=self._name,
            daemon=True,
        )
        self._thread.start()

    def request_stop(self) -> None:
        """Begin to stop, without waiting: several workers can stop at the same time."""
        if not self._stopped.is_set():
            self._stop_requested_s = time.monotonic()
        self._stopped.set()
        self.close_queue()

    def stop(self) -> None:
        """
        Stop after the current batch, whose results are still published.

        A batch that takes long is given up: its thread ends when the decoder or the network does.
        """
        self.request_stop()
        if self._loop_ended is None or self._thread is None:
            return
        timeouts = {self.decoding: DECODING_TIMEOUT_S}
        if not self.finishes:
            timeouts[self.processing] = PROCESSING_TIMEOUT_S
        for name, timeout_s in timeouts.items():
            if not self._has_ended(timeout_s) and self._stage.leave(name):
                abandon_thread(self._thread)
                break
        else:
            self._has_ended(STOP_TIMEOUT_S)
        self._loop_ended = self._thread = None

    def check(self) -> None:
        """
        Raise the error that ended the loop, if one did.

        It is a bug: the process ends with its traceback, so that a supervisor can restart it.
        """
        if self._loop_ended is not None and self._loop_ended.done():
            self._loop_ended.result()

    def wait_for_stop(self, timeout_s: float) -> bool:
        """Wait some seconds, and say whether the worker is to stop."""
        return self._stopped.wait(timeout_s)

    def _has_ended(self, timeout_s: float) -> bool:
        """Wait for the end of the loop; the time counts from the request to stop."""
        assert self._loop_ended is not None
        left_s = self._stop_requested_s + timeout_s - time.monotonic()
        return bool(wait((self._loop_ended,), timeout=max(0.0, left_s)).done)

    def _run(self, processor: T, stage: WorkStage, ended: Future[None]) -> None:
        try:
            self.loop(processor, stage)
        except BaseException as error:  # noqa: BLE001 - check() raises it in the main thread
            ended.set_exception(error)
        else:
            ended.set_result(None)
