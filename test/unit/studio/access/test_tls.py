"""A certificate is checked before the server starts."""

from __future__ import annotations

from pathlib import Path
import subprocess

from nn_perception.studio.access.access import uvicorn_limits
from nn_perception.studio.access.tls import tls_context
from nn_perception.studio.options import StudioOptions
import pytest

OPENSSL = 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 1 -subj /CN=a'


def make(folder: Path, name: str, *options: str) -> tuple[Path, Path]:
    certificate, key = folder / f'{name}.crt', folder / f'{name}.key'
    command = [*OPENSSL.split(), '-keyout', str(key), '-out', str(certificate), *options]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def test_a_certificate_and_its_key(tmp_path: Path) -> None:
    certificate, key = make(tmp_path, 'own', '-nodes')
    tls_context(certificate, key)
    assert 'http' in uvicorn_limits(StudioOptions(certificate=certificate, key=key))


def test_both_in_one_file(tmp_path: Path) -> None:
    certificate, key = make(tmp_path, 'own', '-nodes')
    both = tmp_path / 'both.pem'
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    tls_context(both, None)


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    certificate, _ = make(tmp_path, 'own', '-nodes')
    _, other = make(tmp_path, 'other', '-nodes')
    with pytest.raises(ValueError, match='do not belong together'):
        tls_context(certificate, other)


def test_a_key_with_a_password(tmp_path: Path) -> None:
    certificate, key = make(tmp_path, 'own', '-passout', 'pass:secret')
    with pytest.raises(ValueError, match='without a password'):
        tls_context(certificate, key)


def test_files_that_are_none(tmp_path: Path) -> None:
    certificate, key = make(tmp_path, 'own', '-nodes')
    empty = tmp_path / 'empty.pem'
    empty.write_text('')
    for wrong in ((empty, key), (certificate, empty), (key, None), (certificate, None)):
        with pytest.raises(ValueError, match='not a certificate'):
            tls_context(*wrong)
    with pytest.raises(OSError, match=r'none\.pem'):
        tls_context(tmp_path / 'none.pem', key)
    with pytest.raises(OSError):
        tls_context(tmp_path, key)
