"""Folders of pictures on the command line."""

from __future__ import annotations

import os
from pathlib import Path

from nn_perception.cli.pictures import find_pictures, Picture
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


def paths(pictures: list[Picture], root: Path) -> list[str]:
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
    assert picture.error.startswith(f'{tmp_path} contains no pictures (.bmp, .jpeg')


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
    assert last == Picture(str(folder / 'g'), f'{folder / "g"} cannot be read: Permission denied')
