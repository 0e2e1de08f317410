"""The reference in docs/networks.md against the code."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
import re

from nn_perception.core.networks.defined.definition import (
    MAX_CHARACTERS,
    MAX_LAYERS,
    parse,
    SIDE,
)
from nn_perception.core.networks.defined.layers import (
    ACTIVATIONS,
    ALLOWED,
    Flag,
    LAYERS,
    Share,
    Whole,
)
from nn_perception.core.networks.defined.presets import PRESETS
from nn_perception.core.networks.defined.sizes import MAX_MULTIPLY_ADDS, MAX_VALUES

TEXT = Path(__file__).parents[5].joinpath('docs', 'networks.md').read_text()
ROWS = [[cell.strip() for cell in line.split('|')[1:-1]] for line in TEXT.splitlines()]


def words(allowed: object) -> str:
    if isinstance(allowed, Whole):
        return f'{allowed.low} to {allowed.high}'
    if isinstance(allowed, Share):
        return f'0 to {allowed.high:g}'
    return 'true or false' if isinstance(allowed, Flag) else ''


def test_every_layer_and_key_is_in_the_table_with_its_values() -> None:
    documented: dict[str, dict[str, str]] = {}
    names: list[str] = []
    for row in ROWS:
        if len(row) != 4 or row[0] == 'type' or row[0].startswith('---'):
            continue
        names = re.findall(r'`(\w+)`', row[0]) or names
        for name in names:
            keys = documented.setdefault(name, {})
            if row[1]:
                keys[row[1].strip('`')] = row[2]
    assert documented.keys() == LAYERS.keys()
    for name, layer in LAYERS.items():
        assert documented[name].keys() == {key.name for key in fields(layer)}, name
        for key in fields(layer):
            assert documented[name][key.name].startswith(words(key.metadata[ALLOWED]))


def test_the_presets_are_in_the_table_with_their_weights() -> None:
    documented = {row[0].strip('`'): row[2] for row in ROWS if len(row) == 3}
    for name, preset in PRESETS.items():
        assert documented[name] == f'{preset.define(10).parameters:,}'


def test_limits_activations_and_the_example_are_those_of_the_code() -> None:
    assert all(f'`{name}`' in TEXT for name in ACTIVATIONS)
    assert f'{SIDE.low} to {SIDE.high} pixels' in TEXT
    assert f'1 to {MAX_LAYERS} layers' in TEXT
    assert f'{MAX_CHARACTERS:,} characters' in TEXT
    assert f'{MAX_MULTIPLY_ADDS // 10**9} billion multiply-adds' in TEXT
    assert f'{MAX_VALUES // 10**6} million values' in TEXT
    example = re.search(r'```json\n(.*?)```', TEXT, re.DOTALL)
    assert example is not None
    assert parse(example[1]).outputs == 10
