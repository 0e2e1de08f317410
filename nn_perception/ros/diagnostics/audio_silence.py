"""Why no sound arrives, as far as the ROS graph shows it, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nn_perception.ros.inputs.graph import publishers_on, topics_and_types
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy

MAX_TOPICS = 5
# Of other packages, by the ends of their types' names.
_AUDIO_WORDS = ('audio', 'sound')


@dataclass(frozen=True)
class SilentMicrophone:
    """
    A subscription to sound that receives nothing.

    :ivar node: node that subscribes
    :ivar name: topic before remapping, which the user remaps
    :ivar topic: the same after remapping
    :ivar reliability: of the subscription
    :ivar received: number of messages that it received before
    """

    node: Node
    name: str
    topic: str
    reliability: ReliabilityPolicy
    received: int = 0

    def reason(self, types: Sequence[str]) -> str:
        """
        Explain why no sound arrives.

        :param types: names of the types that can be received, the usual one first
        """
        publishers = publishers_on(self.node, self.topic)
        if not publishers:
            return f'no publisher on {self.topic}; {self._advice(types)}'
        found = {one.topic_type for one in publishers}
        if not found & set(types):
            return (
                f'{self.topic} has the type {min(found)}, expected {types[0]}; '
                f'{self._advice(types)}'
            )
        offered = {one.qos_profile.reliability for one in publishers if one.topic_type in types}
        reliable = ReliabilityPolicy.RELIABLE
        if self.reliability == reliable and reliable not in offered:
            return (
                f'the publisher on {self.topic} only offers best effort; '
                'set audio_reliability: auto or best_effort'
            )
        text = f'{len(publishers)} publisher(s) on {self.topic}, but no'
        if self.received:
            return f'{text} further sound; the microphone may have stopped'
        return (
            f'{text} sound received; a publisher of another user or in a container may be '
            'unreachable (docs/robot.md)'
        )

    def _advice(self, types: Sequence[str]) -> str:
        """Name the topics that sound is published on, and say how to receive it."""
        found = [
            (name, of_topic)
            for name, of_topic in sorted(topics_and_types(self.node))
            if self.node.count_publishers(name)
        ]
        usable = [name for name, of_topic in found if set(of_topic) & set(types)]
        if usable:
            return (
                f'sound is published on {", ".join(usable[:MAX_TOPICS])}; remap {self.name} to '
                f'one of them (-r {self.name}:={usable[0]})'
            )
        others = [
            f'{name} ({of_topic[0]})'
            for name, of_topic in found
            if any(word in of_topic[0].lower() for word in _AUDIO_WORDS)
        ]
        if others:
            return f'sound of types that cannot be used is on {", ".join(others[:MAX_TOPICS])}'
        return 'no microphone publishes in this ROS domain (start sound_source)'
