"""Messages of rosbags are equal to those of ROS, which the nodes publish."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nn_perception.bags.message_definitions import result_messages, result_types
from nn_perception.capabilities.messages import ResultMessages
from nn_perception.core.results import Digit, DigitReading, Keypoint, Person, Tag
import pytest
from rclpy.serialization import deserialize_message, serialize_message

STAMP, FRAME_ID = (1_700_000_000, 123_456_789), 'front camera ü'
TAGS = [Tag('espresso', 0.123456789), Tag('Čaj ☕', 1.0)]
ROWS = ((Digit('7', 0.99, (1.5, 2.25, 10.0, 20.0)), Digit('1', 0.8, (15.0, 2.0, 3.0, 21.0))),)
READING = DigitReading(ROWS, 9, capped=False)
JOINTS = tuple(Keypoint(3.1 * i, 2.7 * i, i / 17) for i in range(17))
PEOPLE = [Person(0.9, (1.0, 2.0, 3.0, 4.5), JOINTS, 'p1'), Person(0.5, (0, 0, 1, 1), JOINTS, 'p2')]
CASES = {
    'tags': ('classification', TAGS),
    'no tags': ('classification', []),
    'digits': ('detections', READING.digits),
    'no digits': ('detections', ()),
    'people': ('human_poses', PEOPLE),
    'nobody': ('human_poses', []),
}


def ros_type(name: str) -> Any:
    package, _, message = name.split('/')
    return getattr(import_module(f'{package}.msg'), message)


@pytest.mark.parametrize('case', CASES)
def test_messages_with_a_header(case: str) -> None:
    method, result = CASES[case]
    ours, theirs = (
        getattr(messages, method)(result, messages.header(STAMP, FRAME_ID))
        for messages in (result_messages(), ResultMessages(ros_type))
    )
    content = bytes(result_types().serialize_cdr(ours, ours.__msgtype__))
    published = serialize_message(theirs)
    assert deserialize_message(content, type(theirs)) == deserialize_message(
        published, type(theirs)
    )
    # Padding between values and in the last four bytes may be anything.
    assert abs(len(content) - len(published)) < 4


@pytest.mark.parametrize('lines', [(), ('123',), ('7', '1 2')])
def test_text(lines: tuple[str, ...]) -> None:
    ours, theirs = result_messages().text(lines), ResultMessages(ros_type).text(lines)
    content = bytes(result_types().serialize_cdr(ours, ours.__msgtype__))
    assert deserialize_message(content, type(theirs)) == theirs
