"""Training of a backbone: it learns, and changes only what it may."""

from __future__ import annotations

from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.fine_tuning.backbone_training import (
    BackboneTraining,
    LabelledImages,
    last_parameters,
)
from nn_perception.training.fine_tuning.linear_head import CrossValidationResult, fit, LinearHead
import numpy as np
import pytest
import torch
from torch import nn


@pytest.fixture(autouse=True)
def one_thread():
    """Use one thread: with so little work, more would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def stripes(count):
    """Images with vertical or horizontal stripes, and their classes."""
    random = np.random.default_rng(0)
    classes = np.arange(count) % 2
    images = []
    for one in classes:
        picture = random.integers(0, 60, (40, 40, 3)).astype(np.uint8)
        lines = picture if one else picture.transpose(1, 0, 2)
        lines[int(random.integers(4)) :: 8] = 255
        images.append(picture)
    return LabelledImages(images, classes.astype(np.int64))


def new(unfreeze, rate=2e-3, temperature=5.0):
    checkpoint = find_checkpoint('digit_cnn')

    def training(head):
        return BackboneTraining(checkpoint, head, unfreeze=unfreeze, learning_rate=rate, seed=0)

    # Fitted to a few images, so that it is often wrong.
    few = stripes(6)
    embeddings, _ = training(LinearHead(np.zeros((2, 1152)), np.zeros(2))).evaluate(few.images)
    return training(
        fit(embeddings, few.classes, 2, CrossValidationResult(0.5, temperature, 0.0, 1.0))
    )


def changed(training):
    before = find_checkpoint('digit_cnn').weights()
    return {name for name, new in training.weights().items() if (new != before[name]).any()}


@pytest.mark.parametrize('unfreeze', ['last_block', 'all'])
def test_it_learns_and_changes_only_what_it_may(unfreeze):
    training = new(unfreeze)
    assert changed(training) == set()
    epochs = list(training.train(stripes(48), stripes(20), 5))
    assert epochs[-1].validation_loss < epochs[0].validation_loss
    assert epochs[-1].validation_accuracy >= 0.9
    names = changed(training)
    assert not any('running' in name or 'tracked' in name for name in names)
    if unfreeze == 'last_block':
        assert names == {'blocks.4.conv.weight', 'blocks.4.norm.weight', 'blocks.4.norm.bias'}
    else:
        assert 'blocks.0.conv.weight' in names


def test_early_stopping_keeps_the_best_weights():
    held_out = stripes(4)
    # The held-out images contradict the training images, so that nothing gets better.
    wrong = LabelledImages(held_out.images, 1 - held_out.classes)
    training = new('all', temperature=1000.0)
    epochs = list(training.train(stripes(32), wrong, 30))
    assert len(epochs) < 30
    assert changed(training) == set()


def test_a_learning_rate_that_is_too_high():
    with pytest.raises(ArithmeticError, match='the loss became'):
        list(new('all', rate=1e30).train(stripes(48), stripes(4), 3))


def test_the_last_layers_with_a_share_of_the_weights():
    network = nn.Sequential(nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 10), nn.Linear(10, 10))
    for share, layers in ((0.3, 1), (0.4, 2), (1.0, 3)):
        assert len(last_parameters(network, share)) == 2 * layers
