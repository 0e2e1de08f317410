"""Engines: their results, how one is selected, CPU cores and CUDA devices."""

import logging
import os
import subprocess
import sys
from types import SimpleNamespace

from nn_perception.core.files.folders import cache_folder
from nn_perception.core.inference import loaded_model, processors
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.onnxruntime_engine import pool_cores
from nn_perception.core.inference.processors import cuda_devices, usable_cores
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
import pytest

MODEL = find_checkpoint('efficientnet_lite0')


@pytest.fixture(scope='module')
def onnx_engine():
    engine = LoadedModel.open(MODEL, RunOptions(engine='onnxruntime')).engine
    yield engine
    engine.close()


@pytest.fixture(scope='module')
def torch_engine():
    pytest.importorskip('torch')
    engine = LoadedModel.open(MODEL, RunOptions(engine='torch', device='cpu')).engine
    yield engine
    engine.close()


def random_batch(count):
    shape = (count, 3, 224, 224)
    return np.random.default_rng(count).uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize('count', [1, 8])
def test_both_engines_agree(onnx_engine, torch_engine, count):
    batch = random_batch(count)
    found, expected = onnx_engine(batch), torch_engine(batch)
    assert found.shape == expected.shape == (count, 1000)
    assert found.dtype == expected.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-3
    assert expected.std() > 0.1


def test_a_batch_gives_the_results_of_single_images(onnx_engine):
    batch = random_batch(8)
    single = np.concatenate([onnx_engine(batch[i : i + 1]) for i in range(8)])
    np.testing.assert_allclose(onnx_engine(batch), single, atol=1e-4)


def test_descriptions_name_engine_and_device(onnx_engine, torch_engine):
    assert (onnx_engine.name, onnx_engine.device) == ('onnxruntime', 'cpu')
    assert (torch_engine.name, torch_engine.device) == ('torch', 'cpu')
    for engine in (onnx_engine, torch_engine):
        assert engine.name in engine.description
        assert 'CPU' in engine.description
        assert 'thread' in engine.description
        assert '\n' not in engine.description


@pytest.mark.parametrize(
    'batch',
    [
        np.zeros((3, 224, 224), np.float32),
        np.zeros((1, 3, 224, 224), np.float64),
        np.zeros((1, 4, 224, 224), np.float32),
        np.zeros((0, 3, 224, 224), np.float32),
    ],
)
def test_an_invalid_batch_is_rejected(onnx_engine, torch_engine, batch):
    for engine in (onnx_engine, torch_engine):
        with pytest.raises(ValueError, match='expected a batch'):
            engine(batch)


def test_onnxruntime_errors_become_runtime_errors(onnx_engine):
    with pytest.raises(RuntimeError, match='onnxruntime cannot run'):
        onnx_engine(np.zeros((1, 3, 64, 64), np.float32))


@pytest.mark.parametrize('name', ['onnxruntime', 'torch'])
def test_a_closed_engine_raises(name):
    if name == 'torch':
        pytest.importorskip('torch')
    engine = LoadedModel.open(MODEL, RunOptions(engine=name, device='cpu')).engine
    engine.close()
    engine.close()
    with pytest.raises(RuntimeError, match='closed'):
        engine(random_batch(1))


