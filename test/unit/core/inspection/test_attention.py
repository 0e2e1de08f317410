"""Class activation maps."""

from __future__ import annotations

import cv2
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inspection.attention import as_picture, attention_of, attention_source
from nn_perception.core.inspection.inspector import Inspector
import numpy as np
import pytest
import torch
from traced_networks import network


@pytest.mark.parametrize('name', ['efficientnet_lite0', 'torchvision:resnet18'])
def test_the_mean_of_an_exact_map_and_the_bias_are_the_logit(name: str) -> None:
    module, traced, batch = network(name)
    source = attention_source(traced)
    assert source is not None
    assert source.weights is not None
    values = traced.run(batch, [source.layer, traced.logits])
    logits = values[traced.logits]
    bias = (module.head if name == 'efficientnet_lite0' else module.fc).bias.detach()
    for label in (0, 3, 9):
        found = attention_of(source, values[source.layer], logits, label)
        assert float(found.mean() + bias[label]) == pytest.approx(
            float(logits[0, label]), abs=1e-4
        )


@pytest.mark.parametrize(
    ('name', 'layer'),
    [
        ('digit_cnn', 'blocks.4.activation'),
        ('several layers', 'top.activation'),
        pytest.param('torchvision:mobilenet_v3_small', 'features.12.2', marks=pytest.mark.long),
    ],
)
def test_other_maps_are_weighted_by_gradients(name: str, layer: str) -> None:
    module, traced, batch = network(name)
    source = attention_source(traced)
    assert source is not None
    assert (source.layer, source.weights) == (layer, None)
    values = traced.run(batch, [layer, traced.logits], differentiable_from=layer)
    found = attention_of(source, values[layer], values[traced.logits], 2)
    kept = []

    def keep(_: object, __: object, output: torch.Tensor) -> torch.Tensor:
        output.retain_grad()
        kept.append(output)
        return output.clone()

    hook = module.get_submodule(layer).register_forward_hook(keep)
    module(batch)[0, 2].backward()
    hook.remove()
    module.zero_grad()
    weights = kept[0].grad.mean((2, 3), keepdim=True)
    expected = (weights * kept[0].detach()).sum(1)[0]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('name', ['digit_mlp', 'movenet_thunder'])
def test_networks_without_a_map_have_none(name: str) -> None:
    _, traced, batch = network(name)
    assert attention_source(traced) is None
    assert Inspector(traced).look(batch.numpy(), [], attention=True).attention is None


@pytest.mark.parametrize('sample', ['elephant.jpg', 'pizza.jpg'])
@pytest.mark.parametrize('side', ['left', 'right'])
def test_the_map_is_higher_where_the_object_is(sample: str, side: str) -> None:
    image = cv2.imread(str(SAMPLES_FOLDER / sample))
    scene = np.full((400, 800, 3), 127, np.uint8)
    scene += np.random.default_rng(0).integers(0, 20, scene.shape, np.uint8)
    small = cv2.resize(image, (400, 400), interpolation=cv2.INTER_AREA)
    scene[:, :400] = small if side == 'left' else scene[:, :400]
    scene[:, 400:] = small if side == 'right' else scene[:, 400:]
    checkpoint = find_checkpoint('efficientnet_lite0').for_fine_tuning()
    preprocessing: Preprocessing = checkpoint.preprocessing
    _, traced, _ = network('efficientnet_lite0')
    found = Inspector(traced).look(preprocessing([scene]), [], attention=True).attention
    assert found is not None
    assert found.shape == (224, 224)
    halves = found[:, :112].mean(), found[:, 112:].mean()
    on, off = halves if side == 'left' else halves[::-1]
    assert on > 2 * off
    assert found.max() == 255


def test_a_picture_of_a_map_has_no_trap() -> None:
    assert as_picture(torch.full((3, 3), float('nan')), 6, 6).max() == 0
    assert as_picture(torch.full((3, 3), -1.0), 6, 6).max() == 0
    assert as_picture(torch.tensor([[1.0, -5.0]]), 2, 4).tolist()[0][0] == 255
