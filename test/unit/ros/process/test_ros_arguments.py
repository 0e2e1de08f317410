"""ROS arguments of the process."""

from __future__ import annotations

from pathlib import Path

from nn_perception.ros.process.ros_arguments import RosArguments
import pytest

COMMAND = (
    'perception -r ignored:=x --ros-args -r image:=/cam -p top_k:=3 --remap tagger:__node:=tags '
    '--param digit_reader:ink:=dark --params-file mine.yaml --log-level warn -- -p ignored:=1 '
    '--ros-args -p nodes:=[tagger]'
).split()


def test_only_ros_arguments_count() -> None:
    given = RosArguments.parse(COMMAND)
    assert given.remappings == ('image:=/cam', 'tagger:__node:=tags')
    assert given.parameters == ('top_k:=3', 'digit_reader:ink:=dark', 'nodes:=[tagger]')
    assert given.parameter_files == (Path('mine.yaml'),)


@pytest.mark.parametrize(
    ('rules', 'name'),
    [
        ('', 'tagger'),
        ('-r __node:=perception', 'tagger'),
        ('-r __name:=perception -r __ns:=/robot', 'tagger'),
        ('-r tagger:__node:=x', 'x'),
        ('-r __node:=perception --remap tagger:__name:=x -r tagger:__node:=y', 'x'),
        ('-r digit_reader:__node:=x', 'tagger'),
        ('-r tagger:image:=/cam -r tagger:__ns:=/x', 'tagger'),
        # What ends in the middle is rejected by rclpy.
        ('-r', 'tagger'),
    ],
)
def test_a_name_for_the_process_is_not_for_its_nodes(rules: str, name: str) -> None:
    given = RosArguments.parse(['--ros-args', *rules.split()])
    assert given.name_of('tagger') == name
