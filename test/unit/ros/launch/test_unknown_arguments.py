"""Launch arguments that a launch file does not have."""

from __future__ import annotations

from pathlib import Path

from nn_perception.ros.launch.unknown_arguments import check_command_line, probable_misspellings
import pytest

NAMES = ('image', 'model', 'transport', 'params_file')


@pytest.fixture
def folder(repository: Path) -> Path:
    """Return the folder of the launch files."""
    return repository / 'launch'


@pytest.mark.parametrize(
    ('given', 'sentence'),
    [
        ('imagee:=/cam', "'imagee': unknown argument; did you mean image"),
        ('image:=/cam modle:=x', "'modle': unknown argument; did you mean model"),
        ('param_file:=x', 'did you mean params_file'),
        ('zoom:=3', "'zoom': unknown argument; expected one of image, model"),
        (':=3', "'': unknown argument"),
        ('y' * 9999 + ':=3', r"^'y{10,40}\.\.\.': unknown argument"),
    ],
)
def test_on_the_command_line(folder: Path, given: str, sentence: str) -> None:
    for file in ('nn_perception tagger.launch.py', str(folder / 'tagger.launch.py')):
        with pytest.raises(ValueError, match=sentence):
            check_command_line(['ros2', 'launch', *file.split(), *given.split()], NAMES, folder)


@pytest.mark.parametrize(
    'command',
    [
        'ros2 launch nn_perception tagger.launch.py image:=/cam model:=',
        'ros2 launch nn_perception tagger.launch.py emulate_tty:=true launch-prefix:=gdb',
        # It has arguments of its own.
        'ros2 launch nn_perception gazebo.launch.py wrold:=x',
        # Files of others, which include one of ours.
        'ros2 launch my_robot tagger.launch.py zoom:=3',
        'ros2 launch /home/me/tagger.launch.py zoom:=3',
        'ros2 launch my_robot robot.launch.py zoom:=3 package:=nn_perception',
        '',
    ],
)
def test_other_command_lines(folder: Path, command: str) -> None:
    check_command_line(command.split(), NAMES, folder)


def test_of_another_launch_file() -> None:
    given = (*NAMES, 'transprot', 'param_file', 'mode', 'robot', 'images2')
    assert probable_misspellings(given, NAMES) == [
        "'transprot': unknown argument; did you mean transport?",
        "'param_file': unknown argument; did you mean params_file?",
    ]
