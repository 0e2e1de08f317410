"""Locks between processes; flock treats each open file as an owner of its own."""

import threading

from nn_perception.core.files.locks import lock, shared_lock, writer_lock
import pytest


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


def test_a_second_writer_is_rejected(tmp_path):
    path = tmp_path / 'lock'
    with (
        writer_lock(path, 'the data set'),
        pytest.raises(
            BlockingIOError, match='the data set is already open for writing in process'
        ),
        writer_lock(path, 'the data set'),
    ):
        pass
    with writer_lock(path, 'the data set'):
        pass


def test_readers_share_a_lock_and_need_no_file(tmp_path):
    with shared_lock(tmp_path / 'none'), shared_lock(tmp_path / 'none'):
        pass
    (tmp_path / 'lock').touch()
    with shared_lock(tmp_path / 'lock'), shared_lock(tmp_path / 'lock'):
        pass
