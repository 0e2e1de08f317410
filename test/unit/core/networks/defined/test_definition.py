"""Reading definitions: what is allowed, and one sentence for all else."""

from __future__ import annotations

import json
from typing import Any

from nn_perception.core.networks.defined.definition import MAX_CHARACTERS, MAX_LAYERS, parse
from nn_perception.core.networks.defined.layers import Conv, Flatten, Linear, MaxPool
import pytest

CONV = {'type': 'conv', 'filters': 4, 'kernel': 3}
POOL = {'type': 'max_pool', 'size': 2}
FLATTEN = {'type': 'flatten'}
TEN = {'type': 'linear', 'units': 10}


def network(*layers: Any, shape: Any = (1, 28, 28)) -> dict[str, Any]:
    return {'input': list(shape), 'layers': list(layers)}


def test_reads_layers_and_their_sizes() -> None:
    definition = parse(network(CONV | {'padding': 1}, POOL, FLATTEN, TEN), classes=10)
    assert definition.layers == (Conv(4, 3, padding=1), MaxPool(2, 2), Flatten(), Linear(10))
    assert [size.shape for size in definition.sizes] == [(4, 28, 28), (4, 14, 14), (784,), (10,)]
    assert [size.parameters for size in definition.sizes] == [40, 0, 0, 7850]
    assert definition.multiply_adds == 4 * 9 * 28 * 28 + 7840
    assert (definition.outputs, definition.head) == (10, 'linear4.linear.bias')


def test_stride_groups_and_rounding_down() -> None:
    layer = CONV | {'filters': 6, 'kernel': 4, 'stride': 3, 'groups': 3}
    definition = parse(network(layer, POOL, FLATTEN, TEN, shape=(3, 30, 30)))
    assert [size.shape for size in definition.sizes][:2] == [(6, 9, 9), (6, 4, 4)]
    assert definition.tensors['conv1.conv.weight'] == (6, 1, 4, 4)


def test_the_canonical_form_leaves_out_defaults_and_round_trips() -> None:
    written = network(
        CONV | {'stride': 1, 'padding': 0, 'batch_norm': True, 'bias': True, 'activation': 'none'},
        POOL | {'stride': 2},
        {'type': 'average_pool', 'size': 2, 'stride': 1},
        {'type': 'dropout', 'rate': 0},
        FLATTEN,
        TEN | {'bias': False},
    )
    definition = parse(json.dumps(written))
    assert definition.to_json() == network(
        CONV | {'batch_norm': True},
        POOL,
        {'type': 'average_pool', 'size': 2, 'stride': 1},
        {'type': 'dropout', 'rate': 0.0},
        FLATTEN,
        TEN | {'bias': False},
    )
    assert parse(definition.to_text()) == definition
    assert parse(definition.to_text().encode()).to_text() == definition.to_text()
    assert definition.head == 'linear6.linear.weight'


def test_a_network_may_end_without_a_linear_layer() -> None:
    pooled = parse(network(CONV | {'filters': 10}, {'type': 'global_average_pool'}), 10)
    assert (pooled.outputs, pooled.head) == (10, '')
    assert parse(network(CONV | {'filters': 10, 'kernel': 28}, FLATTEN), 10).outputs == 10


