"""The command itself: verbs, help, start time and exit statuses."""

from __future__ import annotations

import importlib
import subprocess
import sys

from nn_perception import __version__
from nn_perception.cli.exit_status import ExitStatus
from nn_perception.cli.main import main, VERBS
import pytest

HEAVY = {'cv2', 'numpy', 'onnxruntime', 'rclpy', 'torch', 'tqdm'}


def status_of(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of('--version') == ExitStatus.OK
    assert capsys.readouterr().out == f'nn_perception {__version__}\n'


@pytest.mark.parametrize('words', [(), ('paint',), ('tag',), ('tag', '--size', '3', 'a.jpg')])
def test_wrong_usage(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(*words) == ExitStatus.USAGE
    output, error = capsys.readouterr()
    assert output == ''
    assert error.startswith('usage: nn_perception')


def test_exit_statuses_are_those_that_shells_know() -> None:
    assert [int(status) for status in ExitStatus] == [0, 1, 2, 130, 141]


@pytest.mark.parametrize('verb', VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(verb, '--help') == ExitStatus.OK
    text = capsys.readouterr().out
    assert text.startswith(f'usage: nn_perception {verb} ')
    assert VERBS[verb][1].capitalize() in ' '.join(text.split())
    assert callable(importlib.import_module(f'nn_perception.cli.verbs.{VERBS[verb][0]}').run)


def test_help_imports_nothing_heavy() -> None:
    code = (
        'import sys; from nn_perception.cli.main import main, VERBS\n'
        'for verb in VERBS:\n'
        '    try: main([verb, "--help"])\n'
        '    except SystemExit: pass\n'
        f'heavy = {HEAVY} & set(sys.modules)\n'
        'sys.exit(f"imported {heavy}" if heavy else 0)'
    )
    finished = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert 'usage: nn_perception tag' in finished.stdout
