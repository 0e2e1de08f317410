from pathlib import Path
import threading

from nn_perception.core.files.storage import cache_folder, lock, write_atomically
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


def test_writing_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / 'file'
    write_atomically(path, b'one')
    write_atomically(path, b'two')
    assert path.read_bytes() == b'two'
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_lock_has_one_owner(tmp_path):
    order = []

    def wait():
        with lock(tmp_path / 'lock'):
            order.append('second')

    with lock(tmp_path / 'lock'):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.2)
        order.append('first')
    thread.join(5.0)
    assert order == ['first', 'second']
