"""QoS profiles of every shape."""

from __future__ import annotations

from typing import Any

from nn_perception.bags.storage.plain_yaml import load_yaml
from nn_perception.bags.storage.qos import qos_in_numbers, qos_in_words, read_qos
from nn_perception.bags.topics import result_qos
import pytest
from rosbags.rosbag2.metadata import dump_qos_v8, dump_qos_v9, parse_qos
import yaml


def test_both_forms_are_those_of_rosbags(recording: Any) -> None:
    text = dump_qos_v8([recording.latched])
    (profile,) = read_qos(text)
    assert qos_in_numbers([profile]) == text
    assert qos_in_words([profile]) == dump_qos_v9([recording.latched])
    assert parse_qos(qos_in_numbers([profile])) == [recording.latched]
    assert read_qos(load_yaml(yaml.safe_dump(qos_in_words([profile])))) == (profile,)
    assert qos_in_numbers(()) == ''
    assert qos_in_words(()) == []


@pytest.mark.parametrize('number', [1, 2, 3, 77])
def test_policies_without_a_name_are_unknown(number: int) -> None:
    words = qos_in_words([result_qos()])
    words[0]['liveliness'] = f'{number}'
    words[0]['history'] = 'keep_most'
    (profile,) = read_qos(load_yaml(yaml.safe_dump(words)))
    assert profile.history == 'unknown'
    assert profile.liveliness == {1: 'automatic', 2: 'manual_by_node', 3: 'manual_by_topic'}.get(
        number, 'unknown'
    )


@pytest.mark.parametrize(
    'given',
    [
        None, '', '~', '[]', [], {}, 'reliable', 'depth: 5', '- reliable', ['reliable'], '3', '[[',
        '- history: 1', [{'history': 'keep_last'}], '*a', 'x' * 200_000, [None], [[]],
        '- {history: 1, depth: many}', ['a', {'b': ['c']}], '&a [*a]', {'history': 'keep_last'},
    ],
)  # fmt: skip
def test_other_shapes_are_ignored(given: Any) -> None:
    assert read_qos(given) == ()


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('depth', '-1'), ('depth', '9' * 40), ('depth', None), ('deadline', '3'),
        ('deadline', {'sec': '1'}), ('lifespan', {'sec': '1', 'nsec': '-5'}), ('history', None),
        ('avoid_ros_namespace_conventions', None), ('reliability', ['reliable']),
    ],
)  # fmt: skip
def test_a_profile_with_a_wrong_part_is_ignored(name: str, value: Any) -> None:
    words = load_yaml(yaml.safe_dump(qos_in_words([result_qos()])))
    assert read_qos(words) == (result_qos(),)
    words[0][name] = value
    assert read_qos(words) == ()
