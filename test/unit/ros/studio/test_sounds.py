"""The microphones of a graph, and the nodes that hear them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from nn_perception.core.audio.sound_files import as_int16
from nn_perception.ros.base.parameters import LiveParameters
from nn_perception.ros.diagnostics.messages import diagnostic_array
from nn_perception.ros.diagnostics.status import Status
from nn_perception.ros.nodes.sound_tagger import SoundTaggerParameters
from nn_perception.ros.studio.sounds.ros_sounds import RosSounds
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.capabilities import SOUNDS, TAGS
from nn_perception.studio.backend.sounds import SoundBlock, SoundResult
from nn_perception_interfaces.msg import AudioChunk
import numpy as np
from patience import wait_until
import pytest
from rclpy.node import Node
from std_msgs.msg import Header
from tones import HIGH_HZ, pitch_of, tone
from vision_msgs.msg import Classification, ObjectHypothesis

TOPIC = '/audio'


class Listener:
    """Collects what it receives."""

    def __init__(self) -> None:
        self.blocks: list[SoundBlock] = []
        self.results: list[SoundResult] = []

    def on_sound(self, block: SoundBlock) -> None:
        self.blocks.append(block)

    def on_result(self, result: SoundResult) -> None:
        self.results.append(result)


class Ear(Node):
    """A node with the interface of a sound_tagger, and no network."""

    def __init__(self, graph: Any) -> None:
        super().__init__('ear', context=graph.page.context)
        self.live = LiveParameters(self, SoundTaggerParameters, lambda _: None)
        self.create_subscription(AudioChunk, 'audio', lambda _: None, 10)
        self.tags = self.create_publisher(Classification, '~/tags', 10)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def report(self) -> None:
        status = Status('ok', '4.0 results per second', {'inference_p50_ms': '2.5'})
        self._diagnostics.publish(diagnostic_array('/ear: audio', TOPIC, status, Header()))

    def hear(self, label: str) -> None:
        msg = Classification(header=Header(stamp=Time(sec=7)))
        msg.results.append(ObjectHypothesis(class_id=label, score=0.75))
        self.tags.publish(msg)


class Page:
    """The sounds of a graph, with a microphone that a test plays to and a node that hears."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.microphone = graph.robot.create_publisher(AudioChunk, TOPIC, 10)
        self.ear = Ear(graph)
        graph.add(self.ear)
        self.sounds = RosSounds(graph.page, graph.calls, graph.capabilities)
        wait_until(self.sounds.list)

    def refresh(self) -> None:
        self.ear.report()
        self.graph.refresh()
        self.graph.calls.call(self.sounds.refresh)

    def play(self, duration_s: float, rate_hz: int, begin_s: int = 100) -> None:
        """Publish a tone in stereo, in chunks of 50 ms."""
        # Of another rate, it is another tone.
        mono = as_int16(tone(HIGH_HZ * 16_000 / rate_hz, duration_s * rate_hz / 16_000))
        stereo = np.repeat(mono, 2).reshape(-1, 2)
        size = rate_hz // 20
        for start in range(0, len(stereo), size):
            nanoseconds = begin_s * 10**9 + start * 10**9 // rate_hz
            stamp = Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
            msg = AudioChunk(header=Header(stamp=stamp), sample_rate=rate_hz, channels=2)
            msg.samples.frombytes(stereo[start : start + size].tobytes())
            self.microphone.publish(msg)

    def close(self) -> None:
        self.graph.calls.call(self.sounds.close)
        self.graph.calls.call(lambda: self.graph.remove(self.ear))
        self.ear.destroy_node()


@pytest.fixture
def page(graph: Any) -> Iterator[Page]:
    found = Page(graph)
    yield found
    found.close()


def test_a_topic_is_a_microphone(page: Page) -> None:
    sounds = page.sounds
    assert sounds.list() == [CameraInfo(TOPIC, TOPIC, 'topic')]
    assert TOPIC not in page.graph.subscriptions()
    with pytest.raises(ValueError, match='nobody publishes sound on'):
        sounds.listen('/nothing', Listener())
    listener, second = Listener(), Listener()
    listening, other = sounds.listen(TOPIC, listener), sounds.listen(TOPIC, second)
    wait_until(lambda: page.microphone.get_subscription_count() == 2)
    wait_until(lambda: page.play(1.0, 48_000) or len(listener.blocks) >= 9)
    blocks = listener.blocks[:9]
    assert {len(block.samples) for block in blocks} == {3200}
    assert set(np.diff([block.stamp_ns for block in blocks])) == {10**8}
    assert abs(blocks[0].stamp_ns - 100 * 10**9) < 10**7
    samples = np.frombuffer(b''.join(block.samples for block in blocks), '<i2')
    assert abs(pitch_of(samples.astype(np.float32)) - HIGH_HZ) < 3.0
    assert second.blocks[:9] == blocks
    page.microphone.publish(AudioChunk(sample_rate=1, channels=1))
    wait_until(lambda: 'the sampling rate is 1 Hz' in sounds.silence_reason(TOPIC))
    listening.close()
    other.close()
    wait_until(lambda: TOPIC not in page.graph.subscriptions())
    assert sounds.silence_reason(TOPIC) == ''


def test_what_a_node_hears_is_shown(page: Page) -> None:
    listener = Listener()
    listening = page.sounds.listen(TOPIC, listener)
    page.play(0.5, 16_000)

    def hear() -> list[SoundResult]:
        page.refresh()
        page.ear.hear('knock')
        return listener.results

    wait_until(hear)
    result = listener.results[-1]
    assert result.stamp_ns == 7 * 10**9
    assert result.values['tags'] == [{'label': 'knock', 'score': 0.75}]
    assert set(result.values) == {'tags', 'level_db', 'speech'}
    listening.close()


def test_the_node_that_hears_has_settings_and_is_no_tagger_of_images(page: Page) -> None:
    def has_settings() -> bool:
        page.refresh()
        return bool(page.sounds.status().settings)

    wait_until(has_settings)
    status = page.sounds.status()
    assert (status.capability, status.node, status.enabled) == (SOUNDS, '/ear', True)
    assert {'min_score', 'overlap', 'smoothing_s'} <= {one.name for one in status.settings}
    assert status.values['inference_p50_ms'] == '2.5'
    page.sounds.change('overlap', 0.5)
    assert page.ear.live.value.overlap == 0.5
    with pytest.raises(ValueError, match='overlap'):
        page.sounds.change('overlap', 5.0)
    (tags,) = (one for one in page.graph.capabilities.status() if one.capability == TAGS)
    assert tags.node == ''


def test_without_a_sound_fine_tuner_the_page_says_so(page: Page) -> None:
    taught = page.sounds.fine_tuning
    assert 'ros2 run nn_perception sound_fine_tuner' in taught.state().reason
    with pytest.raises(RuntimeError, match='no sound_fine_tuner runs'):
        taught.add_frame(b'x', 'knock')
