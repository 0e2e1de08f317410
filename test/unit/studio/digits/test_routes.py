"""The routes of the pad: answers, limits, and bodies that are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
from nn_perception.core.imaging.image_files import encode_png
from nn_perception.studio.digits.pad_reader import LOADING, PadReader
from nn_perception.studio.digits.reading import NOTHING
import numpy as np
import pytest

fastapi = pytest.importorskip('fastapi')

from fastapi.testclient import TestClient  # noqa: E402
from nn_perception.studio.digits.routes import Routes  # noqa: E402

PATIENCE_S = 120.0


def client_of(reader: PadReader) -> TestClient:
    app = fastapi.FastAPI()
    Routes(reader).add_to(app)
    return TestClient(app)


@pytest.fixture(scope='module')
def client() -> TestClient:
    """Provide the routes, ready to read."""
    reader = PadReader()
    assert reader.wait(PATIENCE_S), reader.request()
    return client_of(reader)


def seven() -> Any:
    pad = np.zeros((240, 320), np.uint8)
    points = np.array([[100, 50], [220, 50], [150, 200]], np.int32)
    cv2.polylines(pad, [points], False, 255, 12, cv2.LINE_AA)
    return pad


def read(client: TestClient, body: bytes, **query: Any) -> Any:
    return client.post('/digits/read', params=query, content=body)


def test_pixels(client: TestClient) -> None:
    response = read(client, seven().tobytes(), width=320, height=240)
    assert response.status_code == 200
    assert [one['best'] for one in response.json()['networks']] == ['7', '7']


def test_png(client: TestClient) -> None:
    body = encode_png(np.asarray(cv2.cvtColor(seven(), cv2.COLOR_GRAY2BGR), np.uint8))
    assert read(client, body).json()['networks'][0]['best'] == '7'
    assert read(client, body, mode='lines').json()['lines'] == ['7']


@pytest.mark.parametrize('mode', ['digit', 'lines'])
def test_empty(client: TestClient, mode: str) -> None:
    values = read(client, bytes(100), width=10, height=10, mode=mode).json()
    assert values['state'] == 'empty'
    assert values['message'] == NOTHING


def test_networks(client: TestClient) -> None:
    values = client.get('/digits/networks').json()
    assert values['message'] == ''
    assert list(values['networks']) == ['cnn', 'mlp']


BAD: dict[str, tuple[bytes, dict[str, Any], int]] = {
    'nothing': (b'', {}, 400),
    'text': (b'hello', {}, 400),
    'cut PNG': (encode_png(np.zeros((9, 9, 3), np.uint8))[:40], {}, 400),
    'large picture': (encode_png(np.zeros((1025, 1025, 3), np.uint8)), {}, 400),
    'wide picture': (encode_png(np.zeros((1, 5000, 3), np.uint8)), {}, 400),
    'too few pixels': (bytes(10), {'width': 10, 'height': 10}, 400),
    'too many pixels': (bytes(1000), {'width': 10, 'height': 10}, 400),
    'no height': (bytes(10), {'width': 10}, 400),
    'negative': (bytes(10), {'width': -10, 'height': -1}, 400),
    'zero': (b'', {'width': 0, 'height': 0}, 400),
    'huge': (bytes(10), {'width': 99999, 'height': 99999}, 400),
    'longer number': (bytes(10), {'width': '9' * 5000, 'height': 1}, 400),
    'other digits': (bytes(10), {'width': '１０', 'height': 1}, 400),
    'no number': (bytes(10), {'width': 'NaN', 'height': 1}, 400),
    'other mode': (bytes(100), {'width': 10, 'height': 10, 'mode': '../x'}, 400),
    'too large': (bytes(1024 * 1024 + 1), {'width': 1024, 'height': 1024}, 413),
}


@pytest.mark.parametrize('name', BAD)
def test_bad_requests_get_a_sentence(client: TestClient, name: str) -> None:
    body, query, status = BAD[name]
    response = read(client, body, **query)
    assert response.status_code == status
    sentence = response.json()['error']
    assert sentence.endswith('.')
    assert sentence[0].isupper()
    assert len(sentence) < 300
    # And the next one is read.
    assert read(client, seven().tobytes(), width=320, height=240).status_code == 200


def test_largest(client: TestClient) -> None:
    body = bytes(1024 * 1024)
    assert read(client, body, width=1024, height=1024).json()['state'] == 'empty'


def test_random_bodies(client: TestClient) -> None:
    random = np.random.default_rng(3)
    png = encode_png(np.asarray(cv2.cvtColor(seven(), cv2.COLOR_GRAY2BGR), np.uint8))
    for _ in range(60):
        damaged = bytearray(png)
        for place in random.integers(0, len(png), 5):
            damaged[place] = random.integers(0, 256)
        assert read(client, bytes(damaged)).status_code in (200, 400)
    noise = random.integers(0, 256, (64, 64)).astype(np.uint8)
    assert read(client, noise.tobytes(), width=64, height=64).status_code == 200
    assert read(client, noise.tobytes(), width=64, height=64, mode='lines').status_code == 200


def test_loading() -> None:
    def never(_: str) -> Any:
        raise OSError('the disk is asleep')

    client = client_of(PadReader(never))
    response = read(client, seven().tobytes(), width=320, height=240)
    assert response.status_code == 202
    assert response.json()['message'] in (
        LOADING,
        'The network cannot be loaded: the disk is asleep.',
    )
    # An empty pad needs no network.
    assert read(client, bytes(4), width=2, height=2).json()['state'] == 'empty'


def test_a_network_that_fails_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = PadReader()

    def fail(_: Any) -> Any:
        raise RuntimeError('it has no memory')

    monkeypatch.setattr(reader, 'read', fail)
    answer: Callable[..., Any] = client_of(reader).post
    response = answer('/digits/read?width=2&height=2', content=bytes(4))
    assert response.status_code == 500
    assert response.json() == {'error': 'The drawing cannot be read: it has no memory.'}
