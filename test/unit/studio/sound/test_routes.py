"""Clips are drawn, and a part of one replaces it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import cv2
from fastapi import FastAPI
from fastapi.testclient import TestClient
from nn_perception.core.audio.sound_files import decode_sound, encode_wav
from nn_perception.studio.sound.routes import add_routes
from nn_perception.studio.sound.spectrogram import BANDS, encode_spectrogram, log_mel
import numpy as np
import pytest


def tone(hz: float) -> np.ndarray:
    at = np.arange(16_000) / 16_000
    return (0.5 * np.sin(2.0 * np.pi * hz * at)).astype(np.float32)


class FakeTuning:
    """A dataset of one clip."""

    def __init__(self) -> None:
        self.clips = {'tone/1': encode_wav(tone(440.0))}
        self.added: list[tuple[str, str]] = []

    def picture(self, clip: str) -> bytes:
        if clip not in self.clips:
            raise ValueError(f'there is no clip {clip}')
        return self.clips[clip]

    def add_frame(self, content: bytes, label: str, stamp_ns: int = 0, recording: str = '') -> str:
        decode_sound(content)
        self.clips['tone/2'] = content
        self.added.append((label, recording))
        return 'tone/2'

    def delete_frames(self, clips: list[str]) -> int:
        return len([self.clips.pop(clip) for clip in clips])


@pytest.fixture
def tuning() -> FakeTuning:
    return FakeTuning()


@pytest.fixture
def client(tuning: FakeTuning) -> TestClient:
    app = FastAPI()
    backend = SimpleNamespace(sounds=SimpleNamespace(fine_tuning=tuning))
    add_routes(app, SimpleNamespace(backend=backend, hearing=None))  # type: ignore[arg-type]
    return TestClient(app)


def test_a_tone_is_a_line_at_its_height() -> None:
    bands = [int(log_mel(tone(hz)).mean(axis=0).argmax()) for hz in (300, 1000, 4000)]
    assert bands == sorted(set(bands))
    assert 0 < bands[0] < bands[-1] < BANDS
    assert log_mel(np.zeros(16_000, np.float32)).max() < -100.0
    # At full scale, a tone has about the level that the scale ends with.
    assert -25.0 < log_mel(tone(1000)).max() < 0.0


def test_a_thumbnail_is_a_picture(client: TestClient) -> None:
    answer = client.get('/sound/thumbnail?id=tone/1&hash=abc')
    assert answer.headers['content-type'] == 'image/png'
    assert 'immutable' in answer.headers['cache-control']
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[0] == image.shape[1]
    # The line of the tone is in the lower half.
    assert image[len(image) // 2 :].mean() > image[: len(image) // 2].mean()
    assert encode_spectrogram(np.zeros(100, np.float32))


def test_a_clip_is_a_wav_file(client: TestClient) -> None:
    answer = client.get('/sound/clip?id=tone/1')
    assert answer.headers['content-type'] == 'audio/wav'
    assert len(decode_sound(answer.content)) == 16_000
    assert client.get('/sound/clip?id=tone/9').status_code == 422


def test_a_part_replaces_its_clip(client: TestClient, tuning: FakeTuning) -> None:
    body = {'id': 'tone/1', 'label': 'tone', 'recording': 'r', 'start': 0.25, 'end': 0.75}
    assert client.post('/sound/trim', json=body).json() == {'id': 'tone/2'}
    assert list(tuning.clips) == ['tone/2']
    assert tuning.added == [('tone', 'r')]
    assert len(decode_sound(tuning.clips['tone/2'])) == 8_000


@pytest.mark.parametrize(
    'change',
    [
        {'start': -0.1},
        {'start': 0.8},
        {'end': 1.1},
        {'start': 0.7},
        {'start': 0.0, 'end': 1.0},
        {'start': 'x'},
        {'end': None},
        {'start': float('nan')},
        {'id': 'tone/9'},
    ],
)
def test_a_wrong_part_costs_nothing(
    client: TestClient, tuning: FakeTuning, change: dict[str, Any]
) -> None:
    body = {'id': 'tone/1', 'label': 'tone', 'start': 0.25, 'end': 0.75, **change}
    answer = client.post('/sound/trim', content=json.dumps(body))
    assert answer.status_code == 200
    assert answer.json()['detail'].endswith('.')
    assert list(tuning.clips) == ['tone/1']
