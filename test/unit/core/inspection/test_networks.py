"""Numbers of whole networks are those of torch itself."""

from __future__ import annotations

import random

from nn_perception.core.inspection.gradients import gradients_of
from nn_perception.core.inspection.inspector import Inspector
from nn_perception.core.inspection.records import INPUT
import numpy as np
import pytest
import torch
from torch import nn, Tensor
from torch.nn import functional
from traced_networks import network, NETWORKS

CLASSIFIERS = [name for name in NETWORKS if not name.startswith('movenet')]


def outputs_of_modules(module: nn.Module, batch: Tensor) -> dict[str, list[Tensor]]:
    """Record the outputs of all modules with hooks, in the order of their calls."""
    found: dict[str, list[Tensor]] = {}
    hooks = []
    for name, part in module.named_modules():

        def hook(_: nn.Module, __: object, output: object, name: str = name) -> None:
            if isinstance(output, Tensor):
                # Activations in place overwrite it later.
                found.setdefault(name, []).append(output.detach().clone())

        hooks.append(part.register_forward_hook(hook))
    with torch.no_grad():
        module(batch)
    for one in hooks:
        one.remove()
    return found


@pytest.mark.parametrize('name', NETWORKS)
def test_layers_have_the_values_of_the_modules(name: str) -> None:
    module, traced, batch = network(name)
    expected = outputs_of_modules(module, batch)
    values = traced.run(batch, [layer.name for layer in traced.layers])
    assert torch.equal(values[INPUT], batch)
    compared = 0
    for layer in traced.layers:
        path, _, call = layer.name.partition('#')
        assert values[layer.name].shape == (1, *layer.shape)
        operation = traced.operations.get(layer.name)
        if path in expected and operation is not None and operation.module is not None:
            found = expected[path][int(call or 1) - 1]
            torch.testing.assert_close(values[layer.name], found, rtol=1e-5, atol=1e-5)
            compared += 1
    modules = [part for part in module.modules() if not list(part.children())]
    # Identities are no layers; those that are called twice are two.
    assert compared >= sum(not isinstance(part, nn.Identity) for part in modules)
    with torch.no_grad():
        made = module(batch)
    outputs = (made,) if isinstance(made, Tensor) else made
    for layer, output in zip(traced.outputs, outputs, strict=True):
        torch.testing.assert_close(values[layer], output, rtol=1e-5, atol=1e-5)
    if traced.probabilities:
        torch.testing.assert_close(values[traced.layers[-1].name], made.softmax(1))
    assert sum(layer.parameters for layer in traced.layers) == sum(
        one.numel() for one in module.parameters()
    )


def elements_of(shape: tuple[int, ...], chance: random.Random) -> list[tuple[int, ...]]:
    """Choose the first element, the last, and others at the border and anywhere."""
    last = tuple(side - 1 for side in shape)
    border = tuple(chance.choice((0, side - 1)) for side in shape)
    anywhere = tuple(chance.randrange(side) for side in shape)
    return [(0,) * len(shape), last, (chance.randrange(shape[0]), *border[1:]), anywhere]


@pytest.mark.parametrize('name', NETWORKS)
def test_the_arithmetic_of_any_element_gives_its_value(name: str) -> None:
    _, traced, batch = network(name)
    chance = random.Random(name)
    values = traced.run(batch, [layer.name for layer in traced.layers])
    inspector = Inspector(traced)
    inspector.look(batch.numpy(), [])
    explained = [layer for layer in traced.layers if layer.kind not in (INPUT, 'other')]
    for layer in chance.sample(explained, min(len(explained), 24)):
        for element in elements_of(layer.shape, chance):
            found = inspector.arithmetic(layer.name, element)
            expected = float(values[layer.name][0][element])
            tolerance = 1e-5 * max(1.0, abs(expected))
            assert abs(found.value - expected) <= tolerance, (layer, element)
            assert abs(inspector.value(layer.name, element) - expected) <= tolerance
            assert len(found.terms) == min(64, found.total_terms)
            if found.activation:
                follower = next(one for one in traced.layers if layer.name in one.inputs)
                after = float(values[follower.name][0][element])
                assert abs(found.activated - after) <= 1e-5 * max(1.0, abs(after))


@pytest.mark.parametrize('name', NETWORKS)
def test_only_what_is_inside_a_region_changes_an_element(name: str) -> None:
    _, traced, batch = network(name)
    chance = random.Random(name)
    layers = [
        layer
        for layer in traced.layers
        if layer.kind in ('conv', 'linear', 'max_pool', 'batch_norm', 'average_pool')
        and len(layer.inputs) == 1
        and traced.operations[layer.name].module is not None
    ]
    for layer in chance.sample(layers, min(len(layers), 8)):
        module = traced.operations[layer.name].module
        assert module is not None
        values = traced.run(batch, layer.inputs)[layer.inputs[0]]
        for element in elements_of(layer.shape, chance)[1:]:
            (region,) = Inspector(traced).region(layer.name, element)
            inside = torch.zeros_like(values, dtype=torch.bool)
            box = (slice(a, b + 1) for a, b in zip(region.first, region.last, strict=True))
            inside[(0, *box)] = True
            with torch.no_grad():
                before, outer, inner = (
                    module(one)[0][element]
                    for one in (values, values + 7 * ~inside, values + 7 * inside)
                )
            torch.testing.assert_close(before, outer, rtol=1e-5, atol=1e-5)
            assert abs(float(before - inner)) > 1e-4, (layer, element)


