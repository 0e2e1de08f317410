"""The two networks for single digits: size, shapes and checkpoints."""

from __future__ import annotations

from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.networks.build import build
import pytest
import torch

FIRST_LAYERS = {'digit_cnn': (32, 1, 5, 5), 'digit_mlp': (400, 1, 28, 28)}
LABELS = [*'0123456789', 'not a digit']


@pytest.fixture(params=FIRST_LAYERS)
def name(request):
    return request.param


def test_size(name):
    assert sum(values.numel() for values in build(name, 11).parameters()) < 500_000


def test_images_of_a_batch_are_independent(name):
    torch.manual_seed(0)
    network = build(name, 11).eval()
    batch = torch.randn(5, 1, 28, 28)
    with torch.inference_mode():
        logits = network(batch)
        assert logits.shape == (5, 11)
        torch.testing.assert_close(network(batch[2:3]), logits[2:3], rtol=1e-4, atol=1e-5)


def test_first_layer(name):
    network = build(name, 11)
    assert network.first_layer.shape == FIRST_LAYERS[name]
    assert network.to(memory_format=torch.channels_last).first_layer.shape == FIRST_LAYERS[name]


def test_checkpoint_round_trip(name, tmp_path):
    torch.manual_seed(0)
    network = build(name, 11).to(memory_format=torch.channels_last)
    network.train()(torch.randn(8, 1, 28, 28))  # so that batch norm has statistics
    path = tmp_path / f'{name}.safetensors'
    write_checkpoint(
        path,
        {key: values.numpy() for key, values in network.state_dict().items()},
        CheckpointMetadata(
            network=name,
            labels=LABELS,
            preprocessing=Preprocessing(28, 1.0, 'linear', (33.3,), (78.6,)),
            version='test',
        ),
    )
    loaded = load_network(Checkpoint.read(path))
    batch = torch.randn(3, 1, 28, 28)
    with torch.inference_mode():
        expected = network.eval()(batch)
        torch.testing.assert_close(loaded(batch), expected, rtol=1e-5, atol=1e-6)
