"""Regions and arithmetic of single operations, for every element of their output."""

from __future__ import annotations

import itertools

from nn_perception.core.inspection.inspector import Inspector
from nn_perception.core.inspection.records import INPUT
import numpy as np
import pytest
import torch
from traced_networks import operation, OPERATIONS

# Of all of these, an element sees more than it uses, or it is not known what it uses.
WHOLE = ('something else',)


@pytest.mark.parametrize('name', OPERATIONS)
def test_regions_are_those_that_change_an_element(name: str) -> None:
    """Change each value of the input by itself; compare what changes with the regions."""
    traced = operation(name)
    torch.manual_seed(2)
    example = torch.randn(1, 4, 7, 6)
    changes = torch.eye(example.numel()).view(-1, 4, 7, 6)
    for layer in traced.layers[1:]:
        if layer.inputs != (INPUT,):
            continue
        before = traced.run(example, [layer.name])[layer.name]
        # A pool that takes the largest value shows what is made larger.
        after = traced.run(example + 100 * changes, [layer.name])[layer.name]
        changed = ((after - before).abs() > 1e-4).view(len(changes), -1).numpy()
        for flat, element in enumerate(np.ndindex(*layer.shape)):
            places = np.argwhere(changed[:, flat].reshape(4, 7, 6))
            regions = Inspector(traced).region(layer.name, element)
            if not len(places):
                assert regions == (), element
                continue
            (region,) = regions
            assert (places >= region.first).all(), element
            assert (places <= region.last).all(), element
            if name not in WHOLE:
                assert region.first == tuple(places.min(0)), element
                assert region.last == tuple(places.max(0)), element


@pytest.mark.parametrize('name', OPERATIONS)
def test_the_arithmetic_gives_the_value(name: str) -> None:
    traced = operation(name)
    torch.manual_seed(3)
    inspector = Inspector(traced)
    batch = torch.randn(1, 4, 7, 6)
    inspector.look(batch.numpy(), [])
    names = [layer.name for layer in traced.layers]
    values = traced.run(batch, names)
    for layer in traced.layers[1:]:
        elements = list(np.ndindex(*layer.shape))
        # All corners are among them.
        for element in [*elements[:: max(1, len(elements) // 60)], elements[-1]]:
            found = inspector.arithmetic(layer.name, element)
            expected = float(values[layer.name][0][element])
            assert found.value == pytest.approx(expected, rel=1e-5, abs=1e-5), element
            assert found.total_terms >= len(found.terms)
            for term in found.terms:
                products = (term.patch * term.kernel).sum()
                assert products == pytest.approx(term.total, rel=1e-5, abs=1e-5)
            totals = [abs(term.total) for term in found.terms]
            if layer.kind in ('conv', 'linear'):
                assert totals == sorted(totals, reverse=True)
                sums = sum(term.total for term in found.terms) + found.bias
                assert sums == pytest.approx(found.value, rel=1e-9)


def test_what_follows_is_said() -> None:
    traced = operation('residual')
    inspector = Inspector(traced)
    inspector.look(torch.randn(1, 4, 7, 6).numpy(), [])
    found = inspector.arithmetic('0.add', (1, 2, 3))
    assert (found.rule, found.activation) == ('sum of both values', 'ReLU')
    assert found.activated == max(0.0, found.value)
    # Both get their input, so neither is the activation of the other.
    assert inspector.arithmetic('0.one', (0, 0, 0)).activation == ''
    assert [layer.title for layer in traced.layers] == [
        'input',
        'conv 3 x 3',
        'conv 1 x 1',
        'add',
        'ReLU',
        'average over the picture',
        'sigmoid',
        'multiply',
        'subtract',
        'concat of 2',
    ]


def test_values_are_those_before_they_are_overwritten() -> None:
    """Additions and activations in place must not change the layer before."""
    traced = operation('residual')
    batch = torch.randn(1, 4, 7, 6)
    values = traced.run(batch, ['0.one', '0.add', '0.activation'])
    one = traced.network[0].one(batch)
    assert torch.equal(values['0.one'], one)
    both = one + traced.network[0].other(batch)
    assert torch.equal(values['0.add'], both)
    assert torch.equal(values['0.activation'], both.relu())


@pytest.mark.parametrize(
    ('layer', 'element'),
    [
        ('0.one', (4, 0, 0)),
        ('0.one', (-1, 0, 0)),
        ('0.one', (0, 0)),
        ('0.one', ()),
        ('two', (0, 0, 0)),
    ],
)
def test_what_there_is_not_is_said(layer: str, element: tuple[int, ...]) -> None:
    inspector = Inspector(operation('residual'))
    inspector.look(torch.randn(1, 4, 7, 6).numpy(), [])
    for method in (inspector.region, inspector.arithmetic, inspector.value):
        with pytest.raises(ValueError, match=r'There is no layer|has no element'):
            method(layer, element)


def test_a_network_that_decides_from_values_is_said() -> None:
    from nn_perception.core.inspection.traced_network import TracedNetwork
    from traced_networks import Function

    decides = Function(lambda x: x if x.sum() > 0 else -x)
    with pytest.raises(ValueError, match='cannot be looked into'):
        TracedNetwork(decides, torch.ones(1, 2, 3, 3))


def test_nothing_is_explained_without_a_picture() -> None:
    inspector = Inspector(operation('conv'))
    for method in (inspector.value, inspector.arithmetic):
        with pytest.raises(ValueError, match='no picture yet'):
            method(inspector.traced.layers[1].name, (0, 0, 0))
    inspector.look(np.ones((1, 4, 7, 6), np.float32), [])
    with pytest.raises(ValueError, match='is not computed'):
        inspector.arithmetic(INPUT, (0, 0, 0))
    assert all(
        inspector.value(INPUT, (*place, 0)) == 1.0 for place in itertools.product(range(4), (0, 6))
    )
