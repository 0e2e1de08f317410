"""The export cache: a subprocess exports once, atomically."""

import hashlib
import logging
import os
from pathlib import Path
import shutil
import subprocess
import sys

from nn_perception.core.inference import export_cache
from nn_perception.core.inference.export_cache import export_file, find_export
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.subprocess import PACKAGE_ROOT, SubprocessError
from patience import HANGS_S
import pytest

MODEL = find_checkpoint('digit_cnn')
OPEN = """
import logging, sys
logging.basicConfig(level=logging.INFO)
import numpy as np
from nn_perception.capabilities.tagging.tagger import Tagger
tagger = Tagger.open('digit_cnn')
tags = tagger.tag(np.zeros((48, 64, 3), np.uint8), top_k=1)
heavy = [name for name in ('torch', 'torchvision', 'onnx') if name in sys.modules]
sys.stdout.write(f'{tags[0].label}|{heavy}')
"""


def start_process(cache, code=OPEN):
    environment = dict(os.environ, NN_PERCEPTION_CACHE=str(cache), PYTHONPATH=str(PACKAGE_ROOT))
    return subprocess.Popen(
        [sys.executable, '-c', code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope='module')
def shared_cache(tmp_path_factory):
    """Let two processes open the same model at the same time, with an empty cache."""
    cache = tmp_path_factory.mktemp('cache')
    processes = [start_process(cache), start_process(cache)]
    results = [
        (*process.communicate(timeout=HANGS_S), process.returncode) for process in processes
    ]
    return cache, results


@pytest.fixture
def good_export(shared_cache):
    (path,) = (shared_cache[0] / 'exports').glob('*.onnx')
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


@pytest.fixture
def subprocesses(monkeypatch, good_export):
    """Replace the exporting subprocess by a copy of a good export; record the calls."""
    calls = []

    def copy(module, arguments, folder):
        calls.append(module)
        Path(arguments[2]).write_bytes(good_export.read_bytes())
        return '0'

    monkeypatch.setattr(export_cache, 'run_subprocess', copy)
    return calls


def load_export(model):
    """Read the export that an engine would load."""
    with export_file(model) as path:
        return path.read_bytes()


def test_two_processes_at_once_export_once(shared_cache):
    cache, results = shared_cache
    assert [status for _, _, status in results] == [0, 0], results
    assert results[0][0] == results[1][0]
    assert sum('exporting digit_cnn' in errors for _, errors, _ in results) == 1
    names = sorted(path.suffix for path in (cache / 'exports').iterdir())
    assert names == ['.lock', '.onnx']
    modes = {path.stat().st_mode & 0o777 for path in cache.rglob('*') if path.is_file()}
    assert modes == {0o600}
    assert (cache / 'exports').stat().st_mode & 0o777 == 0o700


def test_with_a_cached_export_torch_is_not_imported(shared_cache):
    output, errors = (process := start_process(shared_cache[0])).communicate(timeout=HANGS_S)
    assert process.returncode == 0, errors
    assert output.endswith('|[]')
    assert output == shared_cache[1][0][0]
    assert 'exporting' not in errors
    assert 'onnxruntime' in errors  # one line names the engine


def test_a_good_export_is_reused(cache, subprocesses, good_export):
    assert find_export(MODEL) is None
    assert load_export(MODEL) == good_export.read_bytes()
    assert load_export(MODEL) == good_export.read_bytes()
    assert len(subprocesses) == 1
    assert find_export(MODEL).read_bytes() == good_export.read_bytes()


@pytest.mark.parametrize(
    'damage',
    [
        lambda content: b'',
        lambda content: content[: len(content) // 2],
        lambda content: b'not a network at all',
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    ],
    ids=['empty', 'truncated', 'foreign', 'one bit'],
)
def test_a_damaged_export_is_replaced(cache, subprocesses, good_export, caplog, damage):
    load_export(MODEL)
    path = find_export(MODEL)
    path.write_bytes(damage(good_export.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert load_export(MODEL) == good_export.read_bytes()
    assert f'{path} is damaged or was not made here' in caplog.text
    assert path.read_bytes() == good_export.read_bytes()
    assert len(subprocesses) == 2


def digest_of(content):
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    'code',
    [lambda content: digest_of(content)[:16], lambda content: digest_of(content)[:32],
     lambda content: '0' * 32, lambda content: ''],
    ids=['short hash', 'hash', 'zeros', 'none'],
)  # fmt: skip
@pytest.mark.parametrize('key_exists', [False, True])
def test_a_planted_export_is_never_used(
    cache, subprocesses, good_export, caplog, code, key_exists
):
    """Whoever can put a file into the folder cannot choose what the network answers."""
    if key_exists:
        load_export(find_checkpoint('efficientnet_lite0'))
    planted = b'a network that calls everything a toaster'
    name = f'digit_cnn-{export_cache.export_key(MODEL)}-{code(planted)}.onnx'
    path = cache / 'exports' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(planted)
    with caplog.at_level(logging.WARNING):
        assert load_export(MODEL) == good_export.read_bytes()
    assert f'{path} is damaged or was not made here' in caplog.text
    assert not path.exists()
    caplog.clear()
    assert load_export(MODEL) == good_export.read_bytes()
    assert caplog.text == ''


def test_the_export_of_another_network_is_never_used(cache, subprocesses, good_export):
    """Its code is right, but for another key."""
    other = find_checkpoint('efficientnet_lite0')
    load_export(other)
    genuine = find_export(other)
    code = genuine.stem.rsplit('-', 1)[1]
    planted = genuine.with_name(f'digit_cnn-{export_cache.export_key(MODEL)}-{code}.onnx')
    planted.write_bytes(genuine.read_bytes())
    load_export(MODEL)
    assert len(subprocesses) == 2
    assert not planted.exists()


def test_an_export_without_its_key_is_kept_where_it_cannot_be_made_again(
    cache, monkeypatch, good_export
):
    """A robot without torch to which only the exports were copied."""

    def fail(module, arguments, folder):
        raise SubprocessError('the Python package torch is missing', 1)

    monkeypatch.setattr(export_cache, 'run_subprocess', fail)
    copied = cache / 'exports' / good_export.name
    copied.parent.mkdir(parents=True)
    copied.write_bytes(good_export.read_bytes())
    with pytest.raises(RuntimeError, match='copy the export and its key'):
        load_export(MODEL)
    assert copied.exists()


def test_an_export_with_its_key_can_be_copied(shared_cache, cache, monkeypatch, good_export):
    monkeypatch.setattr(
        export_cache, 'run_subprocess', lambda *_: pytest.fail('it was exported again')
    )
    shutil.copytree(shared_cache[0], cache)
    assert load_export(MODEL) == good_export.read_bytes()


@pytest.mark.parametrize('folder', ['.', 'exports'])
def test_a_folder_that_others_can_write_is_refused(
    cache, subprocesses, good_export, caplog, folder
):
    load_export(MODEL)
    (cache / folder).chmod(0o777)
    with caplog.at_level(logging.WARNING):
        assert load_export(MODEL) == good_export.read_bytes()
    assert f'others can write to {(cache / folder).resolve()}' in caplog.text
    assert len(subprocesses) == 2


def test_leftovers_of_a_killed_export_are_removed(cache, subprocesses):
    leftover = cache / 'exports' / f'.{export_cache.export_key(MODEL)}-x1y2'
    leftover.mkdir(parents=True)
    (leftover / 'export.onnx').write_bytes(b'half')
    load_export(MODEL)
    assert not leftover.exists()


@pytest.mark.parametrize('change', ['checkpoint', 'export version', 'network code'])
def test_the_key_depends_on_checkpoint_version_and_code(monkeypatch, tmp_path, change):
    before = export_cache.export_key(MODEL)
    model = MODEL
    if change == 'checkpoint':
        model = type(MODEL)(**(vars(MODEL) | {'sha256': '0' * 64}))
    elif change == 'export version':
        monkeypatch.setattr(export_cache, 'EXPORT_VERSION', 'another')
    else:
        (tmp_path / '__init__.py').write_text('another network')
        monkeypatch.setattr(export_cache.networks, '__file__', str(tmp_path / '__init__.py'))
    assert export_cache.export_key(model) != before


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch, subprocesses, good_export, caplog):
    (tmp_path / 'file').write_bytes(b'in the way')
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'file' / 'cache'))
    with caplog.at_level(logging.WARNING):
        assert load_export(MODEL) == good_export.read_bytes()
    assert 'cannot be used' in caplog.text
    assert 'Set NN_PERCEPTION_CACHE' in caplog.text


