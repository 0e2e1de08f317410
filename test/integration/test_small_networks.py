"""The small networks that this project has trained from definitions: accuracy and size."""

from __future__ import annotations

from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.networks.defined.presets import preset_of
from nn_perception.training.digits.mnist import load_mnist
from nn_perception.training.runs.data.catalog import open_data
import numpy as np
import torch


def test_lenet5_reads_the_test_digits_of_mnist(test_data, monkeypatch):
    monkeypatch.setenv('NN_PERCEPTION_MNIST', str(test_data / 'mnist'))
    checkpoint = find_checkpoint('lenet5')
    assert checkpoint.path.stat().st_size < 300_000
    assert preset_of(checkpoint.definition) == 'lenet5'
    assert checkpoint.definition.parameters == 61_706
    data = open_data('mnist')
    assert data.preprocessing == checkpoint.preprocessing
    assert data.labels == checkpoint.labels
    network = load_network(checkpoint)
    with torch.inference_mode():
        answers = network(data.batch(data.test, np.arange(10_000))).argmax(1).numpy()
    truth = load_mnist(test_data / 'mnist').test_labels
    assert (answers == truth).mean() >= 0.995
