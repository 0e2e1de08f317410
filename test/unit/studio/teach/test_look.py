"""What the active version sees: the networks are loaded for a look, and given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import cv2
from nn_perception.core.results import Tag
from nn_perception.studio.backend.fine_tuning import FineTuningState, FramePage, StoredFrame
from nn_perception.studio.teach import look as module
from nn_perception.studio.teach.look import Look
from nn_perception.training.datasets.neighbours import NearFrame
import numpy as np
from patience import wait_until
import pytest

PICTURE = cv2.imencode('.jpg', np.zeros((8, 8, 3), np.uint8))[1].tobytes()


class Network:
    """Stands for the tagger and for the search."""

    opened: ClassVar[list[Network]] = []

    def __init__(self, name: str) -> None:
        self.name, self.closed = name, False
        self.frames: dict[str, str] = {}
        Network.opened.append(self)

    def tag(self, image: np.ndarray, top_k: int) -> list[Tag]:
        assert image.shape == (8, 8, 3)
        return [Tag(self.name, 0.9), Tag('unknown', 0.1)][:top_k]

    def update(self, frames: dict[str, str], read: Any, max_computed: int) -> int:
        assert callable(read)
        self.frames = frames
        return max_computed

    def nearest(self, _: np.ndarray, k: int) -> list[NearFrame]:
        return [NearFrame(frame, 0.5) for frame in list(self.frames)[:k]]

    def close(self) -> None:
        self.closed = True


class FineTuning:
    """Two frames, and a version that the test chooses."""

    version = ''

    def state(self) -> FineTuningState:
        return FineTuningState(
            counts={'mug': 2}, base='network', active_version=self.version, camera='still'
        )

    def checkpoint(self, version: str) -> str:
        if version == 'gone':
            raise ValueError('there is no version gone')
        return version

    def frames(self, label: str, offset: int, limit: int) -> FramePage:
        assert label == ''
        stored = [StoredFrame(f'mug/{n}.png', 'mug', 0, f'hash{n}') for n in range(2)]
        return FramePage(2, tuple(stored[offset : offset + limit]))


@pytest.fixture
def fine_tuning(monkeypatch: pytest.MonkeyPatch) -> FineTuning:
    Network.opened = []
    for name in ('Tagger', 'NearestFrames'):
        monkeypatch.setattr(module, name, SimpleNamespace(open=Network))
    return FineTuning()


@pytest.fixture
def look(fine_tuning: FineTuning) -> Look:
    return Look(SimpleNamespace(fine_tuning=fine_tuning, cameras=None))  # type: ignore[arg-type]


def test_without_a_version_there_are_only_neighbours(look: Look) -> None:
    found = look.look(PICTURE)
    assert found['tags'] == []
    assert 'No version is active yet' in found['message']
    assert [(one['id'], one['hash']) for one in found['nearest']] == [
        ('mug/0.png', 'hash0'),
        ('mug/1.png', 'hash1'),
    ]


def test_another_version_replaces_the_network(look: Look, fine_tuning: FineTuning) -> None:
    for version in ('first', 'first', 'second'):
        fine_tuning.version = version
        assert look.look(PICTURE)['tags'][0] == {'label': version, 'score': 0.9}
    taggers = [one for one in Network.opened if one.name != 'network']
    assert [(one.name, one.closed) for one in taggers] == [('first', True), ('second', False)]


def test_a_version_that_is_gone_is_a_sentence(look: Look, fine_tuning: FineTuning) -> None:
    fine_tuning.version = 'gone'
    assert 'there is no version gone' in look.look(PICTURE)['message']


def test_what_is_no_picture_is_refused_before_a_network_is_loaded(look: Look) -> None:
    with pytest.raises(ValueError, match='the picture'):
        look.look(b'no picture')
    assert Network.opened == []


def test_nothing_is_said_without_a_picture(look: Look) -> None:
    assert look.look(b'') == {'tags': [], 'nearest': [], 'message': ''}


def test_the_networks_are_given_back(
    look: Look, fine_tuning: FineTuning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, 'IDLE_S', 0.2)
    fine_tuning.version = 'first'
    look.look(PICTURE)
    assert len(Network.opened) == 2
    wait_until(lambda: all(one.closed for one in Network.opened))
    assert look.look(PICTURE)['tags'][0]['label'] == 'first'
    assert len(look.look(PICTURE)['nearest']) == 2
