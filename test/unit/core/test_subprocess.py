"""Modules that run in a subprocess."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys

from nn_perception.core.inference.export_cache import CANNOT_WRITE
from nn_perception.core.subprocess import (
    module_command,
    PACKAGE_ROOT,
    python_command,
    run_subprocess,
    subprocess_environment,
    SubprocessError,
)
import pytest

EXPORT = 'nn_perception.core.inference.onnx_export'


def test_a_real_subprocess_reports_its_error(tmp_path: Path) -> None:
    with pytest.raises(SubprocessError, match='cannot be read: No such file') as caught:
        run_subprocess(EXPORT, [str(tmp_path / 'none'), '0', 'out.onnx'], tmp_path)
    assert caught.value.status == CANNOT_WRITE


def test_a_missing_module_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SubprocessError, match='No module named'):
        run_subprocess('nn_perception.core.no_such_module', [], tmp_path)


def test_a_subprocess_imports_nothing_from_its_folder(trapped_folder: Path) -> None:
    with pytest.raises(SubprocessError, match='cannot be read: No such file'):
        run_subprocess(EXPORT, [str(trapped_folder / 'none'), '0', 'out.onnx'], trapped_folder)


@pytest.mark.parametrize('path', ['', ':', '.', './'])
def test_an_empty_entry_of_the_path_is_not_the_current_folder(
    trapped_folder: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The parent has the folder on its path, as ``PYTHONPATH=$UNSET:/opt`` leaves it there."""
    monkeypatch.chdir(trapped_folder)
    monkeypatch.setenv('PYTHONPATH', path)
    monkeypatch.setattr(sys, 'path', ['', str(trapped_folder), *sys.path])
    assert str(trapped_folder) not in subprocess_environment()['PYTHONPATH'].split(':')
    command = python_command('import safetensors; print(safetensors.__file__)')
    found = subprocess.check_output(command, env=subprocess_environment(), text=True)
    assert not found.startswith(str(trapped_folder))


def test_a_path_that_the_user_names_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('PYTHONPATH', f'{tmp_path}:/opt/ros/python')
    monkeypatch.setattr(sys, 'path', [str(tmp_path), '/opt/ros/python', *sys.path])
    path = subprocess_environment()['PYTHONPATH'].split(':')
    assert path[:3] == [str(PACKAGE_ROOT), str(tmp_path), '/opt/ros/python']


def test_a_module_has_the_arguments_and_the_name_that_python_gives_it(tmp_path: Path) -> None:
    (tmp_path / 'shown.py').write_text('import sys\nprint(__name__, sys.argv[1:])')
    environment = dict(os.environ, PYTHONPATH=str(tmp_path))
    command = module_command('shown', ['-m', '--flag', 'a b'])
    found = subprocess.check_output(command, env=environment, text=True)
    assert found == "__main__ ['-m', '--flag', 'a b']\n"


def test_temporary_files_and_relative_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('NN_PERCEPTION_CACHE', 'cache')
    monkeypatch.setenv('NN_PERCEPTION_DATA', './data')
    environment = subprocess_environment(tmp_path / 'scratch')
    assert environment['TMPDIR'] == str(tmp_path / 'scratch')
    assert environment['NN_PERCEPTION_CACHE'] == str(tmp_path / 'cache')
    assert environment['NN_PERCEPTION_DATA'] == str(tmp_path / 'data')
