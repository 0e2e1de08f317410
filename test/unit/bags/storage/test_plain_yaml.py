"""YAML of strangers."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

from nn_perception.bags.storage.files import BagError
from nn_perception.bags.storage.plain_yaml import load_yaml
import pytest

LAUGHS = 'a0: &a0 [x, x, x, x, x, x, x, x, x]\n' + ''.join(
    f'a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 9)}]\n' for i in range(1, 9)
)


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('', None),
        ('a: 1', {'a': '1'}),
        ('{a: ~, b: null, c: , d: "null"}', {'a': None, 'b': None, 'c': None, 'd': 'null'}),
        ('[true, 1.50, 0x1F, 2026-11-28]', ['true', '1.50', '0x1F', '2026-11-28']),
        ('- [1, {a: b}]\n- |\n  two\n  lines\n', [['1', {'a': 'b'}], 'two\nlines\n']),
        ('a: &x [1]\nb: *x\nc: *x', {'a': ['1'], 'b': ['1'], 'c': ['1']}),
        ('a: &x 1\n&y b: *x\nc: *y', {'a': '1', 'b': '1', 'c': 'b'}),
        ('first\n---\nsecond', 'first'),
    ],
)  # fmt: skip
def test_values(text: str, value: Any) -> None:
    assert load_yaml(text) == value


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        (LAUGHS, 'holds more than 300000 values'),
        (f'custom_data:\n  - {{b: {LAUGHS.splitlines()[0][4:]}}}\n' + LAUGHS, 'more than'),
        # The same with dictionaries, and with keys.
        (LAUGHS.replace('[', '[{a: ').replace(']', '}]').replace(', ', '}, {a: '), 'more than'),
        ('[' + 'x, ' * 400_000 + ']', 'holds more than 300000 values'),
        ('&a [*a]', 'refers to itself'),
        ('a: &a {b: *a}', 'refers to itself'),
        ('a: *nowhere', 'refers to itself'),
        ('[' * 60 + ']' * 60, 'nested more than 50 times'),
        ('[' * 200_000, 'nested more than 50 times'),
        ('? [a]\n: b', 'has a key that is no text'),
        ('a: [', 'not valid YAML'),
        ('a: b\n\tc: d', 'not valid YAML in line 2'),
        ('a: \x00', 'not valid YAML'),
        ('%' * 100, 'not valid YAML'),
    ],
)
def test_what_is_rejected(text: str, reason: str) -> None:
    tracemalloc.start()
    started_s = time.process_time()
    with pytest.raises(BagError, match=reason):
        load_yaml(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000
    assert time.process_time() - started_s < 20.0
