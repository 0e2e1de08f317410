"""Random definitions, good and broken: each is built and runs, or gives one sentence."""

from __future__ import annotations

import json
import random
import resource
from typing import Any

from nn_perception.core.networks.defined.defined_network import DefinedNetwork
from nn_perception.core.networks.defined.definition import Definition, parse
from nn_perception.core.networks.defined.layers import ACTIVATIONS, LAYERS
from nn_perception.core.networks.defined.memory import check_size
import pytest
import torch
from torch.nn import functional

COUNT = 200
BATCH_SIZE = 2
LIMIT_BYTES = 60_000_000
STRANGE: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 3, 10**9, 10**400, 0.5, 1.0, -0.0, float('nan'), float('inf')),
    *('', 'conv', '3', '\x00', '\ud800', 'x' * 10_000, [], [[]], {}, {'type': 'conv'}, [1, 2, 3]),
)


def random_layer(chance: random.Random, maps: bool) -> dict[str, Any]:
    """Make a layer with the right keys; it need not fit."""
    kinds = [k for k in LAYERS if maps or k not in ('conv', 'max_pool', 'average_pool')]
    kind = chance.choice(kinds)
    extra = {'batch_norm': chance.random() < 0.4, 'activation': chance.choice(ACTIVATIONS)}
    values: dict[str, dict[str, Any]] = {
        'conv': {
            'filters': chance.choice((1, 4, 6, 16, 64, 4096)),
            'kernel': chance.choice((1, 2, 3, 5, 7, 31)),
            'padding': chance.choice((0, 0, 1, 2)),
            'stride': chance.choice((1, 1, 2, 3)),
            **extra,
        },
        'max_pool': {'size': chance.choice((1, 2, 3))},
        'average_pool': {'size': 2, 'stride': chance.choice((1, 2, 3))},
        'linear': {'units': chance.choice((1, 10, 100, 16_384)), **extra},
        'dropout': {'rate': chance.choice((0, 0.5))},
        'activation': {'activation': chance.choice(ACTIVATIONS)},
    }
    return {'type': kind, **values.get(kind, {})}


def random_definition(chance: random.Random) -> dict[str, Any]:
    """Make a definition that is often right."""
    maps = [random_layer(chance, maps=True) for _ in range(chance.randrange(5))]
    # At the places where they fit.
    maps = [layer for layer in maps if layer['type'] not in ('flatten', 'linear')]
    maps = [layer for layer in maps if layer['type'] != 'global_average_pool']
    vector = [random_layer(chance, maps=False) for _ in range(chance.randrange(3))]
    vector = [layer for layer in vector if layer['type'] not in ('flatten', 'global_average_pool')]
    flat = {'type': chance.choice(('flatten', 'global_average_pool'))}
    side = chance.choice((8, 28, 28, 64))
    layers = [*maps, flat, *vector, {'type': 'linear', 'units': 10}]
    return {'input': [chance.choice((1, 3)), side, side], 'layers': layers}


def mutated(value: Any, chance: random.Random) -> Any:
    """Change one thing somewhere: a value, a key, an item that is missing or twice."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.1:
        return chance.choice(STRANGE)
    if isinstance(value, list):
        at = chance.randrange(len(value))
        how = chance.random()
        if how < 0.15:
            return value[:at] + value[at + 1 :]
        if how < 0.3:
            return value[:at] + value[at : at + 1] * chance.choice((2, 100)) + value[at:]
        return [*value[:at], mutated(value[at], chance), *value[at + 1 :]]
    key = chance.choice([*value])
    if chance.random() < 0.15:
        return {name: item for name, item in value.items() if name != key}
    if chance.random() < 0.15:
        strange = chance.choice((f'{key}s', str(key)[1:], 1, None, ''))
        return {name if name != key else strange: item for name, item in value.items()}
    return {**value, key: mutated(value[key], chance)}


def run(definition: Definition) -> None:
    """Do one step of a training."""
    network = DefinedNetwork(definition)
    logits = network(torch.rand(BATCH_SIZE, *definition.input))
    assert logits.shape == (BATCH_SIZE, 10)
    functional.cross_entropy(logits, torch.tensor([0, 9])).backward()
    assert all(p.grad is not None for p in network.parameters())


def outcome(value: Any) -> str:
    """Build and run a definition; return the sentence, or nothing if it runs."""
    try:
        definition = parse(value, 10)
        check_size(definition, BATCH_SIZE, LIMIT_BYTES)
    except ValueError as error:
        return str(error)
    run(definition)
    assert parse(definition.to_text(), 10) == definition
    return ''


def test_random_definitions_run_or_give_one_sentence() -> None:
    chance = random.Random(16)
    torch.manual_seed(0)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = []
    for number in range(COUNT):
        value = random_definition(chance)
        for _ in range(number % 4):
            value = mutated(value, chance)
        outcomes.append(outcome(value))
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    sentences = [text for text in outcomes if text]
    assert all('\n' not in text and len(text) < 300 for text in sentences)
    assert all(text.encode() for text in sentences)  # whole characters only
    # Else nothing is tested.
    assert 40 < len(sentences) < COUNT - 40
    assert len({text[:25] for text in sentences}) > 25
    assert grown_kb < 500_000


def test_random_text_gives_one_sentence() -> None:
    """What is not even JSON any more, cut off or with other characters in between."""
    chance = random.Random(17)
    for _ in range(COUNT):
        text = json.dumps(random_definition(chance))
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice(('', '{', '\x00', '\ud800', '9' * 400)) + text[at + 1 :]
        try:
            parse(text, 10)
        except ValueError as error:
            assert '\n' not in str(error)
            assert len(str(error)) < 300


@pytest.mark.parametrize('value', STRANGE)
def test_what_is_no_network_gives_a_sentence(value: Any) -> None:
    assert 'network' in outcome(value)
