"""Messages of the diagnostics."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from nn_perception.ros.diagnostics.messages import diagnostic_array
from nn_perception.ros.diagnostics.status import Status
import pytest
from std_msgs.msg import Header

HEADER = Header(stamp=Time(sec=1_700_000_000, nanosec=123_456_789), frame_id='optical')


@pytest.mark.parametrize(
    ('level', 'expected'),
    [
        ('ok', DiagnosticStatus.OK),
        ('warn', DiagnosticStatus.WARN),
        ('error', DiagnosticStatus.ERROR),
    ],
)
def test_diagnostics(level: str, expected: bytes) -> None:
    values = {'rate_hz': '29.9', 'images_received': 3, 'nothing': None}
    msg = diagnostic_array('/tagger: images', '/image', Status(level, 'fine', values), HEADER)
    assert msg.header == HEADER
    (status,) = msg.status
    assert (status.name, status.hardware_id, status.message) == (
        '/tagger: images',
        '/image',
        'fine',
    )
    assert status.level == expected
    assert [(pair.key, pair.value) for pair in status.values] == [
        ('rate_hz', '29.9'),
        ('images_received', '3'),
        ('nothing', 'None'),
    ]


def test_what_is_long_is_cut() -> None:
    status = Status('warn', 'x' * 1_000_000, {'recording': 'y' * 1_000_000})
    (cut,) = diagnostic_array('/tagger: images', '/image', status, HEADER).status
    assert len(cut.message) < 2000
    assert len(cut.values[0].value) < 2000
