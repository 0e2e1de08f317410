"""Authenticator of a cache folder."""

from __future__ import annotations

from pathlib import Path
import stat

from nn_perception.core.files.authentication import Authenticator, codes_match
import pytest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'file'
    path.write_bytes(b'content' * 1000)
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / 'cache'


def test_a_code_is_that_of_one_content_one_purpose_and_one_key(
    tmp_path: Path, cache: Path, file: Path
) -> None:
    code = Authenticator(cache).code_of_file(file, 'a')
    assert codes_match(code, Authenticator(cache).code_of_file(file, 'a'))
    other = tmp_path / 'other'
    other.write_bytes(file.read_bytes()[:-1])
    assert not codes_match(code, Authenticator(cache).code_of_file(other, 'a'))
    assert not codes_match(code, Authenticator(cache).code_of_file(file, 'b'))
    assert not codes_match(code, Authenticator(tmp_path / 'another cache').code_of_file(file, 'a'))


def test_purpose_and_content_do_not_run_into_each_other(cache: Path, tmp_path: Path) -> None:
    short, long = tmp_path / 'short', tmp_path / 'long'
    short.write_bytes(b'c')
    long.write_bytes(b'bc')
    authenticator = Authenticator(cache)
    assert authenticator.code_of_file(short, 'ab') != authenticator.code_of_file(long, 'a')


@pytest.mark.parametrize('found', ['', 'é', '0' * 32, '0' * 31 + 'g', '\udcff'])
def test_texts_that_are_no_code(found: str) -> None:
    assert not codes_match(found, '1' * 32)


def test_the_key_is_private(cache: Path) -> None:
    Authenticator(cache)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert stat.S_IMODE((cache / 'key').stat().st_mode) == 0o600


@pytest.mark.parametrize('content', [b'', b'short', b'x' * 33])
def test_a_damaged_key_is_replaced(cache: Path, file: Path, content: bytes) -> None:
    code = Authenticator(cache).code_of_file(file, 'a')
    (cache / 'key').write_bytes(content)
    assert Authenticator(cache).code_of_file(file, 'a') != code
    assert len((cache / 'key').read_bytes()) == 32


@pytest.mark.parametrize('mode', [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_is_refused(cache: Path, mode: int) -> None:
    Authenticator(cache)
    cache.chmod(mode)
    with pytest.raises(PermissionError, match=rf"others can write to {cache}: 'chmod go-w"):
        Authenticator(cache)


@pytest.mark.parametrize('mode', [0o644, 0o640, 0o602, 0o666])
def test_a_key_that_others_can_read_or_write_is_refused(
    cache: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    Authenticator(cache)
    (cache / 'key').chmod(mode)
    monkeypatch.setattr('nn_perception.core.files.authentication.ROOT', -1)
    with pytest.raises(PermissionError, match='others can'):
        Authenticator(cache)


def test_a_link_in_the_place_of_the_key_is_refused(cache: Path, file: Path) -> None:
    cache.mkdir()
    (cache / 'key').symlink_to(file)
    with pytest.raises(OSError):
        Authenticator(cache)
