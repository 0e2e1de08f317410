"""What teaching sees of a network: several layers; and taught checkpoints from before that."""

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
    STAGES,
    write_checkpoint,
)
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.networks.efficientnet_lite import STAGES_SIZE
from nn_perception.training.datasets.embeddings import embedding_key
from nn_perception.training.datasets.labelled_frames import Sample
from nn_perception.training.fine_tuning.job import accuracy_on
import numpy as np
import pytest
import torch


@pytest.fixture(scope='module')
def base() -> Checkpoint:
    return find_checkpoint('efficientnet_lite0')


def write_taught(base, path, size, features=EMBEDDING, **more):
    """Write what teaching leaves: a head for two labels, the second one always more likely."""
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
            taught_from='efficientnet_lite0 1',
            features=features,
        ),
    )
    return Checkpoint.read(path)


def test_stages_begin_with_the_embedding(base):
    pictures = torch.rand(2, 3, 64, 96)
    with torch.inference_mode():
        stages = load_network(base.to_teach().embedding())(pictures)
        plain = load_network(base.embedding())(pictures)
    assert stages.shape == (2, STAGES_SIZE)
    torch.testing.assert_close(base.to_teach().similarity(stages.numpy()), plain.numpy())
    assert base.similarity(plain.numpy()).shape == plain.shape


def test_a_dark_channel_has_a_gradient(base):
    network = load_network(base.to_teach().embedding())
    network(torch.zeros(1, 3, 64, 64)).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


def test_embeddings_of_another_kind_have_another_cache(base):
    keys = {
        embedding_key(base),
        embedding_key(base.to_teach()),
        embedding_key(replace(base.to_teach(), features=EMBEDDING)),
    }
    assert len(keys) == 3
    assert base.to_teach().to_teach() == base.to_teach()


def test_what_reads_grey_patches_is_taught_as_it_is():
    digits = find_checkpoint('digit_cnn')
    assert digits.to_teach() == digits


def test_a_version_from_before_stages_still_runs(base, tmp_path):
    old = write_taught(base, tmp_path / 'old.safetensors', 1280)
    assert old.features == EMBEDDING
    tagger = Tagger.open(str(old.path), RunOptions(engine='torch'))
    (tag, _) = tagger.tag(np.zeros((48, 64, 3), np.uint8))
    assert tag.label == 'jug'
    assert old.to_teach().features == STAGES  # it can be taught on


def test_what_was_measured_is_measured_again(base, tmp_path, repository):
    measured = {
        f'{MEASURED_PREFIX}weight': np.zeros((2, STAGES_SIZE), np.float32),
        f'{MEASURED_PREFIX}bias': np.array([1.0, 0.0], np.float32),
    }
    path = tmp_path / 'new.safetensors'
    new = write_taught(base, path, STAGES_SIZE, STAGES, **measured)
    assert FineTunedHead.read(new).bias.argmax() == 1
    assert FineTunedHead.read(new, measured=True).bias.argmax() == 0
    load_network(new)  # neither does it hinder the network
    photo = repository / 'nn_perception/samples/pizza.jpg'
    sample = Sample(photo, 'cup', 0, '', '')
    assert accuracy_on(path, [sample]) == 1.0
    assert (
        Tagger.open(str(path), RunOptions(device='cpu')).tag(read_image(photo))[0].label == 'jug'
    )


def test_a_head_on_what_no_network_gives_is_refused(tmp_path):
    path = tmp_path / 'odd.safetensors'
    write_checkpoint(
        path,
        {'head.bias': np.zeros(2, np.float32)},
        CheckpointMetadata(
            network='digit_cnn',
            labels=('a', 'b'),
            preprocessing=find_checkpoint('digit_cnn').preprocessing,
            version='1',
            features=STAGES,
        ),
    )
    with pytest.raises(ValueError, match="classifies 'stages', which digit_cnn does not give"):
        Checkpoint.read(path)
