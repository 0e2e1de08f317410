"""
The thread that hears: what it makes of good sound, of bad sound, and of a slow network.

``Node`` and the networks are stand-ins: no real network rejects windows, or takes long, on demand.
"""

from __future__ import annotations

from collections.abc import Sequence
import threading
import time
from types import SimpleNamespace
from typing import Any

from nn_perception.capabilities.sounds.chunks import Chunk
from nn_perception.core.audio.samples import SoundWindow
from nn_perception.ros.base.audio_worker import AudioWorker, MAX_BATCH
import numpy as np
from patience import PATIENCE_S, stretched, wait_until

BAD = 0.5


class Node:
    """Gives each window its mean as a result, rejects one value, and keeps what it is told."""

    def __init__(self) -> None:
        self.published: list[tuple[float, float]] = []
        self.warnings: list[str] = []
        self.batches: list[int] = []
        self.forgotten = 0

    def get_name(self) -> str:
        """Name the thread."""
        return 'node'

    def get_logger(self) -> SimpleNamespace:
        """Keep warnings."""
        return SimpleNamespace(warning=lambda text, **_: self.warnings.append(text))

    def get_clock(self) -> Any:
        """Always show a hundred seconds."""
        return SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=100 * 10**9))

    def process(self, windows: Sequence[SoundWindow]) -> list[float]:
        """Return each window's mean."""
        self.batches.append(len(windows))
        means = [float(window.samples.mean()) for window in windows]
        if BAD in means:
            raise ValueError('the network does not like it')
        return means

    def forget(self, _source: str) -> None:
        """Count the new beginnings."""
        self.forgotten += 1

    def publish(self, window: SoundWindow, result: float) -> None:
        """Keep the result."""
        self.published.append((round(window.stamp_s, 3), round(result, 3)))


def chunk(seconds: float, stamp_s: float, value: float = 0.25, rate_hz: int = 16_000) -> Chunk:
    samples = np.full(round(seconds * rate_hz), value, np.float32)
    return Chunk(samples, rate_hz, 1, stamp_s, stamp_s)


def started(node: Node, processor: Any = None, overlap: float = 0.0) -> AudioWorker[float]:
    worker: AudioWorker[float] = AudioWorker(node, node, lambda: overlap)
    worker.start(processor or node)
    return worker


def test_each_window_has_a_result_with_the_time_of_its_end() -> None:
    node = Node()
    worker = started(node, overlap=0.75)
    for number in range(15):
        worker.queue.put(chunk(0.1, 50.0 + number / 10))
    wait_until(lambda: len(node.published) == 3)
    worker.stop()
    assert node.published == [(51.0, 0.25), (51.25, 0.25), (51.5, 0.25)]
    assert node.warnings == []
    report = worker.statistics.results.report()
    assert (report.processed, round(report.age_ms)) == (3, 48_500)


def test_bad_sound_costs_a_sentence_and_nothing_else() -> None:
    node = Node()
    worker = started(node)
    worker.queue.put(chunk(1.0, 50.0))
    worker.queue.put(Chunk(np.zeros(5, np.int16), 0, 0, 51.0, 51.0))
    worker.queue.put(chunk(1.0, 51.0, value=BAD))
    worker.queue.put(chunk(1.0, 52.0))
    wait_until(lambda: len(node.published) == 2)
    worker.reject('it is no AudioChunk')
    worker.stop()
    assert node.published == [(51.0, 0.25), (53.0, 0.25)]
    assert worker.statistics.results.report().rejected == 3
    assert [text.split(': ', 1)[1] for text in node.warnings] == [
        'the sampling rate is 0 Hz; expected 1000 to 384000 Hz',
        'the network does not like it',
        'it is no AudioChunk',
    ]


def test_values_that_are_not_finite_are_silence() -> None:
    node = Node()
    worker = started(node)
    broken = chunk(1.0, 50.0)
    broken.samples[:8000] = np.nan
    broken.samples[8000:8002] = np.inf, -np.inf
    worker.queue.put(broken)
    worker.queue.put(chunk(1.0, 51.0))
    wait_until(lambda: len(node.published) == 2)
    worker.stop()
    assert node.published == [(51.0, 0.125), (52.0, 0.25)]
    assert worker.statistics.report().replaced == 8002
    assert node.warnings == []


def test_a_gap_is_said_and_what_was_before_is_forgotten() -> None:
    node = Node()
    worker = started(node)
    worker.queue.put(chunk(0.9, 50.0))
    worker.queue.put(chunk(1.0, 52.0))
    wait_until(lambda: node.published)
    worker.stop()
    assert node.published == [(53.0, 0.25)]
    assert node.warnings == ['1.10 s of sound are missing; listening restarts']
    assert node.forgotten == 2  # at the beginning, too
    assert worker.statistics.report().restarts == 1


def test_after_a_pause_that_was_asked_for_nothing_is_missing() -> None:
    node = Node()
    worker = started(node)
    worker.queue.put(chunk(1.5, 50.0))
    wait_until(lambda: node.published)
    worker.begin_anew()
    worker.queue.put(chunk(1.0, 60.0))
    wait_until(lambda: len(node.published) == 2)
    worker.stop()
    worker.start(node)
    worker.queue.put(chunk(1.0, 80.0))
    wait_until(lambda: len(node.published) == 3)
    worker.stop()
    assert [stamp_s for stamp_s, _ in node.published] == [51.0, 61.0, 81.0]
    assert node.warnings == []


def test_a_long_chunk_is_processed_in_parts() -> None:
    node = Node()
    worker = started(node, overlap=0.95)
    worker.queue.put(chunk(3.0, 50.0))
    wait_until(lambda: len(node.published) == 41)
    worker.stop()
    assert node.batches == [MAX_BATCH] * 10 + [1]


class SlowNetwork(Node):
    """A network that goes on when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end = threading.Event(), threading.Event()

    def process(self, windows: Sequence[SoundWindow]) -> list[float]:
        """Wait, then give results."""
        self.begun.set()
        self.may_end.wait(PATIENCE_S)
        return super().process(windows)


def test_what_comes_while_the_network_is_busy_is_heard_later() -> None:
    node, network = Node(), SlowNetwork()
    worker = started(node, network)
    worker.queue.put(chunk(1.0, 50.0))
    assert network.begun.wait(PATIENCE_S)
    for number in range(20):
        worker.queue.put(chunk(0.1, 51.0 + number / 10))
    network.may_end.set()
    wait_until(lambda: len(node.published) == 3)
    worker.stop()
    assert [stamp_s for stamp_s, _ in node.published] == [51.0, 52.0, 53.0]
    assert worker.queue.dropped == 0


def test_stopping_does_not_wait_for_a_network_that_takes_long() -> None:
    node, network = Node(), SlowNetwork()
    worker = started(node, network)
    worker.queue.put(chunk(1.0, 50.0))
    assert network.begun.wait(PATIENCE_S)
    assert worker.lasting_stage(0.0) == 'processing a sound for 0 s'
    began_s = time.monotonic()
    worker.stop()
    assert time.monotonic() - began_s < stretched(1.5)
    network.may_end.set()
    assert node.published == []
