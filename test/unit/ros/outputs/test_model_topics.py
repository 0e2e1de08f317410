"""Messages about the model that a node runs."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from nn_perception.ros.outputs.model_topics import label_info, vision_info
from std_msgs.msg import Header

HEADER = Header(stamp=Time(sec=1_700_000_000, nanosec=123_456_789), frame_id='optical')


def test_label_info() -> None:
    msg = label_info(('cat', 'dog'), 0.25, HEADER)
    assert msg.header == HEADER
    assert [(c.class_id, c.class_name) for c in msg.class_map] == [(0, 'cat'), (1, 'dog')]
    assert msg.threshold == 0.25


def test_vision_info() -> None:
    msg = vision_info('lite0 1', '/weights/lite0.safetensors', 3, HEADER)
    assert msg.header == HEADER
    assert (msg.method, msg.database_location, msg.database_version) == (
        'lite0 1',
        '/weights/lite0.safetensors',
        3,
    )
