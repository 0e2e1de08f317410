"""Connections of the same kind become one."""

from __future__ import annotations

import time

from nn_perception.bags.storage.connection import Connection, ConnectionTable, Definition
from nn_perception.bags.topics import result_qos
import pytest

TEXT = Definition('ros2msg', b'string data')
OTHER = Definition('ros2msg', b'int32 data')
EMPTY = Definition('ros2msg', b'')


def connection(definition: Definition, **more: object) -> Connection:
    return Connection(7, '/a', 'std_msgs/msg/String', 'cdr', definition, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ('definitions', 'places'),
    [
        ([TEXT, TEXT], [0, 0]),
        ([TEXT, OTHER, TEXT], [0, 1, 0]),
        ([TEXT, EMPTY, OTHER, EMPTY], [0, 0, 1, 0]),
        ([EMPTY, TEXT, TEXT, OTHER], [0, 0, 0, 1]),
        ([Definition(), EMPTY], [0, 0]),
    ],
)
def test_places(definitions: list[Definition], places: list[int]) -> None:
    table = ConnectionTable()
    assert [table.add(connection(each, msgcount=1)) for each in definitions] == places
    assert [each.id for each in table.connections] == sorted(set(places))
    assert sum(each.msgcount for each in table.connections) == len(places)
    assert table.find('/a', 'std_msgs/msg/String', 'cdr') == 0
    assert table.find('/a', 'std_msgs/msg/String', 'json') is None


def test_what_is_joined() -> None:
    table = ConnectionTable()
    table.add(connection(EMPTY, qos=(result_qos(),), extra={'a': '1', 'b': '2'}))
    table.add(connection(TEXT, qos=(result_qos(),), extra={'a': '3'}, digest='x'))
    table.add(connection(TEXT, qos=(result_qos()._replace(depth=1),), digest='y'))
    (joined,) = table.connections
    assert (joined.definition, joined.digest, joined.extra) == (TEXT, 'x', {'a': '1', 'b': '2'})
    assert [qos.depth for qos in joined.qos] == [10, 1]


def test_many_definitions_of_one_topic() -> None:
    table, started_s = ConnectionTable(), time.process_time()
    for number in range(60_000):
        table.add(connection(Definition('ros2msg', b'%d' % number)))
    assert len(table.connections) == 60_000
    assert time.process_time() - started_s < 20.0


def test_names_of_types() -> None:
    for given, name in (
        ('sensor_msgs/Image', 'sensor_msgs/msg/Image'),
        ('sensor_msgs/msg/Image', 'sensor_msgs/msg/Image'),
        ('Image', 'Image'),
        ('foxglove.Image', 'foxglove.Image'),
        ('', ''),
    ):
        assert Connection(0, '/a', given).ros_type == name
