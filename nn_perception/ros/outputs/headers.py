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


def window_header(stamp_s: float, frame_id: str) -> Header:
    """
    Build the header of what was heard in a window.

    :param stamp_s: time of the window's end in seconds; a float holds microseconds
    :param frame_id: of the microphone
    """
    seconds, microseconds = divmod(round(stamp_s * 1e6), 1_000_000)
    return make_header(Time(sec=seconds, nanosec=microseconds * 1000), frame_id)
