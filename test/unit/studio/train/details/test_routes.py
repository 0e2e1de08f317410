"""The routes behind the tabs, with a run that answers at once or has ended."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import cv2
from fastapi import FastAPI
from fastapi.testclient import TestClient
from nn_perception.core.inspection.records import Maps
from nn_perception.studio.train.details.routes import add_details, MAX_LOOK_PX
from nn_perception.training.inspection.inspectable import Look, LookRequest
import numpy as np
import pytest

ENDED = 'the process of this run has ended'


class AnsweringRun:
    """A run that remembers what it is shown."""

    name = 'one'

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def layers(self) -> tuple[()]:
        return ()

    def maps(self, layer: str, tensor: str, test_index: int) -> Maps:
        if test_index > 9:
            raise ValueError('there are test samples 0 to 9')
        return Maps(layer, np.arange(8, dtype=np.uint8).reshape(2, 2, 2), -1.0, 1.0)

    def test_picture(self, index: int) -> np.ndarray:
        return np.full((28, 28), index, np.uint8)

    def look(self, request: LookRequest) -> Look:
        assert request.picture is not None
        self.seen.append(request.picture)
        seen = np.zeros((2, 2, 3), np.uint8)
        return Look((), tuple('12345'), (0.5, 0.2, 0.1, 0.1, 0.1), seen, None, 1.0)


class EndedRun:
    """A run whose process has ended."""

    def __getattr__(self, _: str) -> Any:
        raise RuntimeError(ENDED)


@pytest.fixture
def run() -> AnsweringRun:
    return AnsweringRun()


@pytest.fixture
def client(run: AnsweringRun) -> TestClient:
    runs = {'one': run, 'ended': EndedRun()}

    def find(name: str) -> Any:
        if name not in runs:
            raise ValueError('there is no such run')
        return runs[name]

    app = FastAPI()
    studio: Any = SimpleNamespace(run_feed=SimpleNamespace(find=find))
    add_details(app, studio)
    return TestClient(app)


def header_of(content: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(content[:4], 'little')
    return json.loads(content[4 : 4 + length]), content[4 + length :]


def test_maps_come_with_their_range(client: TestClient) -> None:
    answer = client.get('/train/details/maps?run=one&layer=conv&tensor=activations&index=3')
    header, pixels = header_of(answer.content)
    assert (header['outer'], header['low'], header['high']) == ([2], -1.0, 1.0)
    assert pixels == bytes(range(8))
    assert answer.headers['cache-control'] == 'no-store'


@pytest.mark.parametrize(
    ('query', 'words'),
    [
        ('run=one&layer=conv&tensor=activations&index=10', 'There are test samples 0 to 9.'),
        ('run=ended&layer=conv&tensor=weights', 'The process of this run has ended.'),
        ('run=none&layer=conv&tensor=weights', 'There is no such run.'),
    ],
)
def test_what_fails_is_a_sentence(client: TestClient, query: str, words: str) -> None:
    answer = client.get(f'/train/details/maps?{query}')
    assert (answer.status_code, answer.json()) == (200, {'detail': words})


def test_pictures_are_kept_by_the_browser_unless_they_are_missing(client: TestClient) -> None:
    found = client.get('/train/details/picture?run=one&index=7')
    picture = cv2.imdecode(np.frombuffer(found.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (picture == 7).all()
    assert 'immutable' in found.headers['cache-control']
    for run in ('ended', 'none'):
        missing = client.get(f'/train/details/picture?run={run}&index=7')
        assert missing.status_code == 200
        assert missing.headers['content-type'] == 'image/svg+xml'
        assert missing.headers['cache-control'] == 'no-store'


def test_drawings_and_pictures_are_looked_at(client: TestClient, run: AnsweringRun) -> None:
    drawing = bytes(range(6))
    answer = client.post('/train/details/look?run=one&width=3&height=2', content=drawing)
    header, pixels = header_of(answer.content)
    assert [one['label'] for one in header['top']] == ['1', '2', '3']
    assert (header['height'], header['width'], len(pixels)) == (2, 2, 12)
    assert run.seen[0].tobytes() == drawing
    blue = np.zeros((10, 3000, 3), np.uint8)
    blue[..., 0] = 255
    client.post('/train/details/look?run=one', content=cv2.imencode('.png', blue)[1].tobytes())
    assert run.seen[1].shape == (3, MAX_LOOK_PX, 3)
    assert run.seen[1][0, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize('query', ['', '&width=5&height=5', '&width=-1&height=2'])
def test_what_is_no_picture_is_a_sentence(
    client: TestClient, run: AnsweringRun, query: str
) -> None:
    answer = client.post(f'/train/details/look?run=one{query}', content=b'no picture')
    assert answer.status_code == 200
    assert answer.json()['detail'].endswith('.')
    assert run.seen == []


def test_a_run_that_has_ended_gives_no_checkpoint(client: TestClient) -> None:
    answer = client.get('/train/details/checkpoint?run=ended')
    assert (answer.status_code, answer.json()['detail']) == (
        422,
        'The process of this run has ended.',
    )
