"""Headers and stamps."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from nn_perception.ros.outputs.headers import make_header, stamp_seconds
import pytest
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


def test_header() -> None:
    stamp = Time(sec=1_700_000_000, nanosec=123_456_789)
    assert make_header(stamp, 'optical') == Header(stamp=stamp, frame_id='optical')
