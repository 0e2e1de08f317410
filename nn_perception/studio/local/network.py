"""A network that is loaded when it is needed, and closed when nobody uses it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import logging
import math
import statistics
import threading
import time
from typing import Any

from nn_perception.capabilities.pipeline import Pipeline
from nn_perception.core.audio.samples import SoundWindow
from nn_perception.core.frame import Frame
from nn_perception.core.memory import release_freed_memory

LOG = logging.getLogger(__name__)

# A network that could not be loaded is tried again after this time.
RETRY_S = 10.0
# Rates are counted over this time, and inference times over as many frames.
RATE_WINDOW_S = 3.0
MAX_TIMES = 200
# An image older than this was stamped by another clock, or is a recording.
OTHER_CLOCK_S = 60.0
LOADING = 'the network is being loaded'


@dataclass(frozen=True)
class _Run:
    """One image: when it was done, how long that took, and how old it was."""

    done_s: float
    inference_ms: float
    age_ms: float


class Network:
    """
    A pipeline that is opened in a thread when it is needed; one image at a time.

    :param open_pipeline: opens it with its options
    :param options: of the pipeline
    :ivar options: of the pipeline; see :meth:`set_options`
    """

    def __init__(
        self, open_pipeline: Callable[[Any], Pipeline[Any, Any, Any]], options: Any
    ) -> None:
        self.options = options
        self._open = open_pipeline
        self._changed = threading.Condition()
        self._pipeline: Pipeline[Any, Any, Any] | None = None
        self._loading: threading.Thread | None = None
        self._is_closed = False
        self._problem = ''
        self._failed_s = 0.0
        self._used_s = time.monotonic()
        self._using = threading.Lock()
        self._runs: deque[_Run] = deque(maxlen=MAX_TIMES)

    @property
    def is_ready(self) -> bool:
        """Whether it can process images at once."""
        return self._pipeline is not None

    @property
    def is_open(self) -> bool:
        """Whether it is loaded, or is being loaded."""
        with self._changed:
            return self._pipeline is not None or self._loading is not None

    @property
    def message(self) -> str:
        """What it waits for, or why it could not be loaded; empty if neither."""
        with self._changed:
            return LOADING if self._loading is not None else self._problem

    @property
    def pipeline(self) -> Pipeline[Any, Any, Any] | None:
        """The open pipeline."""
        return self._pipeline

    def request(self) -> None:
        """Begin to load it, unless it is open; returns at once."""
        with self._changed:
            self._used_s = time.monotonic()
            busy = self._pipeline is not None or self._loading is not None or self._is_closed
            if busy or (self._problem and time.monotonic() - self._failed_s < RETRY_S):
                return
            self._loading = threading.Thread(target=self._load, name='load network', daemon=True)
            self._loading.start()

    def wait(self, timeout_s: float) -> bool:
        """Load it if it is not open, and wait for that; :returns: whether it is open."""
        self.request()
        with self._changed:
            self._changed.wait_for(lambda: self._loading is None, timeout_s)
            return self._pipeline is not None

    def process(self, frame: Frame | SoundWindow) -> tuple[Any, float] | None:
        """
        Process an image, or a window of sound; waits for others that are being processed.

        :returns: the result and the time that it took in milliseconds; None if it is not open
        :raises ValueError: if the image cannot be processed
        :raises RuntimeError: if the network cannot be run
        """
        self.request()
        with self._using:
            pipeline = self._pipeline
            if pipeline is None:
                return None
            began_s = time.perf_counter()
            (result,) = pipeline.process([frame])
            took_ms = (time.perf_counter() - began_s) * 1e3
        age_ms = (time.time() - frame.stamp_s) * 1e3
        self._runs.append(_Run(time.monotonic(), took_ms, age_ms))
        return result, took_ms

    def forget(self, source: str) -> None:
        """Forget the state of a source."""
        with self._using:
            if self._pipeline is not None:
                self._pipeline.forget(source)

    def set_options(self, options: Any) -> None:
        """Change the options, also of the open pipeline."""
        with self._changed:
            self.options = options
            if self._pipeline is not None:
                self._pipeline.options = options  # type: ignore[attr-defined]

    def values(self) -> dict[str, str]:
        """Return rate, age, inference times, model and device, as the diagnostics name them."""
        pipeline = self._pipeline
        if pipeline is None:
            return {}
        values = {'model': pipeline.title, 'device': pipeline.device}
        runs = list(self._runs)
        since_s = time.monotonic() - RATE_WINDOW_S
        recent = [run for run in runs if run.done_s >= since_s]
        values['rate_hz'] = f'{len(recent) / RATE_WINDOW_S:.2f}'
        if not recent:
            return values
        age_ms = statistics.median(run.age_ms for run in recent)
        if abs(age_ms) < OTHER_CLOCK_S * 1e3:
            values['frame_age_ms'] = f'{age_ms:.1f}'
        times = sorted(run.inference_ms for run in runs)
        for percent in (50, 95):
            rank = math.ceil(percent / 100 * len(times))
            values[f'inference_p{percent}_ms'] = f'{times[rank - 1]:.2f}'
        return values

    def close_if_unused(self, seconds: float) -> None:
        """Free its memory if nobody used it for so long."""
        with self._changed:
            if self._loading is not None or time.monotonic() - self._used_s < seconds:
                return
        self._free()

    def close(self) -> None:
        """Free its memory, for good."""
        with self._changed:
            self._is_closed = True
            loading = self._loading
        if loading is not None:
            loading.join()
        self._free()

    def _free(self) -> None:
        with self._using, self._changed:
            pipeline, self._pipeline = self._pipeline, None
            self._runs.clear()
        if pipeline is not None:
            pipeline.close()
            release_freed_memory()

    def _load(self) -> None:
        pipeline, problem = None, ''
        try:
            pipeline = self._open(self.options)
            pipeline.warm_up()
        except (ValueError, OSError, RuntimeError, ImportError) as error:
            problem = f'the network cannot be loaded: {error}'
            LOG.warning('%s', problem)
            if pipeline is not None:
                pipeline.close()
        with self._changed:
            self._problem, self._failed_s = problem, time.monotonic()
            self._pipeline = None if problem else pipeline
            self._loading = None
            self._used_s = time.monotonic()
            if self._pipeline is not None:
                self._pipeline.options = self.options  # type: ignore[attr-defined]
            self._changed.notify_all()
