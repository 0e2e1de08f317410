"""The microphones of a ROS graph, and what its nodes hear and are taught."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
import threading

from nn_perception.core.quoting import quoted
from nn_perception.ros.studio.capabilities import RosCapabilities
from nn_perception.ros.studio.executor_calls import ExecutorCalls
from nn_perception.ros.studio.sounds.hearing_nodes import audio_topics, hearing_nodes
from nn_perception.ros.studio.sounds.sound_fine_tuning import RosSoundFineTuning
from nn_perception.ros.studio.sounds.topic_microphone import TopicMicrophone
from nn_perception.studio.backend.cameras import CameraInfo
from nn_perception.studio.backend.capabilities import CapabilityStatus, SOUNDS
from nn_perception.studio.backend.sounds import SoundListener
from nn_perception.studio.local.sounds.sound_feed import Demand, FeedListening, SoundFeed
from rclpy.node import Node

KIND = 'topic'
# Every page asks for the list again and again.
LIST_TIMEOUT_S = 1.0


class RosSounds:
    """
    :class:`~nn_perception.studio.backend.sounds.Sounds` of a ROS graph.

    Only topics that somebody listens to are subscribed to.

    :param node: node that talks to the others
    :param calls: of its executor
    :param capabilities: know the nodes that hear, and their parameters
    :ivar fine_tuning: the node that stores clips and fine-tunes
    """

    def __init__(self, node: Node, calls: ExecutorCalls, capabilities: RosCapabilities) -> None:
        self._node = node
        self._calls = calls
        self._capabilities = capabilities
        self.fine_tuning = RosSoundFineTuning(node)
        self._lock = threading.Lock()
        self._microphones: dict[str, TopicMicrophone] = {}
        self._listed: Sequence[CameraInfo] = ()

    def list(self) -> Sequence[CameraInfo]:
        """List the topics with sound; if the node is too busy, those of before."""
        with suppress(RuntimeError):
            found = self._calls.call(lambda: audio_topics(self._node), LIST_TIMEOUT_S)
            self._listed = [CameraInfo(topic, topic, KIND) for topic in sorted(found)]
        return self._listed

    def listen(self, microphone: str, listener: SoundListener) -> FeedListening:
        """
        Receive the sound of a topic, and what the nodes of the graph hear in it.

        :raises ValueError: if nobody publishes sound there
        """
        found = self._calls.call(lambda: microphone in audio_topics(self._node))
        with self._lock:
            known = self._microphones.get(microphone)
            if not found and (known is None or not known.feed.demand.sound):
                raise ValueError(f'nobody publishes sound on {quoted(microphone)}')
            if known is None:
                feed = SoundFeed(partial(self._on_demand, microphone))
                inference_ms = self._capabilities.inference_ms
                known = TopicMicrophone(self._node, microphone, feed, inference_ms)
                self._microphones[microphone] = known
        return known.feed.listen(listener)

    def silence_reason(self, microphone: str) -> str:
        """Say why no sound arrives; empty if sound arrives, or nobody listens."""
        known = self._microphones.get(microphone)
        return '' if known is None else self._calls.call(known.silence_reason)

    def status(self) -> CapabilityStatus:
        """Describe the nodes that hear."""
        return self._capabilities.status_of(SOUNDS)

    def change(self, setting: str, value: float) -> None:
        """Change a parameter of the nodes that hear."""
        self._capabilities.change(SOUNDS, setting, value)

    def refresh(self) -> None:
        """Follow the graph, in the executor's thread."""
        microphones = [one for one in self._all() if one.feed.demand.sound]
        heard = hearing_nodes(self._node) if microphones else {}
        for microphone in microphones:
            microphone.refresh(heard)

    def close(self) -> None:
        """Let go of the graph, in the executor's thread."""
        self.fine_tuning.close()
        for microphone in self._all():
            microphone.close()

    def _all(self) -> Sequence[TopicMicrophone]:
        with self._lock:
            return [*self._microphones.values()]

    def _on_demand(self, microphone: str, _: Demand) -> None:
        """Note that somebody listens, or nobody does any more; called in any thread."""
        self._calls.post(partial(self._follow_demand, microphone))

    def _follow_demand(self, name: str) -> None:
        with self._lock:
            microphone = self._microphones[name]
        # By now it may have changed again.
        if microphone.feed.demand.sound:
            microphone.open()
            self.refresh()
        else:
            microphone.close()
