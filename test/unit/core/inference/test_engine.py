"""The interface of both engines: results, descriptions and errors."""

from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
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
