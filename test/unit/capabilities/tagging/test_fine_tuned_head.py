"""Heads of fine-tuned checkpoints, written by hand."""

from nn_perception.capabilities.tagging.fine_tuned_head import FineTunedHead
from nn_perception.capabilities.tagging.out_of_distribution import OutOfDistributionModel
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
import numpy as np
import pytest

WEIGHT = np.array([[1, 0, 2], [0, 1, 0]], np.float32)
BIAS = np.array([0.5, -0.5], np.float32)
PREPROCESSING = Preprocessing(28, 1.0, 'linear', (0.0,), (255.0,))


def write(path, **tensors):
    """Write a checkpoint with two labels, whose head is the layer ``head``."""
    weights = {name.replace('_', '.', 1): values for name, values in tensors.items()}
    metadata = CheckpointMetadata(
        'digit_cnn', ('cup', 'mug'), PREPROCESSING, '1', head='head.weight', fine_tuned_from='x 1'
    )
    write_checkpoint(path, weights, metadata)
    return Checkpoint.read(path)


def test_logits_by_hand(tmp_path):
    head = FineTunedHead.read(write(tmp_path / 'a', head_weight=WEIGHT, head_bias=BIAS))
    embeddings = np.array([[1, 1, 1], [0, 0, 0]], np.float32)
    np.testing.assert_allclose(head.logits(embeddings), [[3.5, 0.5], [0.5, -0.5]])
    assert head.out_of_distribution is None
    assert head.logits(np.zeros((0, 3), np.float32)).shape == (0, 2)


def test_a_head_without_bias(tmp_path):
    head = FineTunedHead.read(write(tmp_path / 'a', head_weight=WEIGHT))
    assert head.bias.tolist() == [0.0, 0.0]


def test_a_head_with_an_out_of_distribution_model(tmp_path):
    model = OutOfDistributionModel(np.eye(3, dtype=np.float32), 0.5, 0.25)
    tensors = {name.replace('.', '_', 1): values for name, values in model.to_tensors().items()}
    head = FineTunedHead.read(write(tmp_path / 'a', head_weight=WEIGHT, **tensors))
    assert head.out_of_distribution.threshold == 0.5


def test_a_layer_that_is_not_linear_is_rejected(tmp_path):
    checkpoint = write(tmp_path / 'a', head_weight=np.zeros((2, 3, 1, 1), np.float32))
    with pytest.raises(ValueError, match='no linear head'):
        FineTunedHead.read(checkpoint)


@pytest.mark.parametrize('shape', [(), (1,), (3,), (2, 1), (0,)])
def test_a_bias_of_another_shape_is_rejected(tmp_path, shape):
    checkpoint = write(tmp_path / 'a', head_weight=WEIGHT, head_bias=np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match='its head has 2 outputs, its bias the shape'):
        FineTunedHead.read(checkpoint)


def test_references_of_another_length_are_rejected(tmp_path):
    model = OutOfDistributionModel(np.eye(4, dtype=np.float32), 0.5, 0.25)
    tensors = {name.replace('.', '_', 1): values for name, values in model.to_tensors().items()}
    checkpoint = write(tmp_path / 'a', head_weight=WEIGHT, **tensors)
    with pytest.raises(ValueError, match='references have 4 values, its head has 3'):
        FineTunedHead.read(checkpoint)
