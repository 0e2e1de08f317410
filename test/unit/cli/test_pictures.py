"""Pictures and folders of them on the command line."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
from typing import Any

from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.files import InputFile
from nn_perception.cli.pictures import find_pictures, process_pictures, Verb
from nn_perception.core.imaging.formats.container import MAX_PIXELS
from nn_perception.core.imaging.image_files import encode_png
import numpy as np
import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Create files, some of which look like pictures."""
    names = (
        '10.jpg', '2.JPEG', 'a.txt', '.b.jpg', 'c.jpg/d.png', '.e/f.jpg', 'g/h/i.tiff', 'g/j.gz',
    )  # fmt: skip
    for name in names:
        path = tmp_path / 'pictures' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / 'pictures' / 'g' / 'loop').symlink_to(tmp_path)
    return tmp_path / 'pictures'


def paths(pictures: list[InputFile], root: Path) -> list[str]:
    assert not [picture.error for picture in pictures if picture.error]
    return [os.path.relpath(picture.path, root) for picture in pictures]


def test_a_folder_with_its_subfolders_in_natural_order(folder: Path) -> None:
    found = find_pictures([str(folder)])
    assert paths(found, folder) == ['2.JPEG', '10.jpg', 'c.jpg/d.png', 'g/h/i.tiff']
    assert all(picture.path.startswith(f'{folder}{os.sep}') for picture in found)


def test_files_and_folders_keep_their_order(folder: Path) -> None:
    given = [str(folder / 'a.txt'), str(folder / 'g'), str(folder / 'missing.jpg')]
    # A file that is named is taken whatever it is called.
    assert paths(find_pictures(given), folder) == ['a.txt', 'g/h/i.tiff', 'missing.jpg']


def test_a_folder_inside_may_be_left_out(folder: Path) -> None:
    found = find_pictures([str(folder)], leave_out=folder / 'g')
    assert paths(found, folder) == ['2.JPEG', '10.jpg', 'c.jpg/d.png']
    # It is taken where it is what the user asks for.
    assert paths(find_pictures([str(folder / 'g')], folder / 'g'), folder) == ['g/h/i.tiff']


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / 'a.txt').touch()
    (picture,) = find_pictures([str(tmp_path)])
    assert picture.path == str(tmp_path)
    assert picture.error.startswith(f'{tmp_path} contains no pictures (.bmp, .gif')


def test_a_folder_that_cannot_be_read_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path == str(folder / 'g'):
            raise PermissionError(13, 'Permission denied', path)
        return scandir(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    *found, last = find_pictures([str(folder)])
    assert paths(found, folder) == ['2.JPEG', '10.jpg', 'c.jpg/d.png']
    assert last == InputFile(
        str(folder / 'g'), f'{folder / "g"} cannot be read: Permission denied'
    )


def test_pictures_of_kinds_that_cannot_be_read_are_not_passed_over(tmp_path: Path) -> None:
    for name in ('a.HEIC', 'b.avif', 'c.jpg'):
        (tmp_path / name).touch()
    assert paths(find_pictures([str(tmp_path)]), tmp_path) == ['a.HEIC', 'b.avif', 'c.jpg']


@pytest.mark.parametrize('error', [ValueError('why'), OSError('why'), RuntimeError('why')])
def test_an_error_of_one_picture_is_its_result(
    tmp_path: Path, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_file: str, _image: object) -> str:
        raise error

    assert status_of(tmp_path, fail) == ExitStatus.FAILED
    assert json.loads(capsys.readouterr().out)['error'] == 'why'


def test_a_lack_of_memory_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_file: str, _image: object) -> str:
        raise MemoryError

    assert status_of(tmp_path, fail) == ExitStatus.FAILED
    reason = json.loads(capsys.readouterr().out)['error']
    assert reason.endswith('picture.png needs more memory than is available')


def test_the_largest_picture_can_be_another_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(tmp_path, lambda _file, _image: 'read', 12) == ExitStatus.OK
    assert json.loads(capsys.readouterr().out)['text'] == 'read'
    assert status_of(tmp_path, lambda _file, _image: 'read', 11) == ExitStatus.FAILED
    assert 'too large: 4 x 3 pixels' in json.loads(capsys.readouterr().out)['error']


def status_of(
    folder: Path, process: Callable[[str, Any], str], max_pixels: int = MAX_PIXELS
) -> ExitStatus:
    """Process one picture of 4 x 3 pixels."""
    path = folder / 'picture.png'
    path.write_bytes(encode_png(np.zeros((3, 4, 3), np.uint8)))
    verb = Verb(process, lambda text: {'text': text}, str, max_pixels)
    return process_pictures(find_pictures([str(path)]), verb, as_json=True)
