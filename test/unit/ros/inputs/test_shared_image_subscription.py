"""Images that the nodes of a process share."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from nn_perception.ros.inputs.shared_image_subscription import (
    ReceivedImage,
    SharedImageSubscriptions,
    stamp_seconds,
)
from nn_perception.ros.outputs.image_messages import compressed_image_message, image_message
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
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
        first, second = (subscriptions.get(node, topic, 'raw', 'reliable') for node in askers)
        assert first is second
        assert first.topic == resolved
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)