WRONG = [
    # What is written, and words of the sentence.
    ([], 'a network is an object'),
    (None, 'got null'),
    ({'input': [1, 28, 28]}, 'the network: layers must be given'),
    (network(TEN) | {'layer': []}, "no key 'layer'; did you mean layers?"),
    (network(TEN, shape=(1, 28)), 'input must be a list of channels, height and width'),
    (network(TEN, shape=(2, 28, 28)), '1 channel (grey) or 3 (colour), got 2'),
    (network(TEN, shape=(True, 28, 28)), 'got true'),
    (network(TEN, shape=(1, 28, 30)), 'must be a square, got 28 x 30'),
    (network(TEN, shape=(1, 1000, 1000)), 'a whole number from 1 to 512, got 1000'),
    (network(TEN, shape=(1, 28.0, 28.0)), 'got 28.0'),
    (network(), 'has 1 to 64 layers, got 0'),
    (network(*[FLATTEN] * (MAX_LAYERS + 1)), 'has 1 to 64 layers, got 65'),
    (network(TEN) | {'layers': TEN}, 'layers must be a list, got an object'),
    (network('conv'), "layer 1: it must be an object with a type, got 'conv'"),
    (network({'filters': 3}), 'layer 1: it has no type'),
    (
        network(CONV, {'type': 'max_pol'}),
        "layer 2: there is no type 'max_pol'; did you mean max_p",
    ),
    (
        network({'type': ['conv']}),
        'layer 1: there is no type a list of 1; there are conv, max_pool',
    ),
    (network(CONV | {'kernal': 3}), "layer 1 (conv): there is no key 'kernal'; did you mean kern"),
    (
        network(FLATTEN | {'size': 3}),
        "layer 1 (flatten): there is no key 'size'; it has no key but",
    ),
    (network({'type': 'conv'}), 'layer 1 (conv): filters and kernel must be given'),
    (network(CONV | {'filters': True}), 'filters must be a whole number from 1 to 4096, got true'),
    (network(CONV | {'filters': 3.0}), 'filters must be a whole number from 1 to 4096, got 3.0'),
    (network(CONV | {'filters': '3'}), "filters must be a whole number from 1 to 4096, got '3'"),
    (network(CONV | {'filters': 0}), 'got 0'),
    (network(CONV | {'filters': 10**5000}), 'got a number of more than 20 digits'),
    (network(CONV | {'bias': 1}), 'bias must be true or false, got 1'),
    (network(CONV | {'activation': 'rleu'}), "got 'rleu'; did you mean relu?"),
    (network(CONV | {'activation': None}), 'activation must be one of none, relu'),
    (network({'type': 'activation', 'activation': 'none'}), 'must be one of relu'),
    (network({'type': 'dropout', 'rate': float('nan')}), 'a number from 0 to 0.95, got nan'),
    (network({'type': 'dropout', 'rate': 1}), 'a number from 0 to 0.95, got 1'),
    (network(CONV | {'padding': 3}), 'its padding must be smaller than its kernel of 3, but is 3'),
    (network(CONV | {'groups': 2}), 'its 2 groups must divide its 1 input channels'),
    (
        network(CONV | {'kernel': 31}),
        'layer 1 (conv): its kernel of 31 is larger than its input, which has 28 x 28 pixels',
    ),
    (
        network(*[POOL] * 5),
        'layer 5 (max_pool): its size of 2 is larger than its input, which has 1 x 1 pixels',
    ),
    (network(CONV, TEN), 'layer 2 (linear): it needs a vector, but gets maps of 4 x 26 x 26; put'),
    (network(FLATTEN, CONV), 'layer 2 (conv): it needs maps, but gets a vector of 784 values'),
    (network(FLATTEN, FLATTEN), 'layer 2 (flatten): it needs maps'),
    (
        network(CONV),
        'the last layer must output one value for each class, but outputs maps of 4 x 26',
    ),
    (
        network(FLATTEN, TEN | {'units': 9}),
        'layer 2 (linear): the last layer must output one value f',
    ),
    (network(FLATTEN, TEN | {'activation': 'tanh'}), 'must not end in the activation tanh'),
    (network(FLATTEN, TEN, {'type': 'dropout', 'rate': 0.1}), 'must not end in dropout'),
    (
        network(CONV | {'filters': 4096, 'kernel': 7}, CONV | {'filters': 4096}, FLATTEN, TEN),
        'layer 2 (conv): up to here an image takes 60.5 billion multiply-adds',
    ),
]


@pytest.mark.parametrize(('written', 'words'), WRONG, ids=[words[:50] for _, words in WRONG])
def test_what_is_wrong_gives_one_sentence(written: Any, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(written, classes=10)
    assert words in str(caught.value)
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('{"input": [1, 28', 'is not JSON'),
        ('[' * 10_000, 'nested too deeply'),
        ('{"input": [1, 28, 28], "layers": [{"type": "dropout", "rate": NaN}]}', 'not a finite'),
        ('{"input": [1, 28, ' + '9' * 5000 + ']}', 'has more than 64 bits'),
        (' ' * (MAX_CHARACTERS + 1), 'at most 20,000 characters'),
        (b'\xff\xfe{', 'is not JSON'),
    ],
)
def test_text_that_is_not_plain_json_gives_one_sentence(text: str | bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text)


def test_the_number_of_classes_is_checked_only_if_it_is_known() -> None:
    five = network(FLATTEN, TEN | {'units': 5})
    assert parse(five).outputs == 5
    with pytest.raises(ValueError, match='for each of the 10 classes, but outputs 5'):
        parse(five, classes=10)
    with pytest.raises(ValueError, match='2 to 1000, but outputs 1'):
        parse(network(FLATTEN, TEN | {'units': 1}))
