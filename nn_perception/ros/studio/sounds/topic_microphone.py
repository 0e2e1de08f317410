"""A topic with sound that somebody listens to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import time

from nn_perception.capabilities.sounds.chunks import Chunk
from nn_perception.core.quoting import shortened
from nn_perception.ros.inputs.audio_input import AudioInput
from nn_perception.ros.outputs.qos import RESULT_QOS
from nn_perception.ros.studio.result_values import tag_values
from nn_perception.ros.studio.sounds.hearing_nodes import TAGS_TOPIC
from nn_perception.ros.studio.sounds.sound_blocks import SoundBlocks
from nn_perception.studio.backend.sounds import SoundResult
from nn_perception.studio.local.sounds.sound_feed import SoundFeed
from rclpy.node import Node
from rclpy.subscription import Subscription
from vision_msgs.msg import Classification

# No sound for so long is worth a word.
SILENT_AFTER_S = 2.0


class TopicMicrophone:
    """
    Receive the sound of a topic, and what nodes hear in it; used in the executor's thread.

    :ivar topic: its name
    :ivar feed: passes sound and results on to those who listen

    :param node: node that subscribes
    :param inference_ms: returns the time that the network of a node takes
    """

    def __init__(
        self,
        node: Node,
        topic: str,
        feed: SoundFeed,
        inference_ms: Callable[[list[str]], float | None],
    ) -> None:
        self.topic = topic
        self.feed = feed
        self._node = node
        self._inference_ms = inference_ms
        self._input: AudioInput | None = None
        self._tags: dict[str, Subscription] = {}
        self._blocks = SoundBlocks()
        self._newest_s = 0.0
        self._problem = ''

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""
        if self._input is None:
            self._newest_s, self._problem = time.monotonic(), ''
            self._blocks = SoundBlocks()
            self._input = AudioInput(self._node, self.topic, 'auto', self._on_audio, self._reject)
            self._input.open()

    def close(self) -> None:
        """Unsubscribe; does nothing if it is closed."""
        if self._input is not None:
            self._input.close()
            self._input = None
        self._follow_nodes(frozenset())

    def refresh(self, heard: Mapping[str, frozenset[str]]) -> None:
        """
        Follow the publishers, and the nodes that hear.

        :param heard: name of each node -> topics that it hears
        """
        if self._input is None:
            return
        self._input.refresh()
        wanted = self.feed.demand.results
        names = [name for name, topics in heard.items() if wanted and self.topic in topics]
        self._follow_nodes(frozenset(names))

    def silence_reason(self) -> str:
        """Say why no sound arrives; empty if sound arrives."""
        if self._input is None:
            return ''
        if self._problem:
            return shortened(f'sound is rejected: {self._problem}')
        silent_s = time.monotonic() - self._newest_s
        if silent_s < SILENT_AFTER_S:
            return ''
        return f'no sound for {silent_s:.0f} s: {self._input.silence_reason()}'

    def _follow_nodes(self, names: frozenset[str]) -> None:
        for name in self._tags.keys() - names:
            self._node.destroy_subscription(self._tags.pop(name))
        for name in names - self._tags.keys():
            self._tags[name] = self._node.create_subscription(
                Classification,
                f'{name}/{TAGS_TOPIC}',
                lambda msg, name=name: self._on_tags(name, msg),
                RESULT_QOS,
            )

    def _on_audio(self, chunk: Chunk) -> None:
        self._newest_s = time.monotonic()
        try:
            blocks = self._blocks.add(chunk)
        except ValueError as error:
            self._problem = str(error)
            return
        self._problem = ''
        for block in blocks:
            self.feed.offer_sound(block)

    def _reject(self, reason: str) -> None:
        self._problem = reason

    def _on_tags(self, name: str, msg: Classification) -> None:
        stamp = msg.header.stamp
        values = {**tag_values(msg), 'level_db': self._blocks.level_db, 'speech': None}
        stamp_ns = stamp.sec * 10**9 + stamp.nanosec
        self.feed.offer_result(SoundResult(stamp_ns, values, self._inference_ms([name])))
