"""Messages become what ``--json`` writes."""

from __future__ import annotations

import json
import math

from nn_perception.core.results import Box, Digit, Keypoint, Person, Tag
from nn_perception.ros.outputs.result_messages import RESULT_MESSAGES
from nn_perception.ros.studio.result_values import (
    digit_values,
    MAX_DIGITS,
    MAX_PEOPLE,
    MAX_TAGS,
    people_values,
    tag_values,
)
import pytest
from std_msgs.msg import Header

NAN = math.nan
BOX = Box(10.25, 20.5, 30.0, 40.0)
KEYPOINTS = tuple(Keypoint(float(i), 2.0 * i, 0.5) for i in range(17))


def digit(label: str, left: float, top: float = 0.0) -> Digit:
    return Digit(label, 0.875, Box(left, top, 10.0, 20.0))


def test_tags() -> None:
    tags = [Tag('espresso', 0.9612341), Tag('cup', 0.03)]
    values = tag_values(RESULT_MESSAGES.classification(tags, Header()))
    assert values == {
        'tags': [{'label': 'espresso', 'score': 0.961234}, {'label': 'cup', 'score': 0.03}]
    }
    assert tag_values(RESULT_MESSAGES.classification([], Header())) == {'tags': []}


def test_digits_with_the_lines_of_the_text() -> None:
    digits = [digit('4', 0.0), digit('2', 12.0), digit('7', 0.0, 50.0)]
    msg = RESULT_MESSAGES.detections(digits, Header())
    values = digit_values(msg, '4\n27')
    assert values['lines'] == ['4', '27']
    assert values['digits'][0] == {'digit': '4', 'score': 0.875, 'bbox': [0.0, 0.0, 10.0, 20.0]}
    # The text of another image, and none.
    assert digit_values(msg, '43\n7')['lines'] == ['42', '7']
    assert digit_values(msg)['lines'] == ['42', '7']
    assert digit_values(RESULT_MESSAGES.detections([], Header()), '') == {
        'digits': [],
        'lines': [],
    }


def test_people() -> None:
    person = Person(0.75, BOX, KEYPOINTS, 'p3')
    values = people_values(RESULT_MESSAGES.human_poses([person], Header()))
    (found,) = values['people']
    assert found['id'] == 'p3' and found['score'] == 0.75
    assert found['bbox'] == [10.25, 20.5, 30.0, 40.0]
    assert found['keypoints'] == [[float(i), 2.0 * i, 0.5] for i in range(17)]


@pytest.mark.parametrize('bad', [NAN, math.inf, -math.inf])
def test_what_is_no_number_is_left_out(bad: float) -> None:
    tags = RESULT_MESSAGES.classification([Tag('a', bad), Tag('b', 0.5)], Header())
    assert [tag['label'] for tag in tag_values(tags)['tags']] == ['b']
    digits = [Digit('1', bad, BOX), Digit('2', 0.5, Box(bad, 0, 1, 1)), digit('3', 0.0)]
    assert [one['digit'] for one in digit_values(message(digits))['digits']] == ['3']
    unseen = (Keypoint(bad, 0.0, 0.0), *KEYPOINTS[1:])
    people = [Person(0.5, BOX, unseen, 'bad'), Person(0.5, BOX, KEYPOINTS, 'good')]
    values = people_values(RESULT_MESSAGES.human_poses(people, Header()))
    assert [one['id'] for one in values['people']] == ['good']
    json.dumps(values, allow_nan=False)


def message(digits: list[Digit]) -> object:
    return RESULT_MESSAGES.detections(digits, Header())


def test_nothing_is_without_a_limit() -> None:
    tags = RESULT_MESSAGES.classification([Tag('x' * 5000, 0.5)] * (MAX_TAGS + 1), Header())
    values = tag_values(tags)['tags']
    assert len(values) == MAX_TAGS and len(values[0]['label']) == 1000
    digits = [digit('1', 12.0 * i) for i in range(MAX_DIGITS + 1)]
    text = '1' * MAX_DIGITS
    assert len(digit_values(message(digits), text)['digits']) == MAX_DIGITS
    people = [Person(0.5, BOX, KEYPOINTS, 'p')] * (MAX_PEOPLE + 1)
    many = people_values(RESULT_MESSAGES.human_poses(people, Header()))
    assert len(many['people']) == MAX_PEOPLE


def test_a_detection_without_a_class_is_left_out() -> None:
    msg = message([digit('1', 0.0), digit('2', 12.0)])
    msg.detections[0].results.clear()
    assert digit_values(msg)['lines'] == ['2']
