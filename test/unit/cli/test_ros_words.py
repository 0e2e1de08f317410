"""Arguments of nodes that somebody gives to the command."""

from __future__ import annotations

from pathlib import Path

from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.main import main
import pytest

RUN = 'ros2 run nn_perception'


@pytest.mark.parametrize(
    ('words', 'advice'),
    [
        (['tag', 'image:=/cam', 'a.jpg'], f'{RUN} tagger --ros-args -r image:=/cam'),
        (['tag', '_model:=resnet50', 'a.jpg'], f'{RUN} tagger --ros-args -p model:=resnet50'),
        (['pose', 'image:=/cam'], f'{RUN} pose_estimator --ros-args -r image:=/cam'),
        (['digits', 'a.jpg', '--ros-args'], f'{RUN} digit_reader --ros-args'),
        (['bag', 'in', 'out', '_rate:=3'], f'{RUN} camera_source --ros-args -p rate:=3'),
        (['train', 'x:=y'], f'{RUN} fine_tuner --ros-args -r x:=y'),
        (['models', 'x:=y'], f'{RUN} tagger --ros-args -r x:=y'),
        (['tagger'], f'{RUN} tagger'),
        (['perception', '--ros-args'], f'{RUN} perception'),
    ],
)
def test_the_node_is_named(
    words: list[str], advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == ExitStatus.USAGE
    output, error = capsys.readouterr()
    assert output == ''
    assert error.startswith('nn_perception: ')
    assert advice in error
    assert error.count('\n') == 1


def test_a_file_of_such_a_name_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path('a:=b').write_bytes(b'no picture')
    assert main(['tag', 'a:=b']) == ExitStatus.FAILED
    assert 'ros2' not in capsys.readouterr().err
