"""How an engine is selected, and models that cannot be loaded."""

import logging
from types import SimpleNamespace

from nn_perception.core.inference import loaded_model
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
import pytest

MODEL = find_checkpoint('efficientnet_lite0')


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


def test_weights_that_do_not_match_are_named(tmp_path):
    pytest.importorskip('torch')
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
