"""Small files and JSON of strangers."""

from __future__ import annotations

import json
import os
from pathlib import Path

from nn_perception.core.files.untrusted import parse_json, read_regular
import pytest


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('[' * 100_000, 'nested too deeply'),
        ('{"a":' * 50_000 + '1' + '}' * 50_000, 'nested too deeply'),
        ('1e999', 'not a finite number'),
        ('[-Infinity]', 'not a finite number'),
        ('NaN', 'not a finite number'),
        ('9' * 1_000_000, 'more than 64 bits'),
        ('-9223372036854775808', 'more than 64 bits'),
        ('"\\ud800"', 'half of a surrogate pair'),
        ('{"\\udfff": 1}', 'half of a surrogate pair'),
        (b'"\xff"', 'decode'),
        ('', 'Expecting'),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_what_is_refused(text: str | bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse_json(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize('value', [0, -1, 1.5, 2**63 - 1, 'Grüße \U0001f600', [], {'a': [None]}])
def test_what_is_allowed(value: object) -> None:
    assert parse_json(json.dumps(value)) == value


def test_halves_of_characters_are_allowed_on_request() -> None:
    assert parse_json('"\\udcff"', any_text=True) == '\udcff'


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    path.write_bytes(b'content')
    assert read_regular(path) == b'content'
    with pytest.raises(ValueError, match='more than 6 bytes'):
        read_regular(path, 6)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / 'none')


def test_what_is_not_regular(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe')
    for path in (tmp_path / 'pipe', Path('/dev/zero')):
        with pytest.raises(ValueError, match='not a regular file'):
            read_regular(path)
    with pytest.raises((ValueError, OSError)):
        read_regular(tmp_path)
