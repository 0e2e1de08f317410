"""Images that the nodes of a process share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import time

from builtin_interfaces.msg import Time
from domain_coordinator import domain_id as reserved_domain_id
from nn_perception.ros.inputs.publisher_changes import WantedQos
from nn_perception.ros.inputs.shared_image_subscription import (
    ImageListener,
    ReceivedImage,
    SharedImageSubscriptions,
    stamp_seconds,
)
from nn_perception.ros.outputs.image_messages import compressed_image_message, image_message
import numpy as np
from patience import wait_until
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header


@pytest.mark.parametrize(
    ('stamp', 'seconds'),
    [
        (Time(), 0.0),
        (Time(sec=3, nanosec=500_000_000), 3.5),
        (Time(nanosec=1), 1e-9),
        (Time(sec=2**31 - 1, nanosec=999_999_999), 2147483647.999999999),
        (Time(sec=-1, nanosec=250_000_000), -0.75),
    ],
)
def test_stamp_seconds(stamp: Time, seconds: float) -> None:
    assert stamp_seconds(stamp) == pytest.approx(seconds, abs=1e-12)


def test_an_image_is_decoded_once() -> None:
    picture = np.full((4, 6, 3), 90, np.uint8)
    header = Header(stamp=Time(sec=3, nanosec=500_000_000))
    for message in (
        image_message(picture, header, 'rgb8'),
        compressed_image_message(picture, header, 95),
    ):
        image = ReceivedImage(message)
        assert image.stamp_s == 3.5
        decoded = image.bgr()
        assert np.abs(decoded.astype(int) - picture).max() <= 2
        assert not decoded.flags.writeable
        assert image.bgr() is decoded


def test_a_bad_image_stays_bad() -> None:
    message = image_message(np.zeros((4, 6, 3), np.uint8), Header())
    message.encoding = 'nonsense'
    image = ReceivedImage(message)
    for _ in range(2):
        with pytest.raises(ValueError, match='nonsense'):
            image.bgr()


def test_swapped_topics_are_swapped_once() -> None:
    rules = ['front/image:=/rear/image', 'rear/image:=/front/image', 'left/image:=/cam']
    context = Context()
    rclpy.init(
        args=['--ros-args', *(part for rule in rules for part in ('-r', rule))], context=context
    )
    nodes = [Node(name, context=context) for name in ('perception', 'tagger', 'digit_reader')]
    owner, *askers = nodes
    subscriptions = SharedImageSubscriptions(owner)
    expected = {
        'front/image': '/rear/image',
        'rear/image': '/front/image',
        'left/image': '/cam',
        'right/image': '/right/image',
    }
    for topic, resolved in expected.items():
        first, second = (subscriptions.get(node, topic, 'raw', WantedQos()) for node in askers)
        assert first is second
        assert first.topic == resolved
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)


class Reception:
    """A subscription to ``image``, and a publisher beside it that sends bytes."""

    def __init__(self, context: Context) -> None:
        self.node = Node('receiver', context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self.images: list[ReceivedImage] = []
        self.listener = ImageListener(self.images.append)
        wanted = WantedQos('reliable', 'volatile')
        self.subscription = SharedImageSubscriptions().get(self.node, 'image', 'raw', wanted)
        self.subscription.add_listener(self.listener)
        self.publisher: Publisher = self.node.create_publisher(Image, 'image', 1)

    def until(self, condition: Callable[[], object]) -> None:
        """Process messages until a condition holds."""

        def spun() -> object:
            self._executor.spin_once(timeout_sec=0.02)
            return condition()

        wait_until(spun)

    def spin(self) -> None:
        """Process messages for a moment."""
        began_s = time.monotonic()
        self.until(lambda: time.monotonic() > began_s + 0.3)


@pytest.fixture
def reception(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reception]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = Context()
    with reserved_domain_id() as number:
        rclpy.init(context=context, domain_id=number)
        received = Reception(context)
        yield received
        received.node.destroy_node()
        rclpy.shutdown(context=context)


def test_bytes_that_are_no_image_cost_nothing(reception: Reception) -> None:
    good = serialize_message(image_message(np.zeros((4, 6, 3), np.uint8), Header()))
    liar = good[:-72] + b'\xff\xff\xff\xff'
    for hostile in (b'\xff' * 40, good[:30], liar, b'\x00\x01\x00\x00', good):
        reception.publisher.publish(hostile)
        reception.spin()
    assert [image.bgr().shape for image in reception.images] == [(4, 6, 3)]
    assert reception.listener.received == 1
    assert reception.listener.skipped == 0


def test_what_has_no_bytes_is_cleared_away_by_a_new_subscription(reception: Reception) -> None:
    first = reception.subscription._subscription
    reception.subscription._on_bytes_with_info(b'', {'publication_sequence_number': 2**40})
    assert reception.images == []
    reception.subscription.refresh()
    second = reception.subscription._subscription
    assert second is not first
    reception.subscription.refresh()
    assert reception.subscription._subscription is second
    reception.until(lambda: reception.publisher.get_subscription_count() == 1)
    reception.publisher.publish(image_message(np.zeros((4, 6, 3), np.uint8), Header()))
    reception.until(lambda: reception.images)


def test_an_image_after_a_take_without_bytes_is_not_taken_for_a_repeated_one(
    reception: Reception,
) -> None:
    good = serialize_message(image_message(np.zeros((4, 6, 3), np.uint8), Header()))
    info = {'publication_sequence_number': 1, 'source_timestamp': 1_000}
    for serialized in (b'', good, good):
        reception.subscription._on_bytes_with_info(serialized, info)
    # Only a transient local subscription receives what was received before.
    assert len(reception.images) == 2
