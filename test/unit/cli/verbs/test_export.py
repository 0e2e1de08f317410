"""``nn_perception export`` on the command line."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any
import zipfile

from bare_session import bare_session
from nn_perception.cli.main import main
from nn_perception.core.files.folders import WEIGHTS_FOLDER
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.training.model_store.store import ModelStore
import pytest

DIGITS = 'digit_cnn'


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run the command with --json, and return what it prints."""

    def run(*words: object) -> dict[str, Any]:
        capsys.readouterr()
        assert main(['export', '--json', *map(str, words)]) == 0
        output, errors = capsys.readouterr()
        assert errors == ''
        found: dict[str, Any] = json.loads(output)
        return found

    return run


def labels_of(content: bytes | str) -> list[str]:
    session = bare_session(content)
    found: list[str] = json.loads(session.get_modelmeta().custom_metadata_map['labels'])
    return found


def test_the_end_of_the_name_chooses_the_format(export: Any, tmp_path: Path) -> None:
    plain, packed = tmp_path / 'digits.onnx', tmp_path / 'digits.ZIP'
    assert export(DIGITS, plain) == {
        'file': str(plain), 'format': 'onnx', 'bytes': plain.stat().st_size,
    }  # fmt: skip
    assert export(DIGITS, packed)['format'] == 'zip'
    with zipfile.ZipFile(packed) as archive:
        assert sorted(archive.namelist()) == [
            f'digits/{name}'
            for name in ('README.txt', 'checkpoint.safetensors', 'labels.txt', 'model.onnx',
                         'use_checkpoint.py', 'use_onnx.py')
        ]  # fmt: skip
        assert archive.read('digits/model.onnx') == plain.read_bytes()
        assert labels_of(archive.read('digits/model.onnx')) == labels_of(str(plain))
    assert export(DIGITS, tmp_path / 'other', '--format', 'zip')['format'] == 'zip'


def test_a_version_of_the_store(export: Any, wrong_use: Any, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / 'models')
    shipped = Checkpoint.read(WEIGHTS_FOLDER / f'{DIGITS}.safetensors')
    metadata = CheckpointMetadata(
        shipped.network, shipped.labels, shipped.preprocessing, 'another', head=shipped.head
    )
    write_checkpoint(tmp_path / 'another.safetensors', shipped.weights(), metadata)
    first, second = (
        store.add('mine', path, {}, 'ab' * 32)
        for path in (shipped.path, tmp_path / 'another.safetensors')
    )
    store.activate('mine', second.version)
    out = tmp_path / 'out.zip'
    for words, expected in (([], second), (['--version', first.version], first)):
        export('store:mine', out, '--store', store.root, '--overwrite', *words)
        with zipfile.ZipFile(out) as archive:
            content = archive.read('out/checkpoint.safetensors')
        assert content == expected.checkpoint.read_bytes()
    words = ['--store', store.root, '--overwrite', '--version', 'x']
    assert f'mine has no version x; its versions are: {second.version}' in wrong_use(
        'export', 'store:mine', out, *words
    )
    assert '--version needs store:NAME' in wrong_use('export', DIGITS, out, *words)
    assert 'has no active version' in wrong_use('export', 'store:no', out, *words[:3])


def test_nothing_is_overwritten(wrong_use: Any, tmp_path: Path) -> None:
    out = tmp_path / 'model.onnx'
    out.write_text('precious')
    assert 'already exists; replace it with --overwrite' in wrong_use('export', DIGITS, out)
    words = ('export', 'movenet_thunder', out, '--overwrite')
    assert 'movenet_thunder is not a classifier' in wrong_use(*words)
    assert 'there is no folder' in wrong_use('export', DIGITS, tmp_path / 'no' / 'model.onnx')
    assert out.read_text() == 'precious'
