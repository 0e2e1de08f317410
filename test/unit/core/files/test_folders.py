"""Folders and the environment variables that choose them."""

from pathlib import Path

from nn_perception.core.files.folders import cache_folder, data_folder, folder_of
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
