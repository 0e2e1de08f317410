"""Modules that run in a subprocess."""

from nn_perception.core.inference.export_cache import CANNOT_WRITE
from nn_perception.core.subprocess import run_subprocess, SubprocessError
import pytest


def test_a_real_subprocess_reports_its_error(tmp_path):
    with pytest.raises(SubprocessError, match='cannot be read: No such file') as caught:
        run_subprocess(
            'nn_perception.core.inference.onnx_export',
            [str(tmp_path / 'none'), '0', 'out.onnx'],
            tmp_path,
        )
    assert caught.value.status == CANNOT_WRITE


def test_a_subprocess_ignores_modules_in_its_folder(tmp_path):
    with pytest.raises(SubprocessError, match='No module named'):
        run_subprocess('nn_perception.core.no_such_module', [], tmp_path)
