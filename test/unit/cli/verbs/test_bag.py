"""What ``nn_perception bag`` rejects, before it loads a network."""

from __future__ import annotations

from pathlib import Path
import sys

from nn_perception.cli.main import main
from nn_perception.core.inference.loaded_model import LoadedModel
import numpy as np
import pytest
from rosbags.rosbag2 import Writer
from rosbags.typesys import get_typestore, Stores

TYPES = get_typestore(Stores.ROS2_JAZZY)


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Write a bag with two image topics that have no messages."""
    with Writer(tmp_path / 'given', version=9) as writer:
        for topic in ('/left', '/right'):
            writer.add_connection(topic, 'sensor_msgs/msg/Image', typestore=TYPES)
        words = writer.add_connection('/words', 'std_msgs/msg/String', typestore=TYPES)
        writer.write(words, 1, np.zeros(9, np.uint8).tobytes())
    return tmp_path / 'given'


@pytest.fixture(autouse=True)
def no_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading a network is an error."""

    def fail(*_: object) -> None:
        raise AssertionError('a network is loaded')

    monkeypatch.setattr(LoadedModel, 'open', fail)


def rejection(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main(['bag', *map(str, words)]) == 2
    output, error = capsys.readouterr()
    assert output == ''
    assert error.startswith('nn_perception bag: ')
    assert error.count('\n') == 1
    return error


def test_rejections(tmp_path: Path, given: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(tmp_path.rglob('*'))
    out = tmp_path / 'out'
    assert 'none does not exist' in rejection(capsys, tmp_path / 'none', out)
    assert 'OUT must not be IN or inside it' in rejection(capsys, given, given)
    assert 'OUT must not be IN or inside it' in rejection(capsys, given, given / 'out')
    none = tmp_path / 'none'
    assert f'folder {none} does not exist' in rejection(capsys, given, none / 'out')
    assert f'{tmp_path} already exists' in rejection(capsys, given / 'given.db3', tmp_path)
    assert 'has images on several topics; choose one of: /left, /right' in rejection(
        capsys, given, out
    )
    assert 'no images on /words' in rejection(capsys, given, out, '--topic', '/words')
    assert 'contains no sound of type nn_perception_interfaces/msg/AudioChunk' in rejection(
        capsys, given, out, '--sounds'
    )
    assert '--sounds and --poses: choose one' in rejection(
        capsys, given, out, '--sounds', '--poses'
    )
    assert sorted(tmp_path.rglob('*')) == before
    (tmp_path / 'link').symlink_to(given)
    assert 'OUT must not be IN or inside it' in rejection(capsys, given, tmp_path / 'link')
    (tmp_path / 'dangling').symlink_to(tmp_path / 'nowhere')
    assert 'dangling already exists' in rejection(capsys, given, tmp_path / 'dangling')


def test_what_is_not_a_bag(
    tmp_path: Path, given: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = (given / 'given.db3').read_bytes()
    for name in ('cut.db3', 'cut.mcap', 'cut.bag', 'cut.txt'):
        (tmp_path / name).write_bytes(content[:5000])
        assert 'cannot be read as a bag' in rejection(capsys, tmp_path / name, tmp_path / 'out')


def test_without_rosbags(
    tmp_path: Path,
    given: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, 'rosbags.rosbag2', None)
    assert 'needs the Python package rosbags' in rejection(capsys, given, tmp_path / 'out')
