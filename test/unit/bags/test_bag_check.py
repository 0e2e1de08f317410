"""What cannot be copied is known before the networks work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import sqlite3
from typing import Any

from nn_perception.bags import bag_check
from nn_perception.bags.annotation import Annotation, AnnotationRequest
import pytest

SECOND = 1_000_000_000


def loaded() -> Any:
    raise AssertionError('the networks are loaded')


def reject(given: Path, output: Path, storage: str = '') -> str:
    """Return the reason, which comes before the networks and leaves nothing."""
    before = sorted(output.parent.iterdir())
    request = AnnotationRequest(given, output, loaded, storage=storage)
    with pytest.raises((ValueError, OSError)) as error, Annotation(request) as annotation:
        list(annotation.run())
    assert sorted(output.parent.iterdir()) == before
    return str(error.value)


@pytest.fixture
def given(tmp_path: Path, recording: Any, picture: Callable[..., Any]) -> Path:
    images = [('/image', i * SECOND, recording.raw(5, picture(i))) for i in range(4)]
    return recording.write(tmp_path / 'given', images)


def change(bag: Path, statement: str) -> None:
    with sqlite3.connect(bag / f'{bag.name}.db3') as connection:
        connection.execute(statement)
    connection.close()


def test_times_that_no_bag_can_hold(tmp_path: Path, given: Path) -> None:
    change(given, 'UPDATE messages SET timestamp = -5 WHERE id = 3')
    assert 'on /image was recorded at -5 ns' in reject(given, tmp_path / 'made', 'mcap')
    change(given, f'UPDATE messages SET timestamp = {2**63 - 1} WHERE id = 3')
    assert f'was recorded at {2**63 - 1} ns' in reject(given, tmp_path / 'made')


def test_damage_behind_the_images(tmp_path: Path, given: Path) -> None:
    change(given, 'UPDATE messages SET data = 5 WHERE id = 4')
    assert 'row 4 is not a message' in reject(given, tmp_path / 'made')


@pytest.mark.parametrize('stated', ['3', '5', '1000000000000'])
def test_another_number_of_messages(tmp_path: Path, given: Path, stated: str) -> None:
    path = given / 'metadata.yaml'
    path.write_text(path.read_text().replace('message_count: 4', f'message_count: {stated}'))
    assert f'contains 4 messages, but states {stated}' in reject(given, tmp_path / 'made')


def test_a_disk_that_is_too_small(
    tmp_path: Path, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 300

    monkeypatch.setattr(bag_check.shutil, 'disk_usage', lambda _: Usage)
    reason = reject(given, tmp_path / 'made')
    assert ('the copy needs more than the 0 MB that are free in ') in reason


@pytest.mark.parametrize('mode', ['MESSAGE', 'FILE', 'STORAGE'])
def test_damage_in_compressed_bags(
    tmp_path: Path, recording: Any, picture: Callable[..., Any], mode: str
) -> None:
    images = [('/image', i, recording.raw(5, picture(i, (99, 99, 3)))) for i in range(90)]
    given = recording.write(tmp_path / 'given', images, storage='mcap', compression=mode)
    (path,) = (path for path in given.iterdir() if path.suffix != '.yaml')
    # One of the last frames loses its first bytes.
    first, magic, last = path.read_bytes().rpartition(b'\x28\xb5\x2f\xfd')
    path.write_bytes(first + bytes(len(magic)) + last)
    assert 'cannot be read as a bag' in reject(given, tmp_path / 'made')
