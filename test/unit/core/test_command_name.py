"""How the user runs the command."""

from __future__ import annotations

from pathlib import Path

from nn_perception.cli.main import main
from nn_perception.core.command_name import command_name
from nn_perception.core.inference.model_zoo import unknown_model
import pytest


@pytest.mark.parametrize(
    ('on_path', 'expected'),
    [
        (('nn_perception',), 'nn_perception'),
        (('nn_perception', 'ros2'), 'nn_perception'),
        (('ros2',), 'ros2 run nn_perception nn_perception'),
        ((), 'nn_perception'),
    ],
)
def test_the_command_can_be_copied(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    on_path: tuple[str, ...],
    expected: str,
) -> None:
    for name in on_path:
        (tmp_path / name).write_text('#!/bin/sh\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path))
    assert command_name() == expected
    assert f"'{expected} models'" in unknown_model('zzz', [])
    for verb in ('tag', 'train'):
        with pytest.raises(SystemExit):
            main([verb, '--help'])
        text = ' '.join(capsys.readouterr().out.split())
        assert f'usage: {expected} {verb} ' in text
        assert f'{expected} models' in text or f'see {expected} tag --help' in text
