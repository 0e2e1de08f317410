"""
Why no image arrives, as far as the ROS graph shows it, and what to do about it.

What a sentence advises leads to images when it is followed, if need be with the advice that comes
next; the tests follow it.
"""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.ros.inputs.graph import publishers_on, topics_and_types
from nn_perception.ros.inputs.publisher_changes import MatchingQos
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

TYPE_NAMES = {
    'raw': 'sensor_msgs/msg/Image',
    'compressed': 'sensor_msgs/msg/CompressedImage',
}
COMPRESSED_SUFFIX = '/compressed'
# Topics that end so carry drawn results, not a camera's images.
_OVERLAY = '/overlay'
MAX_TOPICS = 5


@dataclass(frozen=True)
class SilentSubscription:
    """
    A subscription that receives nothing.

    :ivar node: node that subscribes
    :ivar name: topic of the raw images before remapping, which the user remaps
    :ivar image: the same after remapping
    :ivar topic: what is subscribed to, after remapping
    :ivar transport: ``'raw'`` or ``'compressed'``
    :ivar qos: of the subscription
    :ivar received: number of images that it received before
    """

    node: Node
    name: str
    image: str
    topic: str
    transport: str
    qos: MatchingQos
    received: int = 0

    def reason(self) -> str:
        """Explain why no image arrives."""
        publishers = publishers_on(self.node, self.topic)
        if not publishers:
            return f'no publisher on {self.topic}; {self._advice_on_topics()}'
        if all(one.topic_type != TYPE_NAMES[self.transport] for one in publishers):
            return self._wrong_type(publishers[0].topic_type)
        if problem := self._incompatible(publishers):
            return problem
        text = f'{len(publishers)} publisher(s) on {self.topic}, but no'
        if self.received:
            return f'{text} further image after {self.received}; the camera may have stopped'
        return (
            f'{text} image received; a publisher of another user or in a container may be '
            'unreachable (docs/robot.md)'
        )

    def _wrong_type(self, found: str) -> str:
        text = f'{self.topic} has the type {found}, expected {TYPE_NAMES[self.transport]}'
        other = next((t for t, name in TYPE_NAMES.items() if name == found), '')
        if not other:
            return f'{text}; {self._advice_on_topics()}'
        text += f'; set image_transport: {other}'
        # Raw images arrive on the topic itself, not on the one beside it.
        beside = other == 'raw' and self.topic != self.image
        return f'{text} and remap it ({self._remapping(self.topic)})' if beside else text

    def _incompatible(self, publishers: list[TopicEndpointInfo]) -> str:
        """Say which settings keep images away; empty if none do."""
        profiles = [publisher.qos_profile for publisher in publishers]
        reliable = ReliabilityPolicy.RELIABLE
        if self.qos.reliability == reliable and reliable not in {p.reliability for p in profiles}:
            return (
                f'the publisher on {self.topic} only offers best effort; '
                'set image_reliability: auto or best_effort'
            )
        latched = [p for p in profiles if p.durability == DurabilityPolicy.TRANSIENT_LOCAL]
        if self.qos.latched and not latched:
            return (
                f'the publisher on {self.topic} is volatile, but the subscription is transient '
                'local; set image_durability: auto or volatile'
            )
        if not self.qos.latched and len(latched) == len(profiles):
            return (
                f'the publisher on {self.topic} is latched (transient local): what it sent before '
                'this node subscribed does not arrive; set image_durability: auto or '
                'transient_local'
            )
        if self.qos.latched and all(p.reliability != reliable for p in latched):
            return (
                f'the publisher on {self.topic} is latched (transient local), but best effort: '
                'what it sent before this node subscribed cannot arrive; let it publish reliable'
            )
        return ''

    def _advice_on_topics(self) -> str:
        """Name the topics that images are published on, and say how to receive them."""
        topics = self._image_topics()
        if not topics:
            return 'no camera publishes in this ROS domain'
        transport = self.transport
        if not any(one == transport for one, _ in topics):
            transport = topics[0][0]
        names = [name for one, name in topics if one == transport]
        advice = []
        if transport != self.transport:
            advice.append(f'set image_transport: {transport}')
        # Compressed images are found beside the raw ones.
        images = [name.removesuffix(COMPRESSED_SUFFIX) for name in names]
        if transport == 'raw':
            images = names
        if self.image not in images:
            advice.append(f'remap {self.name} to one of them ({self._remapping(images[0])})')
        text = f'images are published on {", ".join(names[:MAX_TOPICS])}'
        return f'{text}; {" and ".join(advice)}' if advice else text

    def _image_topics(self) -> list[tuple[str, str]]:
        """List transport and name of the topics with images, sorted by name."""
        return sorted(
            (
                (transport, name)
                for name, types in topics_and_types(self.node)
                for transport, type_name in TYPE_NAMES.items()
                if type_name in types
                and not name.endswith(_OVERLAY)
                and self.node.count_publishers(name)
            ),
            key=lambda found: found[1],
        )

    def _remapping(self, topic: str) -> str:
        return f'-r {self.name}:={topic}'
