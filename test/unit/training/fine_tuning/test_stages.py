"""Embeddings of several layers, and fine-tuned checkpoints from before there were any."""

from __future__ import annotations

from dataclasses import replace

from nn_perception.capabilities.tagging.fine_tuned_head import FineTunedHead
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.checkpoint import (
    Checkpoint,
    CheckpointMetadata,
    EMBEDDING,
    MEASURED_PREFIX,
    MULTI_LAYER,
)
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.networks.efficientnet_lite import MULTI_LAYER_SIZE
from nn_perception.training.datasets.embeddings import embedding_key
from nn_perception.training.datasets.labelled_frames import hash_file, LabelledFrame
from nn_perception.training.fine_tuning.result import measure
import numpy as np
import pytest
import torch


@pytest.fixture(scope='module')
def base() -> Checkpoint:
    return find_checkpoint('efficientnet_lite0')


def write_fine_tuned(base, path, size, features=EMBEDDING, **more):
    """Write a fine-tuned checkpoint with two labels, of which the second is always more likely."""
    body = {
        name: values
        for name, values in base.weights().items()
        if not name.startswith(f'{base.head_layer}.')
    }
    head = {
        f'{base.head_layer}.weight': np.zeros((2, size), np.float32),
        f'{base.head_layer}.bias': np.array([0.0, 1.0], np.float32),
    }
    write_checkpoint(
        path,
        {**body, **head, **more},
        CheckpointMetadata(
            network=base.network,
            labels=('cup', 'jug'),
            preprocessing=base.preprocessing,
            version='1',
            head=base.head,
            fine_tuned_from='efficientnet_lite0 1',
            features=features,
        ),
    )
    return Checkpoint.read(path)


def test_stages_begin_with_the_embedding(base):
    pictures = torch.rand(2, 3, 64, 96)
    with torch.inference_mode():
        stages = load_network(base.for_fine_tuning().without_head())(pictures)
        plain = load_network(base.without_head())(pictures)
    assert stages.shape == (2, MULTI_LAYER_SIZE)
    torch.testing.assert_close(
        base.for_fine_tuning().last_layer_embedding(stages.numpy()), plain.numpy()
    )
    assert base.last_layer_embedding(plain.numpy()).shape == plain.shape


def test_a_dark_channel_has_a_gradient(base):
    network = load_network(base.for_fine_tuning().without_head())
    network(torch.zeros(1, 3, 64, 64)).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


def test_embeddings_of_another_kind_have_another_cache(base):
    keys = {
        embedding_key(base),
        embedding_key(base.for_fine_tuning()),
        embedding_key(replace(base.for_fine_tuning(), features=EMBEDDING)),
    }
    assert len(keys) == 3
    assert base.for_fine_tuning().for_fine_tuning() == base.for_fine_tuning()


def test_a_network_for_grey_patches_is_fine_tuned_as_it_is():
    digits = find_checkpoint('digit_cnn')
    assert digits.for_fine_tuning() == digits


def test_a_version_from_before_stages_still_runs(base, tmp_path):
    old = write_fine_tuned(base, tmp_path / 'old.safetensors', 1280)
    assert old.features == EMBEDDING
    tagger = Tagger.open(str(old.path), RunOptions(engine='torch'))
    (tag, _) = tagger.tag(np.zeros((48, 64, 3), np.uint8))
    assert tag.label == 'jug'
    assert old.for_fine_tuning().features == MULTI_LAYER  # it can be fine-tuned again


def test_the_measured_head_is_measured_again(base, tmp_path, repository):
    measured = {
        f'{MEASURED_PREFIX}weight': np.zeros((2, MULTI_LAYER_SIZE), np.float32),
        f'{MEASURED_PREFIX}bias': np.array([1.0, 0.0], np.float32),
    }
    path = tmp_path / 'new.safetensors'
    new = write_fine_tuned(base, path, MULTI_LAYER_SIZE, MULTI_LAYER, **measured)
    assert FineTunedHead.read(new).bias.argmax() == 1
    load_network(new)  # the network ignores it
    photo = repository / 'nn_perception/samples/pizza.jpg'
    frame = LabelledFrame(photo, 'cup', 0, '', hash_file(photo))
    assert measure(path, [frame]) == 1.0
    assert measure(path, [replace(frame, sha256='')]) is None  # changed since it was stored
    assert (
        Tagger.open(str(path), RunOptions(device='cpu')).tag(read_image(photo))[0].label == 'jug'
    )


def test_a_head_on_features_that_the_network_does_not_have(tmp_path):
    path = tmp_path / 'odd.safetensors'
    write_checkpoint(
        path,
        {'head.bias': np.zeros(2, np.float32)},
        CheckpointMetadata(
            network='digit_cnn',
            labels=('a', 'b'),
            preprocessing=find_checkpoint('digit_cnn').preprocessing,
            version='1',
            features=MULTI_LAYER,
        ),
    )
    with pytest.raises(ValueError, match="needs 'stages' features, which digit_cnn does not have"):
        Checkpoint.read(path)
