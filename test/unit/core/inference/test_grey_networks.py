"""Networks for batches of grey images, in both engines."""

from exports import export_here
from nn_perception.benchmark.baseline import baseline_forward, random_image
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference import export_cache
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.networks.build import build
import numpy as np
import pytest
import torch

LABELS = [*'0123456789', 'none']
GREY = Preprocessing(28, 1.0, 'linear', (33.3,), (78.6,))


@pytest.fixture(scope='module', params=['digit_cnn', 'digit_mlp'])
def checkpoint(request, tmp_path_factory):
    """Write a checkpoint with random weights."""
    torch.manual_seed(0)
    network = build(request.param, len(LABELS), input_size=GREY.size)
    path = tmp_path_factory.mktemp('grey') / f'{request.param}.safetensors'
    write_checkpoint(
        path,
        {name: values.numpy() for name, values in network.state_dict().items()},
        CheckpointMetadata(
            network=request.param,
            labels=LABELS,
            preprocessing=GREY,
            version='random',
            head='',
        ),
    )
    return Checkpoint.read(path)


@pytest.fixture(scope='module')
def engines(checkpoint, tmp_path_factory):
    """Open both engines; export in this process, which has imported torch already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('NN_PERCEPTION_CACHE', str(tmp_path_factory.mktemp('cache')))
        patch.setattr(export_cache, 'run_subprocess', export_here)
        names = ('onnxruntime', 'torch')
        opened = [
            LoadedModel.open(checkpoint, RunOptions(engine=name, device='cpu')).engine
            for name in names
        ]
        baseline_forward(checkpoint, 1)()
    yield opened
    for engine in opened:
        engine.close()


@pytest.mark.parametrize('count', [1, 2, 7, 500])
def test_batches_of_any_size(checkpoint, engines, count):
    images = np.random.default_rng(count).integers(0, 256, (count, 28, 28, 3), np.uint8)
    batch = checkpoint.preprocessing(list(images))
    assert batch.shape == (count, 1, 28, 28)
    found, expected = (engine(batch) for engine in engines)
    assert found.shape == expected.shape == (count, len(LABELS))
    np.testing.assert_allclose(found, expected, atol=1e-3)
    # A single image gets the same result.
    np.testing.assert_allclose(engines[0](batch[-1:]), found[-1:], atol=1e-4)


def test_colour_images_are_rejected(engines):
    for engine in engines:
        with pytest.raises(ValueError, match='N x 1 x H x W, got float32 of shape'):
            engine(np.zeros((1, 3, 28, 28), np.float32))


def test_the_random_image_of_the_benchmark(checkpoint, engines):
    batch = random_image(checkpoint)
    assert batch.shape == (1, 1, 28, 28)
    assert engines[0](batch).shape == (1, len(LABELS))