def test_a_full_disk_falls_back_to_the_temporary_folder(cache, monkeypatch, good_export, caplog):
    def full_once(module, arguments, folder):
        if str(cache) in arguments[2]:
            raise SubprocessError('[Errno 28] No space left on device', export_cache.CANNOT_WRITE)
        Path(arguments[2]).write_bytes(good_export.read_bytes())
        return '0'

    monkeypatch.setattr(export_cache, 'run_subprocess', full_once)
    with caplog.at_level(logging.WARNING):
        assert load_export(MODEL) == good_export.read_bytes()
    assert 'No space left' in caplog.text
    assert list((cache / 'exports').glob('*.onnx')) == []


@pytest.mark.parametrize(
    ('reason', 'hint'), [('the Python package onnx is missing', 'pip install'), ('boom', 'boom')]
)
def test_a_failed_export_gives_a_one_line_error(cache, monkeypatch, reason, hint):
    def fail(module, arguments, folder):
        raise SubprocessError(reason, 1)

    monkeypatch.setattr(export_cache, 'run_subprocess', fail)
    with pytest.raises(RuntimeError, match='digit_cnn cannot be exported') as caught:
        load_export(MODEL)
    assert hint in str(caught.value)
    assert '\n' not in str(caught.value)
    assert list((cache / 'exports').glob('*.onnx')) == []
