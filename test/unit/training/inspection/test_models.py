"""Processes that look into models: shared, limited, and ended when nobody needs them."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading

from fake_network import LAYERS, PICTURE
from nn_perception.training.inspection import model_process
from nn_perception.training.inspection.inspectable import LookRequest
from nn_perception.training.inspection.models import ModelInspectable, ModelInspectors
import numpy as np
from patience import wait_until
import pytest


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_process, 'MODULE', 'fake_network')


@pytest.fixture
def pool() -> Iterator[ModelInspectors]:
    inspectors = ModelInspectors(idle_s=600.0)
    yield inspectors
    inspectors.close()


def pids(pool: ModelInspectors) -> list[int]:
    return [one._process.pid for one in pool._processes.values() if one.alive]


def test_viewers_share_a_process_and_have_pictures_of_their_own(pool: ModelInspectors) -> None:
    one, other = pool.open('a'), pool.open('a')
    assert len(pids(pool)) == 1
    assert one.layers() == LAYERS
    one.look(LookRequest(PICTURE))
    with pytest.raises(ValueError, match='there is no picture yet'):
        other.look(LookRequest(None))
    np.testing.assert_array_equal(one.look(LookRequest(None)).seen, PICTURE)
    assert one.value('a', (1, 2)) == 3.0
    assert one.region('a', (1,))[0].first == (1,)
    assert one.arithmetic('a', (1,)).element == (1,)


def test_a_killed_process_is_said_and_the_next_request_starts_another(
    pool: ModelInspectors,
) -> None:
    viewer = pool.open('a')
    viewer.look(LookRequest(PICTURE))
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(
        RuntimeError, match=r'^The process that looks into a has ended: .* by signal 9\.$'
    ):
        viewer.layers()
    # The last picture is looked at again.
    np.testing.assert_array_equal(viewer.look(LookRequest(None)).seen, PICTURE)
    assert pids(pool) != [pid]


def test_a_process_that_nobody_asks_ends_and_comes_back(pool: ModelInspectors) -> None:
    pool._idle_s = 0.3
    viewer = pool.open('a')
    viewer.look(LookRequest(PICTURE))
    folder = next(iter(pool._processes.values()))._address.parent
    wait_until(lambda: pids(pool) == [])
    wait_until(lambda: not folder.exists())
    pool._idle_s = 600.0
    np.testing.assert_array_equal(viewer.look(LookRequest(None)).seen, PICTURE)


def test_at_most_two_processes_run(pool: ModelInspectors, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = pool.open('a'), pool.open('b')
    with pytest.raises(RuntimeError, match='2 networks are open already'):
        pool.open('c')
    before = pids(pool)
    first.close()
    third = pool.open('c')
    assert len(pids(pool)) == 2
    assert pids(pool)[0] == before[1]
    with pytest.raises(RuntimeError, match='is closed'):
        first.layers()
    # One that is watched but not asked makes room too, and comes back.
    monkeypatch.setattr(model_process, 'SPARE_S', 0.0)
    fourth = pool.open('d')
    assert second.layers() == third.layers() == fourth.layers() == LAYERS
    assert len(pids(pool)) == 2


def test_a_start_keeps_nobody_else_waiting(pool: ModelInspectors) -> None:
    other = pool.open('a')
    found: list[str] = []

    def open_missing() -> None:
        with pytest.raises(RuntimeError) as caught:
            pool.open('missing')
        found.append(str(caught.value))

    threads = [threading.Thread(target=open_missing) for _ in range(2)]
    for one in threads:
        one.start()
    assert pool.open('a').layers() == other.layers()
    for one in threads:
        one.join()
    assert len(found) == 2
    assert all('unknown model' in text for text in found)


def test_a_model_that_there_is_not_is_said(pool: ModelInspectors, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r'^missing cannot be looked into: unknown model'):
        pool.open('missing')
    with pytest.raises(ValueError, match='no active version'):
        ModelInspectors(tmp_path).open('store:mugs')
    assert pids(pool) == []


def test_processes_end_with_the_pool_and_with_their_parent(pool: ModelInspectors) -> None:
    viewer = pool.open('a')
    (process,) = pool._processes.values()
    pool.close()
    assert not process.alive
    with pytest.raises(RuntimeError):
        viewer.layers()
    code = (
        'from nn_perception.training.inspection import model_process as m, models\n'
        "m.MODULE = 'fake_network'\n"
        'pool = models.ModelInspectors()\n'
        "viewer = pool.open('a')\n"
        'print(next(iter(pool._processes.values()))._process.pid, flush=True)\n'
        'import os; os._exit(0)\n'
    )
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run(
        [sys.executable, '-c', code], env=environment, capture_output=True, text=True, check=True
    )
    status = Path(f'/proc/{int(done.stdout)}/status')
    # Whoever has adopted it may not have waited for it yet.
    wait_until(lambda: not status.exists() or 'State:\tZ' in status.read_text())


def test_requests_of_many_threads_are_answered(pool: ModelInspectors) -> None:
    viewer: ModelInspectable = pool.open('a')
    found: list[float] = []

    def ask(number: int) -> None:
        found.extend(viewer.value('a', (number, index)) - number for index in range(20))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(found) == sorted(float(index) for index in range(20) for _ in threads)


def test_the_process_of_the_page_does_not_import_torch() -> None:
    code = (
        'import sys\n'
        'import nn_perception.training.inspection.models\n'
        "assert 'torch' not in sys.modules\n"
    )
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    subprocess.run([sys.executable, '-c', code], env=environment, check=True)
