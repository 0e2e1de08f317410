"""Random commands, malformed bytes, and the sudden end of a run's process."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from typing import Any

from nn_perception.training.inspection.addresses import connect
from nn_perception.training.inspection.client import Client
from nn_perception.training.inspection.wire import encode, Message
from nn_perception.training.runs.plain_records import to_message
from nn_perception.training.runs.records import Rates, RunState
from nn_perception.training.runs.run import Run
from nn_perception.training.runs.run_folder import RunFolder
from nn_perception.training.runs.store.run_store import RunStore
import numpy as np
from patience import wait_until
import pytest
from small_runs import endless, wait_for, wait_for_steps

COMMANDS = (
    'status history pause resume step reset set_rates set_epochs statistics maps evaluate '
    'predictions examples test_picture save_snapshot write_checkpoint layers look region '
    'arithmetic value nothing __class__'
).split()
VALUES = [
    None, -1, 0, 1, 7, 499, 500, 1 << 62, -1e300, 0.5, True, '', 'conv1.conv', 'weights',
    'gradients', [], [0, 1, 2], [[]], ['x'] * 3, {}, {'optimizer': 'adam'}, '/nowhere/x',
    '\ud800', 'x' * 10_000,
]  # fmt: skip
NAMES = (
    'value layer tensor test_index indices index truth prediction count epochs element layers path'
).split()


@pytest.fixture(scope='module')
def run(store: RunStore) -> Run:
    started = store.start(endless())
    wait_for_steps(started, 3)
    return started


def random_arguments(generator: random.Random) -> dict[str, Any]:
    chosen = generator.sample(NAMES, generator.randrange(5))
    return {name: generator.choice(VALUES) for name in chosen}


@pytest.mark.parametrize('count', [200, pytest.param(1000, marks=pytest.mark.long)])
def test_random_commands(store: RunStore, run: Run, count: int) -> None:
    folder = RunFolder(store.folder / run.name)
    generator, pid = random.Random(0), folder.pid()
    client = Client(folder.socket)
    for number in range(count):
        name, values = generator.choice(COMMANDS), random_arguments(generator)
        arrays = [np.zeros(generator.sample((0, 1, 3, 28), 2), np.uint8)]
        with contextlib.suppress(ValueError, RuntimeError):
            if name == 'set_rates' and number % 2:
                rates = Rates('adam', generator.choice((-1.0, 0.0, 1e-3, 1e9)), batch_size=number)
                client.ask(name, dict(to_message(rates).values))
            else:
                client.ask(name, values, arrays[: generator.randrange(2)])
    client.close()
    for number in range(count // 10):
        content = bytearray(encode(Message({'method': 'maps', **random_arguments(generator)})))
        content[generator.randrange(len(content))] = generator.randrange(256)
        with connect(folder.socket) as connection:
            if number % 2:
                connection.send_bytes(bytes(content))
            else:  # no length in front
                os.write(connection.fileno(), bytes(content))
    assert folder.pid() == pid
    run.set_rates(Rates(batch_size=32))
    run.reset()
    run.resume()
    wait_for_steps(run, 3)
    assert run.evaluate().labels[0] == '0'


def test_a_killed_process_loses_little(store: RunStore, run: Run) -> None:
    wait_for_steps(run, run.status().steps_per_epoch * 3)
    folder = RunFolder(store.folder / run.name)
    pid = folder.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not folder.is_alive())
    status = run.status()
    assert status.state is RunState.ENDED
    assert 'has ended unexpectedly; what it stored last, after' in status.message
    assert len(run.history().epochs) == status.epoch >= 1
    with pytest.raises(RuntimeError, match='has ended unexpectedly'):
        run.pause()
    with pytest.raises(RuntimeError, match='has ended unexpectedly'):
        run.layers()
    run.step()
    assert run.status().step == status.step + 1
    assert run.status().state is RunState.PAUSED


def test_a_run_that_cannot_start_says_why(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('NN_PERCEPTION_MNIST', '/nowhere')
    run = store.start(endless(data='mnist'))
    wait_for(run, RunState.FAILED)
    assert '/nowhere' in run.status().message
    with pytest.raises(RuntimeError, match='/nowhere'):
        run.pause()
