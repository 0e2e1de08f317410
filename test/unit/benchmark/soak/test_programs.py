"""Real processes that misbehave are observed from outside: they leak, crash, or do not end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import signal
import sys
import time

from nn_perception.benchmark.process_samples import (
    all_shared_entries,
    shared_entries,
    SHARED_MEMORY,
    shared_size_mb,
    used_by_anyone,
)
from nn_perception.benchmark.soak import criteria
from nn_perception.benchmark.soak.programs import Program
from nn_perception.benchmark.soak.scripts import after, ScriptRunner
from patience import wait_until
import pytest

LEAKING = """
import threading, time
held = []
print('up', flush=True)
while True:
    held.append((bytearray(b'x' * 2**22), open('/dev/null')))
    thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)
    thread.start()
    time.sleep(0.02)
"""
CRASHING = "raise RuntimeError('the worker ended')"
OBSTINATE = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGUSR1, lambda *_: None)
print('deaf', flush=True)
time.sleep(60)
"""
MAPPING = """
import mmap, sys, time
file = open(sys.argv[1], 'w+b')
file.truncate(2**20)
memory = mmap.mmap(file.fileno(), 2**20)
memory[:] = b'x' * 2**20
file.close()
print('mapped', flush=True)
time.sleep(60)
"""

StartProgram = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartProgram]:
    programs: list[Program] = []

    def start_program(code: str, *args: str) -> Program:
        command = [sys.executable, '-c', code, *args]
        programs.append(Program('stand-in', command, tmp_path / str(len(programs))))
        return programs[-1]

    yield start_program
    for program in programs:
        program.process.kill()
        program.process.wait()


def test_a_leak_is_found(start: StartProgram) -> None:
    program = start(LEAKING)
    wait_until(lambda: 'up' in program.log)
    phases = []
    for _ in range(3):
        since = time.monotonic()
        for _ in range(5):
            program.observe()
            time.sleep(0.06)
        phases.append(program.quiet_phase(since))
    assert criteria.check_memory(program.name, phases).reached is False
    assert criteria.check_threads(program.name, phases).reached is False
    assert not program.crashes


def test_a_crash_is_recorded_and_the_program_restarted(start: StartProgram) -> None:
    program = start(CRASHING)
    first = program.process
    wait_until(lambda: program.observe() or bool(program.crashes))
    assert 'status 1' in program.crashes[0]
    assert 'RuntimeError: the worker ended' in program.crashes[0]
    assert program.process.pid != first.pid
    assert program.log.count('Traceback') >= 1
    assert program.log_bytes > 0


def test_a_program_that_does_not_exit_is_aborted_and_logs_its_stacks(
    start: StartProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('nn_perception.benchmark.soak.programs.EXIT_LIMIT_S', 0.2)
    program = start(OBSTINATE)
    wait_until(lambda: 'deaf' in program.log)
    program.request_exit(signal.SIGTERM)
    assert not program.has_exited()
    wait_until(program.has_exited)
    assert program.process.poll() == -signal.SIGABRT
    assert program.exit_s >= 0.2
    assert 'Current thread' in program.log


def test_an_exit_on_request_is_not_a_crash(start: StartProgram) -> None:
    program = start('import time; print("up", flush=True); time.sleep(60)')
    wait_until(lambda: 'up' in program.log)
    assert not program.has_exited()
    program.request_exit(signal.SIGTERM)
    wait_until(program.has_exited)
    program.observe()
    assert not program.crashes
    assert program.process.poll() == -signal.SIGTERM


def test_a_program_that_cannot_be_aborted_is_killed(
    start: StartProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('nn_perception.benchmark.soak.programs.ABORT_LIMIT_S', 0.1)
    program = start(OBSTINATE)
    wait_until(lambda: 'deaf' in program.log)
    program.process.send_signal(signal.SIGSTOP)
    program.abort()
    assert program.process.poll() == -signal.SIGKILL
    program.observe()
    assert 'status -9' in program.crashes[0]


def test_tells_whether_the_signal_handlers_are_installed(start: StartProgram) -> None:
    listening = start('import signal, time; signal.signal(15, lambda *_: None); time.sleep(60)')
    wait_until(listening.handles_signals)
    not_yet = start('import time; print("up", flush=True); time.sleep(60)')
    wait_until(lambda: 'up' in not_yet.log)
    assert not not_yet.handles_signals()
    not_yet.process.kill()
    wait_until(not_yet.handles_signals)


def test_the_shared_memory_of_a_process_is_told_from_that_of_others(start: StartProgram) -> None:
    name = f'soak_test_{os.getpid()}'
    foreign = SHARED_MEMORY / f'{name}_of_another'
    foreign.write_bytes(b'x')
    try:
        program = start(MAPPING, str(SHARED_MEMORY / name))
        wait_until(lambda: 'mapped' in program.log)
        assert shared_entries(program.process.pid) == {name}
        assert {name, foreign.name} <= all_shared_entries()
        assert {name, foreign.name} & used_by_anyone() == {name}
        assert shared_size_mb({name, 'gone'}) == pytest.approx(1.0)
        (SHARED_MEMORY / name).unlink()
        assert shared_entries(program.process.pid) == set()
    finally:
        foreign.unlink()
        (SHARED_MEMORY / name).unlink(missing_ok=True)
    program.process.kill()
    program.process.wait()
    assert shared_entries(program.process.pid) == set()


def test_scripts_run_side_by_side() -> None:
    said: list[str] = []
    go = [False]

    def script(name: str) -> Iterator[Callable[[], bool]]:
        said.append(f'{name} begins')
        yield lambda: go[0]
        yield after(60.0, or_when=lambda: True)
        said.append(f'{name} ends')

    runner = ScriptRunner()
    runner.start(script('a'))
    runner.start(script('b'))
    runner.step()
    assert said == ['a begins', 'b begins']
    assert len(runner) == 2
    go[0] = True
    runner.step()
    runner.step()
    assert said[2:] == ['a ends', 'b ends']
    assert len(runner) == 0
