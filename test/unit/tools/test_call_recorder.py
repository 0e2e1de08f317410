"""Calls are followed from file to file: what is entered, and what is a return."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import importlib
from pathlib import Path
import queue
import sys
import threading
from types import ModuleType

import pytest

HOUSE = {
    'hall': """
        from traced_house import kitchen, cellar

        def visit():
            kitchen.cook()
            kitchen.wash()
            for _ in range(3):
                cellar.fetch()

        def be_called():
            return 1

        def receive(letter, answers):
            answers.put(letter)
            kitchen.cook()
        """,
    'kitchen': """
        from traced_house import cellar

        def cook():
            cellar.fetch()
            boil()

        def boil():
            return sorted([2, 1], key=lambda number: hall().be_called())

        def wash():
            pass

        def hall():
            from traced_house import hall
            return hall
        """,
    'cellar': """
        def fetch():
            pass

        def work(letters, publish):
            while (letter := letters.get()) is not None:
                answer(letter, publish)
                fetch()

        def answer(letter, publish):
            publish(float(letter))
        """,
}


class Letter(int):
    """A message."""


class Answer(float):
    """A result."""


@pytest.fixture(scope='module')
def tool(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool('call_recorder')


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide the folder of a package that can be imported."""
    package = tmp_path / 'traced_house'
    package.mkdir()
    (package / '__init__.py').write_text('')
    for name, text in HOUSE.items():
        lines = [line.removeprefix('        ') for line in text.splitlines()]
        (package / f'{name}.py').write_text('\n'.join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [name for name in sys.modules if name.startswith('traced_house')]:
        del sys.modules[name]


def room(name: str) -> ModuleType:
    return importlib.import_module(f'traced_house.{name}')


def test_a_call_into_a_file_that_was_left_is_a_return(tool: ModuleType, house: Path) -> None:
    recorder = tool.Recorder(house)
    with tool.profiled(recorder):
        room('hall').visit()
    route = tool.Route.of(recorder.calls())
    assert route.files == ['hall.py', 'kitchen.py', 'cellar.py']
    returns = {pair: call.function.name for pair, call in route.returns.items()}
    assert returns == {
        ('kitchen.py', 'hall.py'): 'be_called',  # by way of sorted
        ('hall.py', 'kitchen.py'): 'wash',
        ('hall.py', 'cellar.py'): 'fetch',
    }


def test_a_loop_counts_as_much_as_one_pass(tool: ModuleType, house: Path) -> None:
    recorder = tool.Recorder(house)
    visit = room('kitchen').wash
    with tool.profiled(recorder):
        for _ in range(3):
            visit()
    assert len(recorder.calls()) == 1
    assert tool.Route.of(recorder.calls()).returns == {}


def test_nothing_outside_the_package_is_recorded(tool: ModuleType, house: Path) -> None:
    recorder = tool.Recorder(house / 'elsewhere')
    with tool.profiled(recorder):
        room('hall').visit()
    assert recorder.calls() == []


def test_a_message_is_followed_through_both_threads(tool: ModuleType, house: Path) -> None:
    letters: queue.Queue[Letter | None] = queue.Queue()
    answers: queue.Queue[float] = queue.Queue()
    recorder = tool.MessageRecorder(house, Letter, Answer)

    def publish(value: float, kind: type = Answer) -> None:
        send(kind(value), answers)

    with tool.profiled(recorder):
        worker = threading.Thread(target=room('cellar').work, args=(letters, publish))
        worker.start()
        for armed in (False, True):
            recorder.armed = armed
            room('hall').receive(Letter(1), letters)
            answers.get(timeout=10.0)
        room('kitchen').wash()
        letters.put(None)
        worker.join(timeout=10.0)
    names = [call.function.name for call in recorder.calls()]
    assert names[:2] == ['receive', 'cook']
    assert names[-1] == 'answer'
    assert 'wash' not in names
    assert not recorder.armed


def send(answer: Answer, answers: queue.Queue[float]) -> None:
    answers.put(answer)


def test_a_loop_that_was_running_already_has_entered_its_file(tool: ModuleType) -> None:
    running = tool.Function('cellar.py', 1, 'work')
    call = tool.Call(running, tool.Function('hall.py', 1, 'visit'))
    assert tool.Route.of([call]).files == ['cellar.py', 'hall.py']
