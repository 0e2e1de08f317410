"""The command that serves the page: start, clean end, and sentences for what cannot be served."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection
import os
from pathlib import Path
import re
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

from patience import HANGS_S, PATIENCE_S, stretched
import pytest

Start = Callable[..., 'subprocess.Popen[str]']


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the command with arguments, and data folders of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, '-m', 'nn_perception.cli', 'studio', *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, 'NN_PERCEPTION_DATA': str(tmp_path / 'data')},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r'The page is at (http\S+)\n', line)
    assert found, line
    return found[1]


def get(address: str, path: str = '/') -> tuple[int, str]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=stretched(PATIENCE_S))
    connection.request('GET', path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_ends_it(start: Start, number: signal.Signals) -> None:
    process = start('--port', '0')
    status, body = get(address_of(process))
    assert status == 200
    assert 'Live · nn_perception' in body
    process.send_signal(number)
    _, errors = process.communicate(timeout=stretched(PATIENCE_S))
    assert process.returncode == 0
    assert errors == ''


def test_a_page_for_other_machines_gets_a_token(start: Start) -> None:
    address = address_of(start('--host', '0.0.0.0', '--port', '0'))
    assert len(urlsplit(address).query.removeprefix('token=')) >= 20
    status, body = get(address)
    assert status == 401
    assert 'Live' not in body
    assert get(address, f'/?{urlsplit(address).query}')[0] in (302, 303)


def test_the_token_of_a_file(start: Start, tmp_path: Path) -> None:
    (tmp_path / 'token').write_text('a long secret\n')
    address = address_of(start('--token-file', str(tmp_path / 'token'), '--port', '0'))
    assert urlsplit(address).query == 'token=a+long+secret'
    assert get(address)[0] == 401


def ends_with(process: subprocess.Popen[str], sentence: str) -> None:
    output, errors = process.communicate(timeout=HANGS_S)
    assert (process.returncode, output) == (2, '')
    assert re.fullmatch(f'nn_perception studio: .*{sentence}.*\n', errors), errors


def test_a_port_that_is_in_use(start: Start) -> None:
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = str(other.getsockname()[1])
        ends_with(start('--port', port), f'port {port} cannot be used: Address already in use')


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['--token-file', '{folder}/missing'], 'missing'),
        (['--token-file', '{folder}/empty'], 'empty is empty: it must contain the token'),
        (['--key', '{folder}/empty'], 'a key needs the certificate that belongs to it'),
        (['--certificate', '{folder}/empty'], 'empty'),
        (['{folder}/no.mp4'], r'no\.mp4'),
    ],
)
def test_what_cannot_be_served(
    start: Start, tmp_path: Path, arguments: Sequence[str], sentence: str
) -> None:
    (tmp_path / 'empty').touch()
    words = [word.format(folder=tmp_path) for word in arguments]
    ends_with(start('--port', '0', *words), sentence)
