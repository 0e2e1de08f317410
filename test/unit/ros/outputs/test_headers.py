"""Headers."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from nn_perception.ros.outputs.headers import make_header
from std_msgs.msg import Header


def test_header() -> None:
    stamp = Time(sec=1_700_000_000, nanosec=123_456_789)
    assert make_header(stamp, 'optical') == Header(stamp=stamp, frame_id='optical')
