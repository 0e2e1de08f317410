"""Records of the command are equal when its results are, and only then."""

from __future__ import annotations

from collections.abc import Callable
import filecmp
import json
from pathlib import Path
from types import ModuleType

import pytest

# Stands for the package: answers as the command does, and copies the bag that it is given.
COMMAND = """
import json, shutil, sys
verb, *words = sys.argv[1:]
if verb == 'bag':
    source, output = words[0], words[1]
    shutil.copytree(source, output)
    print(json.dumps({'bag': output, 'images': 1}))
else:
    files = [word for word in words if word.endswith('.png')]
    for file in files:
        print(json.dumps({'file': file, 'words': [verb, WORD, *words[: -len(files)]]}))
sys.exit(STATUS)
"""


@pytest.fixture(scope='module')
def tool(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool('record_outputs')


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder with two pictures and a bag."""
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import get_typestore, Stores

    folder = tmp_path / 'data'
    for name in ('b.png', 'a/c.png', 'a/notes.txt'):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text('')
    (folder / 'bags').mkdir()
    store = get_typestore(Stores.ROS2_HUMBLE)
    with Writer(
        folder / 'bags' / 'walk', version=8, storage_plugin=StoragePlugin.SQLITE3
    ) as writer:
        text = store.types['std_msgs/msg/String']
        topic = writer.add_connection('/text', text.__msgtype__, typestore=store)
        for stamp_ns, word in ((5, 'one'), (7, 'two')):
            content = store.serialize_cdr(text(word), text.__msgtype__)
            writer.write(topic, stamp_ns, content)
    return folder


def checkout(folder: Path, word: str = 'same', status: int = 0) -> Path:
    """Write a package whose results depend on a word; returns its root."""
    package = folder / 'nn_perception' / 'cli'
    package.mkdir(parents=True)
    (package.parent / '__init__.py').write_text('')
    (package / '__init__.py').write_text('')
    values = f'WORD, STATUS = {word!r}, {status}\n'
    (package / '__main__.py').write_text(values + COMMAND)
    return folder


def record(tool: ModuleType, data: Path, output: Path, root: Path) -> int:
    return int(tool.main([str(data), str(output), '--package-root', str(root)]))


def test_every_verb_sees_every_picture_once(tool: ModuleType, data: Path, tmp_path: Path) -> None:
    assert record(tool, data, tmp_path / 'out', checkout(tmp_path / 'old')) == 0
    found = {}
    for name in ('tag', 'digits', 'pose_fast', 'pose_accurate'):
        lines = (tmp_path / 'out' / f'{name}.jsonl').read_text().splitlines()
        entries = [json.loads(line) for line in lines]
        assert [entry['file'] for entry in entries] == ['a/c.png', 'b.png']
        found[name] = entries[0]['words']
    assert found['tag'] == ['tag', 'same', '--json']
    assert found['pose_accurate'] == ['pose', 'same', '--json', '--preset', 'accurate']


def test_a_bag_is_recorded_message_by_message(
    tool: ModuleType, data: Path, tmp_path: Path
) -> None:
    assert record(tool, data, tmp_path / 'out', checkout(tmp_path / 'old')) == 0
    lines = (tmp_path / 'out' / 'bag_walk.jsonl').read_text().splitlines()
    summary, topic, *messages = [json.loads(line) for line in lines]
    assert summary == {'summary': {'images': 1}}
    assert (topic['topic'], topic['type'], topic['count']) == ('/text', 'std_msgs/msg/String', 2)
    assert [message['timestamp_ns'] for message in messages] == [5, 7]
    assert len({message['sha256'] for message in messages}) == 2


@pytest.mark.parametrize(('word', 'equal'), [('same', True), ('other', False)])
def test_records_are_equal_when_the_results_are(
    tool: ModuleType, data: Path, tmp_path: Path, word: str, equal: bool
) -> None:
    before, after = tmp_path / 'before', tmp_path / 'after'
    assert record(tool, data, before, checkout(tmp_path / 'old')) == 0
    assert record(tool, data, after, checkout(tmp_path / 'new', word)) == 0
    names = sorted(path.name for path in before.iterdir())
    assert names == sorted(path.name for path in after.iterdir())
    _, different, errors = filecmp.cmpfiles(before, after, names, shallow=False)
    assert not errors
    assert (different == []) is equal


def test_failed_pictures_are_recorded_and_a_failed_command_is_not(
    tool: ModuleType, data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert record(tool, data, tmp_path / 'one', checkout(tmp_path / 'p', status=1)) == 0
    assert record(tool, data, tmp_path / 'two', checkout(tmp_path / 'q', status=2)) == 2
    assert 'tag ended with status 2' in capfd.readouterr().err


def test_old_records_are_not_mixed_with_new_ones(
    tool: ModuleType, data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'out').mkdir()
    assert record(tool, data, tmp_path / 'out', checkout(tmp_path / 'old')) == 2
    assert 'exists' in capfd.readouterr().err
