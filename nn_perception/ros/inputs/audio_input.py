"""The sound of a microphone, as a node receives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nn_perception.capabilities.sounds.chunks import Chunk
from nn_perception.ros.diagnostics.audio_silence import SilentMicrophone
from nn_perception.ros.inputs.audio_messages import CHUNK_TYPE, READERS
from nn_perception.ros.inputs.graph import publishers_on
from nn_perception.ros.inputs.publisher_changes import ReliabilityChoice
from nn_perception.ros.inputs.serialized_fields import SerializedMessageError
from nn_perception.ros.outputs.qos import audio_qos
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rclpy.subscription import Subscription

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError

# The middleware reports two thousand million lost messages at times when publishers come and go.
MAX_CREDIBLE_LOSS = 1_000_000


class AudioInput:
    """
    Receive a microphone's sound.

    It receives nn_perception_interfaces/AudioChunk. Where the package audio_common_msgs is
    installed and nobody publishes these, but its AudioStamped, it receives that. The callbacks are
    called in the executor's thread and return at once.

    :param node: node that receives
    :param topic: name of the topic, before remapping
    :param reliability: ``'auto'``, ``'reliable'`` or ``'best_effort'``
    :param on_audio: called with each message
    :param on_rejected: called with a sentence for each message that cannot be read

    :ivar type_name: type of the messages that it subscribes to
    :ivar received: number of messages received
    :ivar lost: number of messages lost in transport, as the middleware reports it
    """

    def __init__(
        self,
        node: Node,
        topic: str,
        reliability: str,
        on_audio: Callable[[Chunk], None],
        on_rejected: Callable[[str], None],
    ) -> None:
        self._node = node
        self._name = topic
        self._choice = ReliabilityChoice(reliability)
        self._on_audio = on_audio
        self._on_rejected = on_rejected
        self._subscription: Subscription | None = None
        self._reliability = self._choice.choose(set())
        self.type_name = CHUNK_TYPE
        self.received = self.lost = 0
        # An event may replace the subscription that it arrives in, so it is handled later.
        self._publishers_changed = node.create_guard_condition(self.refresh)

    @property
    def topic(self) -> str:
        """Name of the topic, after remapping."""
        return str(self._node.resolve_topic_name(self._name))

    @property
    def reliability(self) -> str:
        """Current reliability of the subscription: ``'reliable'`` or ``'best_effort'``."""
        return str(self._reliability.name.lower())

    def open(self) -> None:
        """Subscribe; does nothing if it is open."""
        if self._subscription is None:
            self._subscribe(*self._matching())

    def close(self) -> None:
        """Unsubscribe; the counts remain."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def refresh(self) -> None:
        """Subscribe again if the publishers now offer something else."""
        if self._subscription is None:
            return
        matching = self._matching()
        if matching != (self.type_name, self._reliability):
            self.close()
            self._subscribe(*matching)

    def silence_reason(self) -> str:
        """Explain why no sound arrives, as far as the ROS graph shows it."""
        microphone = SilentMicrophone(
            self._node, self._name, self.topic, self._reliability, self.received
        )
        return microphone.reason(tuple(READERS))

    def _matching(self) -> tuple[str, ReliabilityPolicy]:
        """Choose the type and the reliability that the publishers offer."""
        publishers = publishers_on(self._node, self.topic)
        types = {one.topic_type for one in publishers}
        if CHUNK_TYPE in types:
            kind = CHUNK_TYPE
        else:
            kind = next((one for one in READERS if one in types), self.type_name)
        offered = {one.qos_profile.reliability for one in publishers if one.topic_type == kind}
        return kind, self._choice.choose(offered)

    def _subscribe(self, type_name: str, reliability: ReliabilityPolicy) -> None:
        self.type_name, self._reliability = type_name, reliability
        arguments = READERS[type_name][0], self._name, self._on_bytes, audio_qos(reliability)
        events = SubscriptionEventCallbacks(
            incompatible_qos=lambda _: self._publishers_changed.trigger(),
            message_lost=self._on_lost,
        )
        try:
            self._subscription = self._node.create_subscription(
                *arguments, event_callbacks=events, raw=True
            )
        except UnsupportedEventTypeError:
            # This middleware cannot report lost messages; everything else works.
            self._subscription = self._node.create_subscription(*arguments, raw=True)

    def _on_bytes(self, serialized: bytes) -> None:
        if not serialized:  # see docs/evaluation/transport.md
            return
        self.received += 1
        now_s = self._node.get_clock().now().nanoseconds * 1e-9
        try:
            audio = READERS[self.type_name][1](serialized, now_s)
        except SerializedMessageError as error:
            self._on_rejected(f'it is no {self.type_name.rpartition("/")[2]}: {error}')
            return
        self._on_audio(audio)

    def _on_lost(self, event: Any) -> None:
        if 0 < event.total_count_change < MAX_CREDIBLE_LOSS:
            self.lost += event.total_count_change
