"""What others can change is not trusted."""

from __future__ import annotations

import os
from pathlib import Path

from nn_perception.core.files.private import check_trusted, open_privately
import pytest


def test_an_own_folder_is_trusted(tmp_path: Path) -> None:
    for mode in (0o700, 0o755, 0o500):
        tmp_path.chmod(mode)
        check_trusted(tmp_path)
    tmp_path.chmod(0o700)


@pytest.mark.parametrize('mode', [0o720, 0o702, 0o777, 0o1777])
def test_what_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(PermissionError, match=f'others can write to {tmp_path}'):
        check_trusted(tmp_path)


def test_what_belongs_to_others_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, 'geteuid', lambda: owner + 1)
    monkeypatch.setattr('nn_perception.core.files.private.ROOT', owner + 2)
    with pytest.raises(PermissionError, match=f'{tmp_path} belongs to another user'):
        check_trusted(tmp_path)


def test_a_link_is_as_trusted_as_its_target(tmp_path: Path) -> None:
    (tmp_path / 'target').mkdir(0o755)
    (tmp_path / 'link').symlink_to('target')
    check_trusted(tmp_path / 'link')
    (tmp_path / 'target').chmod(0o777)
    with pytest.raises(PermissionError):
        check_trusted(tmp_path / 'link')


def test_an_existing_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    path.touch(0o640)
    with open(path, 'ab', opener=open_privately):
        pass
    assert path.stat().st_mode & 0o777 == 0o640
