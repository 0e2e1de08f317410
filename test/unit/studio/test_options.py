"""Where the page is served, and to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nn_perception.studio.options import is_loopback, read_token, StudioOptions
import pytest


@pytest.mark.parametrize('host', ['127.0.0.1', '127.8.8.8', '::1', 'localhost'])
def test_a_loopback_address_needs_no_token(host: str) -> None:
    assert StudioOptions(host).is_loopback


@pytest.mark.parametrize('host', ['0.0.0.0', '::', '192.168.1.5', 'robot.local', 'localhost.evil'])
def test_another_address_needs_a_token(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(ValueError, match=f'{host} can be reached from other machines: set a tok'):
        StudioOptions(host)
    assert StudioOptions(host, token='secret').token == 'secret'


@pytest.mark.parametrize(
    ('options', 'reason'),
    [
        ({'port': -1}, 'port must be 0 to 65535, got -1'),
        ({'port': 65536}, 'port must be 0 to 65535, got 65536'),
        ({'max_clients': 0}, 'max_clients must be at least 1, got 0'),
        ({'key': Path('key.pem')}, 'a key needs the certificate that belongs to it'),
    ],
)
def test_other_values_are_rejected(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        StudioOptions(**options)


def test_the_token_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / 'token'
    file.write_text(' secret\n')
    assert read_token(file) == 'secret'


@pytest.mark.parametrize(
    ('content', 'reason'),
    [(b' \n', 'is empty'), (b'\xff\xfe', 'is no text'), (b'x' * 20_000, 'more than 10000 bytes')],
)
def test_what_is_no_token(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / 'token'
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f'{file} .*{reason}'):
        read_token(file)
    with pytest.raises(ValueError, match='not a regular file'):
        read_token(Path('/dev/null'))
    with pytest.raises(OSError, match='No such file'):
        read_token(tmp_path / 'missing')
