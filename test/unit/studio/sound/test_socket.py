"""A browser listens to the robot, or sends its own sound, over the WebSocket."""

from __future__ import annotations

from collections.abc import Iterator
import json
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from nn_perception.studio.backend.capabilities import CapabilityStatus
from nn_perception.studio.backend.sounds import SoundBlock, SoundResult
from nn_perception.studio.sound.socket import add_sound_socket, PATH
import numpy as np
from patience import wait_until
import pytest


class FakeSounds:
    """One microphone, which delivers a block and a result as soon as somebody listens."""

    def __init__(self) -> None:
        self.open = 0

    def listen(self, microphone: str, listener: Any) -> FakeSounds:
        if microphone != '/audio':
            raise ValueError(f'there is no microphone {microphone}')
        self.open += 1
        listener.on_sound(SoundBlock(7, b'\x01\x00'))
        listener.on_result(SoundResult(8, {'tags': [{'label': 'knock', 'score': 0.9}]}))
        return self

    def close(self) -> None:
        self.open -= 1

    def silence_reason(self, microphone: str) -> str:
        return f'nobody publishes {microphone}'

    def status(self) -> CapabilityStatus:
        return CapabilityStatus('sounds')


class FakeHearing:
    """Answers each block with its loudest sample as label."""

    def __init__(self) -> None:
        self.streams: list[str] = []

    def open_stream(self, name: str) -> FakeStream:
        self.streams.append(name)
        return FakeStream(self, name)


class FakeStream:
    message = ''

    def __init__(self, hearing: FakeHearing, name: str) -> None:
        self._hearing, self._name = hearing, name

    def feed(self, samples: np.ndarray, stamp_ns: int | None = None) -> list[SoundResult]:
        assert samples.dtype == np.int16
        return [SoundResult(0, {'tags': [{'label': str(samples.max()), 'score': 1.0}]})]

    def close(self) -> None:
        self._hearing.streams.remove(self._name)


@pytest.fixture
def studio() -> SimpleNamespace:
    return SimpleNamespace(backend=SimpleNamespace(sounds=FakeSounds()), hearing=FakeHearing())


@pytest.fixture
def client(studio: Any) -> Iterator[TestClient]:
    app = FastAPI()
    add_sound_socket(app, studio)
    # One loop for all connections.
    with TestClient(app) as client:
        yield client


def next_of(socket: Any, key: str) -> Any:
    """Return the next message of a kind."""
    while True:
        message = socket.receive()
        if key == 'bytes' and message.get('bytes') is not None:
            return message['bytes']
        if message.get('text') and key in (found := json.loads(message['text'])):
            return found[key]
        assert message['type'] != 'websocket.close', message


def closing(socket: Any) -> tuple[int, str]:
    """Return how the server closes the socket."""
    while (message := socket.receive())['type'] != 'websocket.close':
        assert 'result' not in (message.get('text') or '')
    return message['code'], message['reason']


def test_the_sound_of_the_robot_arrives(client: TestClient, studio: Any) -> None:
    with client.websocket_connect(PATH) as socket:
        assert studio.backend.sounds.open == 0
        socket.send_json({'source': 'robot', 'microphone': '/audio'})
        assert next_of(socket, 'bytes') == (7).to_bytes(8, 'little') + b'\x01\x00'
        assert next_of(socket, 'result')['tags'][0]['label'] == 'knock'
        assert studio.backend.sounds.open == 1
    wait_until(lambda: studio.backend.sounds.open == 0)


def test_the_sound_of_the_browser_is_heard(client: TestClient, studio: Any) -> None:
    with client.websocket_connect(PATH) as socket:
        socket.send_json({'source': 'browser'})
        socket.send_bytes(np.array([3, 5, 4], '<i2').tobytes())
        assert next_of(socket, 'result')['tags'][0]['label'] == '5'
        assert len(studio.hearing.streams) == 1
    wait_until(lambda: not studio.hearing.streams)


def test_an_unknown_microphone_is_a_sentence(client: TestClient) -> None:
    with client.websocket_connect(PATH) as socket:
        socket.send_json({'source': 'robot', 'microphone': '/other'})
        assert next_of(socket, 'message') == 'There is no microphone /other.'


@pytest.mark.parametrize('source', ['none', 'browser'])
def test_a_hundred_broken_blocks_are_refused(client: TestClient, studio: Any, source: str) -> None:
    for number in range(100):
        with client.websocket_connect(PATH) as socket:
            socket.send_json({'source': source})
            # One byte, or more than a second; not announced, it need not even be broken.
            socket.send_bytes(bytes(2 * number + 1 if number % 2 else 32_002 + 2 * number))
            code, reason = closing(socket)
            assert code == 1008
            assert 'block of sound' in reason or 'must be browser' in reason
    wait_until(lambda: not studio.hearing.streams)