@pytest.mark.parametrize('name', CLASSIFIERS)
def test_gradients_are_those_of_torch(name: str) -> None:
    module, traced, batch = network(name)
    batch = torch.cat([batch, batch.flip(-1)])
    targets = torch.tensor([3, 1])
    found = gradients_of(traced, batch, targets, [layer.name for layer in traced.layers])
    recorded: dict[str, Tensor] = {}

    def hook_of(path: str) -> object:
        def hook(_: nn.Module, __: object, output: Tensor) -> Tensor:
            # What happens in place happens to a copy.
            output.retain_grad()
            recorded[path] = output
            return output.clone()

        return hook

    paths = [
        layer.name
        for layer in traced.layers
        if layer.name in traced.operations
        and isinstance(
            traced.operations[layer.name].module, nn.Conv2d | nn.Linear | nn.BatchNorm2d
        )
    ]
    hooks = [module.get_submodule(path).register_forward_hook(hook_of(path)) for path in paths]
    example = batch.clone().requires_grad_()
    functional.cross_entropy(module(example), targets).backward()
    for one in hooks:
        one.remove()
    module.zero_grad()
    assert example.grad is not None
    torch.testing.assert_close(found[INPUT], example.grad, rtol=1e-5, atol=1e-6)
    for path in paths:
        expected = recorded[path].grad
        assert expected is not None
        torch.testing.assert_close(found[path], expected, rtol=1e-4, atol=1e-5)
    assert all(found[layer.name].shape == (2, *layer.shape) for layer in traced.layers)


def test_gradients_of_probabilities_are_those_of_their_logarithm() -> None:
    _, traced, batch = network('digit_mlp')
    found = gradients_of(traced, batch, torch.tensor([4]), [traced.probabilities])
    probabilities = traced.run(batch, [traced.probabilities])[traced.probabilities]
    example = probabilities.clone().requires_grad_()
    functional.nll_loss(example.log(), torch.tensor([4])).backward()
    torch.testing.assert_close(found[traced.probabilities], example.grad)


@pytest.mark.parametrize('targets', [[11], [-1], [0, 1]])
def test_targets_that_there_are_not_are_said(targets: list[int]) -> None:
    _, traced, batch = network('digit_mlp')
    with pytest.raises(ValueError, match='A target is a number from 0 to 10'):
        gradients_of(traced, batch, torch.tensor(targets), [INPUT])


def test_a_network_that_trains_is_looked_into_as_it_infers() -> None:
    module, traced, batch = network('digit_mlp')
    before = traced.run(batch, [traced.logits])[traced.logits]
    module.train()
    module.layers[0].norm.eval()
    try:
        again = traced.run(batch, [traced.logits])[traced.logits]
        assert torch.equal(before, again)
        assert module.head.training
        assert not module.layers[0].norm.training
    finally:
        module.eval()


def test_an_explanation_follows_the_weights() -> None:
    module, traced, batch = network('digit_mlp')
    inspector = Inspector(traced)
    inspector.look(batch.numpy(), [])
    before = inspector.arithmetic('head', (2,))
    with torch.no_grad():
        module.head.bias[2] += 1.0
    try:
        assert inspector.arithmetic('head', (2,)).value == pytest.approx(before.value + 1.0)
        assert inspector.value('head', (2,)) == pytest.approx(before.value + 1.0)
    finally:
        with torch.no_grad():
            module.head.bias[2] -= 1.0


def test_large_networks_have_stages_without_others_in_between() -> None:
    for name, first, last, count in (
        ('efficientnet_lite0', 'stem', 'head', 20),
        ('movenet_multipose', 'backbone', 'head box_offset', 27),
        ('torchvision:resnet18', 'stem', 'head', 11),
    ):
        stages = [layer.stage for layer in network(name)[1].layers]
        runs = [stage for index, stage in enumerate(stages) if stages[index - 1] != stage]
        assert len(runs) == len(set(runs)) == count
        assert (runs[1], runs[-1]) == (first, last)
    assert {layer.stage for layer in network('digit_cnn')[1].layers} == {''}


def test_a_look_keeps_only_what_was_asked_for() -> None:
    _, traced, batch = network('digit_cnn')
    inspector = Inspector(traced)
    names = ['blocks.1.activation', INPUT, 'softmax']
    found = inspector.look(batch.numpy(), names)
    values = traced.run(batch, names)
    for maps, name in zip(found.maps, names, strict=True):
        assert maps.layer == name
        expected = values[name][0].numpy()
        restored = maps.low + maps.values / 255.0 * (maps.high - maps.low)
        step = (maps.high - maps.low) / 255.0
        assert maps.values.dtype == np.uint8
        assert np.abs(restored - expected).max() <= 0.5 * step + 1e-6
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities, values['softmax'][0], rtol=1e-5)
    assert inspector.look(None, []).maps == ()
