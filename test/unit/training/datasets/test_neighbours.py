"""The stored frames that look most like an image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
from nn_perception.core.imaging.image_files import read_image
from nn_perception.training.datasets.embeddings import Embedder, EmbeddingCache, FrameFeatures
from nn_perception.training.datasets.neighbours import NearestFrames
import numpy as np
import pytest


class HandMade:
    """Embeds an image as its mean colour; counts the images."""

    key = 'hand-made'
    checkpoint = SimpleNamespace(last_layer_embedding=lambda features: features[..., :3])

    def __init__(self) -> None:
        self.count = 0

    def features(self, image_bgr: np.ndarray) -> FrameFeatures:
        self.count += 1
        # What follows the last layer does not count.
        return FrameFeatures(np.append(image_bgr.mean((0, 1)), 1000.0).astype(np.float32), 1.0)

    def close(self) -> None:
        pass


def sha(number: int) -> str:
    return f'{number:064x}'


def coloured(blue: float, green: float, red: float) -> np.ndarray:
    return np.full((2, 2, 3), (blue, green, red), np.uint8)


def features(*embedding: float) -> FrameFeatures:
    return FrameFeatures(np.array([*embedding, 0.0], np.float32), 1.0)


@pytest.fixture
def cache(tmp_path: Path) -> EmbeddingCache:
    made = EmbeddingCache.of('hand-made', tmp_path)
    made.add({
        sha(1): features(1, 0, 0), sha(2): features(0, 5, 0), sha(3): features(3, 3, 0),
    })  # fmt: skip
    return made


@pytest.fixture
def nearest(cache: EmbeddingCache) -> NearestFrames:
    embedder: Any = HandMade()
    return NearestFrames(embedder, cache)


def test_the_most_similar_come_first(nearest: NearestFrames) -> None:
    assert nearest.update({'a/1.png': sha(1), 'b/2.png': sha(2), 'b/3.png': sha(3)}) == 0
    found = nearest.nearest(coloured(200, 100, 0))
    assert [one.id for one in found] == ['b/3.png', 'a/1.png', 'b/2.png']
    expected = [3 / np.sqrt(10), 2 / np.sqrt(5), 1 / np.sqrt(5)]
    assert [one.similarity for one in found] == pytest.approx(expected, abs=2e-3)
    assert [one.id for one in nearest.nearest(coloured(0, 9, 0), k=1)] == ['b/2.png']
    assert nearest.nearest(coloured(0, 9, 0), k=0) == []
    assert nearest.nearest(coloured(0, 0, 0))[0].similarity == 0.0


def test_nothing_is_found_without_frames(nearest: NearestFrames) -> None:
    assert nearest.nearest(coloured(1, 2, 3)) == []
    assert nearest.update({}) == 0
    assert nearest.nearest(coloured(1, 2, 3)) == []


def test_it_follows_the_dataset(nearest: NearestFrames, cache: EmbeddingCache) -> None:
    nearest.update({'a/1.png': sha(1), 'b/2.png': sha(2)})
    # Deleted, renamed, and new.
    assert nearest.update({'c/2.png': sha(2), 'c/4.png': sha(4)}) == 1
    assert [one.id for one in nearest.nearest(coloured(9, 8, 0))] == ['c/2.png']
    cache.add({sha(4): features(0, 0, 1)})
    assert nearest.update({'c/2.png': sha(2), 'c/4.png': sha(4)}) == 0
    assert nearest.nearest(coloured(0, 1, 9))[0].id == 'c/4.png'
    # A deleted frame comes back, as another process restores it.
    assert nearest.update({'a/1.png': sha(1)}) == 0
    assert [one.id for one in nearest.nearest(coloured(0, 1, 9))] == ['a/1.png']


def test_missing_embeddings_are_computed_a_few_at_a_time(
    nearest: NearestFrames, cache: EmbeddingCache
) -> None:
    frames = {f'{number}.png': sha(number) for number in (1, 10, 11, 12, 13)}

    def read(frame: str) -> np.ndarray:
        if frame == '11.png':
            raise ValueError('it is damaged')
        return coloured(0, 0, int(frame[:2]))

    assert nearest.update(frames) == 4
    assert nearest.update(frames, read, 2) == 3
    assert nearest.update(frames, read, 10) == 1
    assert cache.load().keys() >= {sha(10), sha(12), sha(13)}
    assert '11.png' not in {one.id for one in nearest.nearest(coloured(1, 1, 1), k=9)}


def test_pictures_that_are_stored_twice_are_one(nearest: NearestFrames) -> None:
    nearest.update({'a/1.png': sha(1), 'a/2.png': sha(1)})
    assert [one.id for one in nearest.nearest(coloured(1, 0, 0))] == ['a/1.png']


def test_a_cache_that_was_started_again_is_read_again(
    nearest: NearestFrames, cache: EmbeddingCache
) -> None:
    nearest.update({'1.png': sha(1)})
    cache.path.unlink()
    cache.add({sha(7): features(0, 1, 0)})
    assert nearest.update({'7.png': sha(7)}) == 0
    assert nearest.nearest(coloured(0, 1, 0))[0].id == '7.png'


def test_ten_thousand_frames_fit_into_30_mb(tmp_path: Path) -> None:
    embedder: Any = SimpleNamespace(
        key='large', checkpoint=SimpleNamespace(last_layer_embedding=lambda features: features)
    )
    cache = EmbeddingCache.of('large', tmp_path)
    vectors = np.random.default_rng(0).normal(size=(10_000, 1280)).astype(np.float32)
    cache.add({sha(n): FrameFeatures(vector, 1.0) for n, vector in enumerate(vectors)})
    nearest = NearestFrames(embedder, cache)
    assert nearest.update({str(n): sha(n) for n in range(10_000)}) == 0
    assert nearest.size_bytes <= 30_000_000
    found = nearest.nearest_to(vectors[4321])
    assert found[0].id == '4321'
    assert found[0].similarity == pytest.approx(1.0, abs=1e-3)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    exact = np.argsort(-(unit @ unit[4321]))[:3]
    assert [one.id for one in found] == [str(number) for number in exact]


@pytest.fixture(scope='module')
def embedder() -> Iterator[Embedder]:
    opened = Embedder.open()
    yield opened
    opened.close()


def test_a_changed_photograph_is_nearest_to_itself(
    embedder: Embedder, test_data: Path, tmp_path: Path
) -> None:
    photographs = sorted((test_data / 'imagenet_samples').glob('*.jpg'))[:30]
    images = {path.name: read_image(path) for path in photographs}
    nearest = NearestFrames(embedder, EmbeddingCache.of(embedder.key, tmp_path))
    frames = {name: sha(number) for number, name in enumerate(images)}
    assert nearest.update(frames, lambda name: images[name], 1000) == 0
    for name, image in images.items():
        changed = cv2.convertScaleAbs(cv2.GaussianBlur(image[4:, 6:], (0, 0), 1.5), alpha=0.85)
        first, second, _ = nearest.nearest(changed)
        assert first.id == name
        assert first.similarity > second.similarity
