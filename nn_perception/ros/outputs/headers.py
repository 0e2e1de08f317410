"""Headers of messages."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from rclpy.node import Node
from std_msgs.msg import Header


def make_header(stamp: Time, frame_id: str = '') -> Header:
    """Build a header."""
    return Header(stamp=stamp, frame_id=frame_id)


def current_header(node: Node) -> Header:
    """Build a header with a node's current time and no frame."""
    return make_header(node.get_clock().now().to_msg())