@pytest.mark.parametrize(
    ('arguments', 'reason'),
    [
        ({'engine': 'tensorrt'}, "engine must be one of auto, onnxruntime, torch, got 'tensorrt'"),
        ({'device': 'tpu'}, "device must be one of auto, cpu, cuda, got 'tpu'"),
        ({'threads': -1}, 'threads must be'),
        ({'threads': 1000}, 'threads must be'),
    ],
)
def test_invalid_options_are_rejected(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        LoadedModel.open(MODEL, RunOptions(**arguments))


def open_with_stubs(monkeypatch, caplog, *, devices, torch_error=None, **arguments):
    """Open a model with stubbed engines; return the opened engines and the log."""
    calls = []

    def torch_engine(checkpoint, device, threads):
        if device == 'cuda' and torch_error is not None:
            raise torch_error
        calls.append(f'torch {device}')
        return SimpleNamespace(description='stub', outputs=None)

    def onnxruntime_engine(checkpoint, threads, parallel_batches):
        calls.append('onnxruntime cpu')
        return SimpleNamespace(description='stub', outputs=None)

    monkeypatch.setattr(loaded_model, 'cuda_devices', lambda: devices)
    monkeypatch.setattr(loaded_model, '_torch_engine', torch_engine)
    monkeypatch.setattr(loaded_model, '_onnxruntime_engine', onnxruntime_engine)
    with caplog.at_level(logging.WARNING):
        LoadedModel.open(MODEL, RunOptions(**arguments))
    return calls, caplog.text


@pytest.mark.parametrize(
    ('engine', 'device', 'devices', 'expected', 'warning'),
    [
        ('auto', 'auto', 0, 'onnxruntime cpu', ''),
        ('auto', 'auto', 1, 'torch cuda', ''),
        ('auto', 'cpu', 1, 'onnxruntime cpu', ''),
        ('auto', 'cuda', 1, 'torch cuda', ''),
        ('auto', 'cuda', 0, 'onnxruntime cpu', 'there is no CUDA device: running on the CPU'),
        ('torch', 'auto', 0, 'torch cpu', ''),
        ('torch', 'auto', 2, 'torch cuda', ''),
        ('torch', 'cuda', 0, 'torch cpu', 'there is no CUDA device: running on the CPU'),
        ('onnxruntime', 'auto', 1, 'onnxruntime cpu', ''),
        ('onnxruntime', 'cuda', 1, 'onnxruntime cpu', 'onnxruntime uses the CPU'),
    ],
)
def test_selection(monkeypatch, caplog, engine, device, devices, expected, warning):
    calls, text = open_with_stubs(
        monkeypatch, caplog, devices=devices, engine=engine, device=device
    )
    assert calls == [expected]
    assert warning in text
    assert bool(text) == bool(warning)


@pytest.mark.parametrize(
    'error', [RuntimeError('out of memory'), ModuleNotFoundError('No module named torch')]
)
def test_the_cpu_replaces_a_failing_gpu(monkeypatch, caplog, error):
    calls, text = open_with_stubs(monkeypatch, caplog, devices=1, torch_error=error)
    assert calls == ['onnxruntime cpu']
    assert f'running on the CPU: {error}' in text


def test_cores_and_devices_are_counted():
    assert usable_cores() >= 1
    assert cuda_devices() >= 0


@pytest.mark.parametrize(
    ('own', 'quotas', 'cores'),
    [
        ('0::/', {}, 8),
        ('0::/', {'.': 'max 100000'}, 8),
        ('0::/', {'.': '150000 100000'}, 2),  # a container
        ('1:cpu:/\n0::/a.slice/b.service', {'a.slice/b.service': '300000 100000'}, 3),
        ('0::/a.slice/b.service', {'a.slice': '10000 100000', 'a.slice/b.service': 'max 1'}, 1),
        ('0::/a.slice/b.service', {'a.slice': 'nonsense'}, 8),
        ('', {}, 8),
    ],
)
def test_usable_cores_respect_the_quotas_of_all_control_groups(
    tmp_path, monkeypatch, own, quotas, cores
):
    for name, quota in quotas.items():
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / 'cpu.max').write_text(f'{quota}\n')
    (tmp_path / 'own').write_text(f'{own}\n')
    monkeypatch.setattr(processors, 'CONTROL_GROUPS', tmp_path)
    monkeypatch.setattr(processors, 'OWN_CONTROL_GROUP', tmp_path / 'own')
    monkeypatch.setattr(processors.os, 'sched_getaffinity', lambda _: set(range(8)))
    assert usable_cores() == cores


def test_weights_that_do_not_match_are_named(tmp_path):
    pytest.importorskip('torch')
    from nn_perception.core.inference.checkpoint import (
        Checkpoint,
        CheckpointMetadata,
        write_checkpoint,
    )

    weights = MODEL.weights()
    common = {
        'network': MODEL.network,
        'labels': MODEL.labels,
        'preprocessing': MODEL.preprocessing,
        'version': '1',
        'head': 'head.bias',
    }
    cases = {
        'stem.conv.weight': weights | {'stem.conv.weight': np.zeros((32, 3, 5, 5), np.float32)},
        'top.norm.bias': {name: weights[name] for name in weights if name != 'top.norm.bias'},
        'extra': weights | {'extra': np.zeros(1, np.float32)},
    }
    for tensor, changed in cases.items():
        path = tmp_path / 'changed.safetensors'
        write_checkpoint(path, changed, CheckpointMetadata(**common))
        with pytest.raises(ValueError, match=f'does not match the network.*{tensor}'):
            LoadedModel.open(Checkpoint.read(path), RunOptions('torch', 'cpu'))


@pytest.mark.parametrize(
    ('threads', 'cores', 'expected'),
    [
        (2, {0, 1}, {1}),
        (4, {2, 3, 6, 7}, {3, 6, 7}),
        (1, {0}, set()),
        (2, {0, 1, 2, 3}, set()),
        (4, {0, 1}, set()),
    ],
    ids=['two of two', 'four of four', 'one of one', 'two of four', 'more than cores'],
)
def test_pool_threads_are_pinned_if_all_cores_are_used(threads, cores, expected):
    assert pool_cores(threads, cores) == expected


def test_a_call_restores_the_cpu_affinity():
    before = os.sched_getaffinity(0)
    engine = LoadedModel.open(
        find_checkpoint('efficientnet_lite0'), RunOptions(engine='onnxruntime')
    ).engine
    for _ in range(20):
        engine(np.zeros((1, 3, 224, 224), np.float32))
    engine.close()
    assert os.sched_getaffinity(0) == before


def test_telemetry_is_off(tmp_path):
    """With telemetry on, ONNX Runtime stores its data in the home folder."""
    environment = {k: v for k, v in os.environ.items() if k not in ('CI', 'ORT_DISABLE_TELEMETRY')}
    environment |= {'HOME': str(tmp_path / 'home'), 'NN_PERCEPTION_CACHE': str(cache_folder())}
    code = (
        'from nn_perception.capabilities.tagging.tagger import Tagger\n'
        'from nn_perception.core.inference.run_options import RunOptions\n'
        'Tagger.open(options=RunOptions(device="cpu")).close()'
    )
    subprocess.run([sys.executable, '-c', code], env=environment, check=True)
    assert not (tmp_path / 'home').exists()
