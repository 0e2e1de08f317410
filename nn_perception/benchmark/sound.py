"""Measure the node ``sound_tagger`` from outside: a microphone that plays words, in real time."""

from __future__ import annotations

from itertools import pairwise
import subprocess
import time
from typing import Any

from nn_perception.benchmark.process_samples import ProcessSample, take_sample
from nn_perception.core.audio.samples import SAMPLE_RATE_HZ
from nn_perception.core.audio.sound_files import as_int16, read_sound
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.ros.outputs.audio_messages import audio_chunk_message
from nn_perception.ros.outputs.headers import make_header
from nn_perception.ros.outputs.qos import audio_qos, RESULT_QOS
from nn_perception.ros.process.node_process import end_process, node_command
from nn_perception.sources.sounds.sound_source import SoundChunk
from nn_perception_interfaces.msg import AudioChunk
import numpy as np
from numpy.typing import NDArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rclpy.time import Time
from vision_msgs.msg import Classification

RECORDING = SAMPLES_FOLDER / 'sounds' / 'words.flac'
# One word in every two seconds of the recording, which begins with half a second of noise.
WORDS = ('stop', 'go', 'left', 'yes')
PERIOD_S, FIRST_S = 2.0, 0.5
# Parts of a word are louder than this, relative to full scale.
LOUD_DB = -45.0
PART = SAMPLE_RATE_HZ // 50
CHUNK_S = 0.1
START_LIMIT_S = 120.0
# Words with lower scores may be noise.
MIN_SCORE = 0.5
# A result that comes later does not belong to the word.
LATEST_S = 1.4


class SoundProbe(Node):
    """
    A microphone in front of a node, and its results.

    :ivar heard: time of receipt by the steady clock, and label, of each result that is certain
        enough
    """

    def __init__(self) -> None:
        super().__init__('sound_probe')
        self.heard: list[tuple[float, str]] = []
        self._microphone = self.create_publisher(
            AudioChunk, 'audio', audio_qos(ReliabilityPolicy.RELIABLE)
        )
        self.create_subscription(Classification, 'sound_tagger/tags', self._on_tags, RESULT_QOS)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)

    def await_node(self) -> None:
        """Wait until the node listens, and let it hear some silence."""
        ends_s = time.monotonic() + START_LIMIT_S
        while not self._microphone.get_subscription_count():
            if time.monotonic() > ends_s:
                raise TimeoutError('the node does not listen')
            self._executor.spin_once(timeout_sec=0.05)
        self.play(np.zeros(3 * SAMPLE_RATE_HZ, np.int16))

    def play(self, samples: NDArray[np.int16]) -> float:
        """
        Publish a sound as a microphone does: each part when its last sample was captured.

        :param samples: int16, ``(S,)``, at 16 kHz
        :returns: when the first sample was captured, by the steady clock
        """
        begin_s, begin_ns = time.monotonic(), self.get_clock().now().nanoseconds
        size = round(CHUNK_S * SAMPLE_RATE_HZ)
        for start in range(0, len(samples), size):
            part = samples[start : start + size]
            self._spin_until(begin_s + (start + len(part)) / SAMPLE_RATE_HZ)
            stamp = Time(nanoseconds=begin_ns + start * 10**9 // SAMPLE_RATE_HZ)
            header = make_header(stamp.to_msg(), 'microphone')
            chunk = SoundChunk(part, SAMPLE_RATE_HZ, 1, 'bench')
            self._microphone.publish(audio_chunk_message(chunk, header))
        return begin_s

    def _spin_until(self, at_s: float) -> None:
        while (left_s := at_s - time.monotonic()) > 0.0:
            self._executor.spin_once(timeout_sec=left_s)

    def _on_tags(self, msg: Classification) -> None:
        if msg.results and msg.results[0].score >= MIN_SCORE:
            self.heard.append((time.monotonic(), msg.results[0].class_id))


def sound(seconds: float) -> dict[str, Any]:
    """Time from the end of a word to its tag, and what a second of sound costs."""
    samples = as_int16(read_sound(RECORDING))
    ends_s = word_ends_s(samples)
    process = subprocess.Popen(node_command('sound_tagger'), stderr=subprocess.DEVNULL)
    probe = SoundProbe()
    delays_ms: list[float] = []
    missed = 0
    try:
        probe.await_node()
        before = take_sample(process.pid)
        for _ in range(max(1, round(seconds * SAMPLE_RATE_HZ / len(samples)))):
            del probe.heard[:]
            begin_s = probe.play(samples)
            for word, end_s in zip(WORDS, ends_s, strict=True):
                due_s = begin_s + end_s
                times = [
                    at_s - due_s
                    for at_s, label in probe.heard
                    if label == word and abs(at_s - due_s) < LATEST_S
                ]
                missed += not times
                delays_ms += [min(times) * 1e3] if times else []
        after = take_sample(process.pid)
    finally:
        end_process(process)
        probe.destroy_node()
    return {
        'words': len(delays_ms) + missed,
        'missed': missed,
        'p50_ms': float(np.median(delays_ms)) if delays_ms else float('inf'),
        'max_ms': max(delays_ms, default=float('inf')),
        'cpu_ms_per_s': _cpu_ms_per_s(before, after),
        'resident_mb': after.resident_mb,
    }


def word_ends_s(samples: NDArray[np.int16]) -> list[float]:
    """Find where the words of the recording end, in seconds."""
    parts = samples[: len(samples) // PART * PART].reshape(-1, PART).astype(np.float64) / 32768
    loud = 10.0 * np.log10((parts**2).mean(axis=1) + 1e-12) > LOUD_DB
    borders = [round((FIRST_S + PERIOD_S * n) * SAMPLE_RATE_HZ / PART) for n in range(5)]
    return [
        float(np.flatnonzero(loud[first:last])[-1] + first + 1) * PART / SAMPLE_RATE_HZ
        for first, last in pairwise(borders)
    ]


def _cpu_ms_per_s(before: ProcessSample, after: ProcessSample) -> float:
    return (after.cpu_s - before.cpu_s) * 1e3 / (after.at_s - before.at_s)
