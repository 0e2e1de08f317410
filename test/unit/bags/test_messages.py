"""Messages in bags are equal to those that the nodes publish."""

from __future__ import annotations

from typing import Any

from nn_perception.bags import messages
from nn_perception.bags.message_definitions import result_types
from nn_perception.core.results import Digit, DigitReading, Keypoint, Person, Tag
from nn_perception.ros.outputs.result_messages import RESULT_MESSAGES
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

STAMP, FRAME_ID = (1_700_000_000, 123_456_789), 'front camera ü'
TAGS = [Tag('espresso', 0.123456789), Tag('Čaj ☕', 1.0)]
ROWS = ((Digit('7', 0.99, (1.5, 2.25, 10.0, 20.0)), Digit('1', 0.8, (15.0, 2.0, 3.0, 21.0))),)
READING = DigitReading(ROWS, 9, capped=False)
JOINTS = tuple(Keypoint(3.1 * i, 2.7 * i, i / 17) for i in range(17))
PEOPLE = [Person(0.9, (1.0, 2.0, 3.0, 4.5), JOINTS, 'p1'), Person(0.5, (0, 0, 1, 1), JOINTS, 'p2')]


def ros_header() -> Any:
    header = Header(frame_id=FRAME_ID)
    header.stamp.sec, header.stamp.nanosec = STAMP
    return header


HEADER = messages.header(STAMP, FRAME_ID)
CASES = {
    'tags': (messages.classification(TAGS, HEADER), RESULT_MESSAGES.classification, (TAGS,)),
    'no tags': (messages.classification([], HEADER), RESULT_MESSAGES.classification, ([],)),
    'digits': (messages.detections(READING.digits, HEADER), RESULT_MESSAGES.detections,
               (READING.digits,)),
    'no digits': (messages.detections((), HEADER), RESULT_MESSAGES.detections, ((),)),
    'people': (messages.human_poses(PEOPLE, HEADER), RESULT_MESSAGES.human_poses, (PEOPLE,)),
    'nobody': (messages.human_poses([], HEADER), RESULT_MESSAGES.human_poses, ([],)),
}  # fmt: skip


@pytest.mark.parametrize('case', CASES)
def test_messages_with_a_header(case: str) -> None:
    ours, build, arguments = CASES[case]
    theirs = build(*arguments, ros_header())
    content = bytes(result_types().serialize_cdr(ours, ours.__msgtype__))
    published = serialize_message(theirs)
    assert deserialize_message(content, type(theirs)) == deserialize_message(
        published, type(theirs)
    )
    # Padding between values and in the last four bytes may be anything.
    assert abs(len(content) - len(published)) < 4


@pytest.mark.parametrize('lines', [(), ('123',), ('7', '1 2')])
def test_text(lines: tuple[str, ...]) -> None:
    ours, theirs = messages.text(lines), RESULT_MESSAGES.text(lines)
    content = bytes(result_types().serialize_cdr(ours, ours.__msgtype__))
    assert deserialize_message(content, type(theirs)) == theirs
