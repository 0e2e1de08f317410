"""Folders and the environment variables that choose them."""

import os
from pathlib import Path

from nn_perception.core.files.folders import (
    cache_folder,
    data_folder,
    folder_of,
    make_folders,
    trusted_folder,
)
import pytest


@pytest.mark.parametrize(
    ('own', 'xdg', 'expected'),
    [
        ('/a/b', '/c', '/a/b'),
        (None, '/c', '/c/nn_perception'),
        (None, None, '/home/x/.cache/nn_perception'),
        ('', 'relative', '/home/x/.cache/nn_perception'),
        ('~/d', None, '/home/x/d'),
    ],
)
def test_cache_folder(monkeypatch, own, xdg, expected):
    monkeypatch.setenv('HOME', '/home/x')
    for name, value in (('NN_PERCEPTION_CACHE', own), ('XDG_CACHE_HOME', xdg)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected)


@pytest.mark.parametrize(
    ('own', 'xdg', 'expected'),
    [
        ('/a/b', '/c', '/a/b'),
        (None, '/c', '/c/nn_perception'),
        (None, None, '/home/x/.local/share/nn_perception'),
    ],
)
def test_data_folder(monkeypatch, own, xdg, expected):
    monkeypatch.setenv('HOME', '/home/x')
    for name, value in (('NN_PERCEPTION_DATA', own), ('XDG_DATA_HOME', xdg)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert data_folder() == Path(expected)
    assert folder_of('models') == Path(expected, 'models')
    assert folder_of('models', '~/mine') == Path('/home/x/mine')


@pytest.mark.parametrize('umask', [0o000, 0o022, 0o077])
def test_new_folders_are_private_whatever_the_umask(tmp_path, umask):
    tmp_path.chmod(0o755)
    before = os.umask(umask)
    try:
        make_folders(tmp_path / 'a' / 'b' / 'c')
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob('*')} == {0o700}
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_exists_keeps_its_mode(tmp_path):
    (tmp_path / 'shared').mkdir(0o750)
    make_folders(tmp_path / 'shared')
    assert (tmp_path / 'shared').stat().st_mode & 0o777 == 0o750
    (tmp_path / 'shared').chmod(0o770)
    with pytest.raises(PermissionError, match='others can write'):
        trusted_folder(tmp_path / 'shared')


def test_a_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(NotADirectoryError):
        make_folders(tmp_path / 'file' / 'folder')
