"""The thread that turns the sound of a node's microphone into results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import threading
import time
from typing import Generic, Protocol, TypeVar

from nn_perception.capabilities.sounds.chunks import Chunk, ChunkWindows
from nn_perception.core.audio.samples import SoundWindow
from nn_perception.core.quoting import shortened
from nn_perception.ros.base.slots_and_stages import WorkStage
from nn_perception.ros.base.worker import Worker
from nn_perception.ros.diagnostics.audio_statistics import AudioStatistics
from nn_perception.ros.inputs.audio_queue import AudioQueue
from rclpy.node import Node

# What bad sound or a failing device can raise; anything else is a bug and ends the process.
SOUND_ERRORS = (ValueError, OSError, RuntimeError, MemoryError)
# A long chunk has hundreds of windows, too many for the memory of a network at once.
MAX_BATCH = 4
LOG_PERIOD_S = 10.0

R = TypeVar('R')
R_co = TypeVar('R_co', covariant=True)
R_contra = TypeVar('R_contra', contravariant=True)


class SoundProcessor(Protocol[R_co]):
    """Turns windows of sound into results, as the pipeline of sounds does."""

    def process(self, windows: Sequence[SoundWindow]) -> Sequence[R_co]:
        """
        Compute the results of windows in one batch.

        :param windows: at least one, of one microphone, in their order
        """
        ...

    def forget(self, source: str) -> None:
        """Forget what was heard before: the sound of a source begins anew."""
        ...


class SoundOutput(Protocol[R_contra]):
    """Publishes results, as a node that hears does."""

    def publish(self, window: SoundWindow, result: R_contra) -> None:
        """Publish the result of a window."""
        ...


class AudioWorker(Worker[SoundProcessor[R]], Generic[R]):
    """
    Process the sound of a microphone in a thread, until stopped.

    :ivar queue: where the subscription puts the sound
    :ivar statistics: of the sound

    :param node: its name names the thread; its log and clock are used
    :param output: publishes the results
    :param overlap: gives the share of a window that the next one repeats; may change at any time
    """

    def __init__(self, node: Node, output: SoundOutput[R], overlap: Callable[[], float]) -> None:
        super().__init__(node.get_name(), 'a sound')
        self.queue = AudioQueue()
        self.statistics = AudioStatistics()
        self._clock = node.get_clock()
        self._logger = node.get_logger()
        self._output = output
        self._overlap = overlap
        self._begins_anew = threading.Event()

    def open_queue(self) -> None:
        """Accept sound."""
        self._begins_anew.set()
        self.queue.open()

    def close_queue(self) -> None:
        """Drop the sound, and end the loop."""
        self.queue.close()

    def begin_anew(self) -> None:
        """Drop what waits: what is received next does not continue it."""
        self.queue.clear()
        self._begins_anew.set()

    def loop(self, processor: SoundProcessor[R], stage: WorkStage) -> None:
        """Process the sound in its order."""
        windows = ChunkWindows(self._overlap())
        while (chunk := self.queue.take()) is not None:
            if self._begins_anew.is_set():
                self._begins_anew.clear()
                windows = ChunkWindows(self._overlap())
                processor.forget(windows.buffer.source)
            windows.buffer.overlap = self._overlap()
            self.process_chunk(chunk, windows, processor, stage)
            if stage.was_left():
                return

    def reject(self, reason: str) -> None:
        """Count sound that is unusable, and log why, unless that was logged before."""
        if self.statistics.results.reject(reason):
            self._logger.warning(f'rejected a chunk of sound: {shortened(reason)}')

    def process_chunk(
        self,
        chunk: Chunk,
        windows: ChunkWindows,
        processor: SoundProcessor[R],
        stage: WorkStage,
    ) -> None:
        """
        Compute and publish the results of the windows that a chunk completes.

        :param chunk: bad ones are rejected and logged
        :param windows: cuts it
        :param processor: computes the results
        :param stage: of the thread; nothing is published if it was left behind
        """
        restarts, replaced = windows.buffer.restarts, windows.buffer.replaced
        try:
            with stage.during(self.decoding):
                complete = windows.add(chunk)
        except SOUND_ERRORS as error:
            self.reject(str(error))
            return
        restarted = windows.buffer.restarts > restarts
        self.statistics.hear(chunk, windows.buffer.replaced - (0 if restarted else replaced))
        if restarted:
            self._restart(windows.buffer.reason)
            processor.forget(windows.buffer.source)
        for start in range(0, len(complete), MAX_BATCH):
            self._process(complete[start : start + MAX_BATCH], processor, stage)
            if stage.was_left():
                return

    def _process(
        self, windows: Sequence[SoundWindow], processor: SoundProcessor[R], stage: WorkStage
    ) -> None:
        """Compute and publish the results of some windows."""
        started_s = time.monotonic()
        try:
            with stage.during(self.processing):
                results = processor.process(windows)
        except SOUND_ERRORS as error:
            self.reject(str(error))
            return
        if stage.was_left():
            return
        inference_ms = (time.monotonic() - started_s) * 1e3 / len(windows)
        for window, result in zip(windows, results, strict=True):
            self._output.publish(window, result)
            self.statistics.results.record(inference_ms, self._age_ms(window))

    def _restart(self, reason: str) -> None:
        self.statistics.restart(reason)
        self._logger.warning(reason, throttle_duration_sec=LOG_PERIOD_S)

    def _age_ms(self, window: SoundWindow) -> float:
        """Measure how long ago a window ended."""
        now_s = float(self._clock.now().nanoseconds * 1e-9)
        return (now_s - window.stamp_s) * 1e3
