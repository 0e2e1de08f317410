"""Networks that are built from definitions."""

from __future__ import annotations

from nn_perception.core.networks.build import build
from nn_perception.core.networks.defined.defined_network import DefinedNetwork
from nn_perception.core.networks.defined.definition import Definition, parse
from nn_perception.core.networks.defined.layers import ACTIVATIONS
from nn_perception.core.networks.defined.presets import preset_of, PRESETS
import pytest
import torch
from torch.nn import functional

ALL_TYPES = {
    'input': [3, 12, 12],
    'layers': [
        {'type': 'conv', 'filters': 6, 'kernel': 3, 'stride': 2, 'padding': 1, 'groups': 3},
        {'type': 'batch_norm'},
        {'type': 'activation', 'activation': 'elu'},
        {'type': 'average_pool', 'size': 2, 'stride': 1},
        {'type': 'conv', 'filters': 8, 'kernel': 2, 'batch_norm': True, 'activation': 'gelu'},
        {'type': 'max_pool', 'size': 2},
        {'type': 'global_average_pool'},
        {'type': 'linear', 'units': 5, 'batch_norm': True, 'activation': 'tanh'},
        {'type': 'batch_norm'},
        {'type': 'dropout', 'rate': 0.5},
        {'type': 'linear', 'units': 4, 'bias': False},
    ],
}


def built(definition: Definition, seed: int = 1) -> DefinedNetwork:
    torch.manual_seed(seed)
    return DefinedNetwork(definition)


def test_every_module_has_the_size_that_was_computed() -> None:
    definition = parse(ALL_TYPES)
    network = built(definition)
    shapes = {}
    for name, module in network.named_children():
        module.register_forward_hook(
            lambda _, inputs, output, name=name: shapes.update({name: tuple(output.shape[1:])})
        )
    batch = torch.rand(2, *definition.input)
    loss = functional.cross_entropy(network(batch), torch.tensor([0, 3]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert shapes == {size.name: size.shape for size in definition.sizes}
    state = {name: tuple(values.shape) for name, values in network.state_dict().items()}
    assert list(state.items()) == list(definition.tensors.items())
    assert sum(p.numel() for p in network.parameters()) == definition.parameters
    assert all(p.grad is not None for p in network.parameters())


@pytest.mark.parametrize('name', ACTIVATIONS)
def test_activations_are_those_of_torch(name: str) -> None:
    layers = [
        {'type': 'activation', 'activation': name},
        {'type': 'conv', 'filters': 2, 'kernel': 1},
        {'type': 'global_average_pool'},
    ]
    network = built(parse({'input': [1, 3, 3], 'layers': layers}))
    x = torch.linspace(-2.0, 2.0, 9).view(1, 1, 3, 3)
    before = x.clone()
    expected = getattr(functional, name, None) or getattr(torch, name)
    assert torch.equal(network.activation1(x), expected(x))
    assert torch.equal(x, before)  # not in place


def test_torch_fx_can_trace_it() -> None:
    network = built(parse(ALL_TYPES)).eval()
    traced = torch.fx.symbolic_trace(network)
    targets = [node.target for node in traced.graph.nodes if node.op == 'call_module']
    assert targets[:5] == [
        'conv1.conv',
        'batch_norm2',
        'activation3',
        'average_pool4',
        'conv5.conv',
    ]
    batch = torch.rand(2, 3, 12, 12)
    assert torch.equal(traced(batch), network(batch))


@pytest.mark.parametrize('name', PRESETS)
def test_presets_are_valid_and_described(name: str) -> None:
    preset = PRESETS[name]
    definition = preset.define(10)
    assert parse(definition.to_text(), classes=10) == definition
    assert preset_of(definition) == preset_of(preset.define(3)) == name
    assert preset.sentence.endswith('.')
    assert len(preset.title) < 30
    assert definition.parameters < 500_000


def test_the_lenet_of_1998_has_its_published_sizes() -> None:
    """LeNet-5, with all channels connected: 61,706 weights, see the paper's figure 2."""
    sizes = PRESETS['lenet5_classic'].define().sizes
    shapes = [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (400,), (120,), (84,), (10,)]
    assert [size.shape for size in sizes] == shapes
    assert sum(size.parameters for size in sizes) == 61_706


@pytest.mark.parametrize('name', [name for name, preset in PRESETS.items() if preset.network])
def test_the_presets_of_the_digit_reader_are_its_networks(name: str) -> None:
    """The same weights in the same order from a seed, and the same outputs and gradients."""
    preset = PRESETS[name]
    ours = built(preset.define(11))
    torch.manual_seed(1)
    theirs = build(preset.network, 11)
    # After the forward pass, so that the statistics of batch norm are compared too.
    batch, labels = torch.rand(4, 1, 28, 28), torch.arange(4)
    for network in (ours, theirs):
        torch.manual_seed(2)  # of dropout
        functional.cross_entropy(network(batch), labels).backward()  # type: ignore[no-untyped-call]
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)
        assert torch.equal(one.grad, other.grad)  # type: ignore[arg-type]
    states = ours.state_dict().values(), theirs.state_dict().values()
    assert all(torch.equal(one, other) for one, other in zip(*states, strict=True))
    assert torch.equal(ours.eval()(batch), theirs.eval()(batch))
