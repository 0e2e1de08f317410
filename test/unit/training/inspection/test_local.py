"""Look into checkpoints in this process, also with requests that make no sense."""

from __future__ import annotations

import random

import cv2
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.inference.checkpoint import CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.networks.build import build
from nn_perception.training.inspection.inspectable import LookRequest
from nn_perception.training.inspection.methods import inspectable_methods
from nn_perception.training.inspection.process import ModelViewers
from nn_perception.training.inspection.server import answer, call_at_once
from nn_perception.training.inspection.wire import decode, encode, Message
import numpy as np
import pytest
import torch


def photograph(name: str) -> np.ndarray:
    image = cv2.imread(str(SAMPLES_FOLDER / name))
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def test_a_tagger_names_its_best_labels() -> None:
    network = ModelViewers('efficientnet_lite0').open()
    with pytest.raises(ValueError, match='no picture yet'):
        network.look(LookRequest(None))
    look = network.look(LookRequest(photograph('elephant.jpg'), ['top.activation'], True))
    assert 'elephant' in look.labels[0]
    assert len(look.labels) == len(look.scores) == 10
    assert list(look.scores) == sorted(look.scores, reverse=True)
    assert [maps.values.shape for maps in look.maps] == [(1280, 7, 7)]
    assert look.attention is not None
    assert look.attention.shape == look.seen.shape[:2] == (224, 224)
    again = network.look(LookRequest(None))
    assert again.labels == look.labels
    assert (again.maps, again.attention) == ((), None)


def test_poses_have_maps_and_no_labels() -> None:
    network = ModelViewers('movenet_multipose').open()
    look = network.look(LookRequest(photograph('skier.jpg'), ['heads.center.out'], True))
    assert (look.labels, look.scores, look.attention) == ((), (), None)
    assert look.maps[0].values.shape == (1, 64, 64)


def test_a_fine_tuned_checkpoint_with_features_of_several_layers(tmp_path) -> None:
    torch.manual_seed(0)
    module = build('efficientnet_lite0', 3)
    module.use_multi_layer_features()
    weights = {name: values.numpy() for name, values in module.state_dict().items()}
    metadata = CheckpointMetadata(
        'efficientnet_lite0',
        ('cup', 'mug', 'bowl'),
        find_checkpoint('efficientnet_lite0').for_fine_tuning().preprocessing,
        '1',
        head='head.bias',
        fine_tuned_from='efficientnet_lite0 1',
        features='stages',
    )
    path = tmp_path / 'mugs.safetensors'
    write_checkpoint(path, weights, metadata)
    network = ModelViewers(str(path)).open()
    assert network.layers()[-2].title == 'linear, 8672 to 3'
    look = network.look(LookRequest(photograph('espresso.jpg'), ['head'], attention=True))
    assert sorted(look.labels) == ['bowl', 'cup', 'mug']
    assert sum(look.scores) == pytest.approx(1.0)
    assert look.attention is not None
    assert network.arithmetic('head', (1,)).total_terms == 8672


def test_random_requests_are_answered() -> None:
    network = ModelViewers('lenet5').open()
    methods, layers = inspectable_methods(network), network.layers()
    chance, generator = random.Random(0), np.random.default_rng(0)
    sizes = [(1, 1, 3), (1, 1), (28, 28), (30, 40, 3), (2, 900, 3), (900, 3), (5, 5, 4), (0, 3, 3)]
    bad = [[], [0], [1 << 60] * 3, [-1, 0, 0], [0.5], None, 'a', [[0]]]
    answers = 0
    for _ in range(300):
        layer = chance.choice(layers)
        element = [chance.randrange(side) for side in layer.shape]
        values = {
            'method': chance.choice(['look', 'look', 'region', 'arithmetic', 'value']),
            'layer': chance.choice([layer.name, layer.name, layer.name, 'none', '']),
            'element': chance.choice([element, element, chance.choice(bad)]),
            'layers': chance.choice([[layer.name], [layer.name], ['none'], [5], None]),
            'attention': chance.choice([True, False, 'yes']),
        }
        picture = generator.integers(0, 256, chance.choice(sizes)).astype(np.uint8)
        if chance.random() < 0.3:
            picture[:] = chance.choice([0, 128, 255])
        arrays = (picture,) if values['method'] == 'look' and chance.random() < 0.9 else ()
        reply = decode(answer(methods, encode(Message(values, arrays)), call_at_once))
        answers += 'error' not in reply.values
    assert 100 < answers < 300
