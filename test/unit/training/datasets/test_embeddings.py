"""Embeddings of frames, and a cache that survives power cuts."""

from __future__ import annotations

import cv2
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import (
    Embedder,
    EmbeddingCache,
    FrameFeatures,
    load_features,
    sharpness,
)
import numpy as np
import pytest


def hashes(*numbers):
    return [f'{number:064x}' for number in numbers]


def features(value, axes=4):
    return FrameFeatures(np.full(axes, value, np.float32), 10.0 * value)


@pytest.fixture
def cache(tmp_path):
    return EmbeddingCache.of('network-0123', tmp_path / 'embeddings')


def test_the_cache_keeps_features(cache):
    assert cache.load() == {}
    cache.add({})
    assert not cache.path.exists()
    one, two, three = hashes(1, 2, 3)
    cache.add({one: features(1.0), two: features(2.0)})
    cache.add({three: features(3.0)})
    found = cache.load()
    assert list(found) == [one, two, three]
    np.testing.assert_array_equal(found[two].embedding, np.full(4, 2.0, np.float32))
    assert found[two].sharpness == 20.0


@pytest.mark.parametrize('left', [1, 30, 59])
def test_a_torn_record_is_skipped_and_the_ones_after_it_are_not(cache, left):
    one, two, three = hashes(1, 2, 3)
    cache.add({one: features(1.0)})
    whole = cache.path.read_bytes()
    assert len(whole) == 60
    cache.add({two: features(2.0)})
    cache.path.write_bytes(cache.path.read_bytes()[: len(whole) + left])
    assert list(cache.load()) == [one]
    cache.add({three: features(3.0)})
    assert list(cache.load()) == [one, three]


def test_a_flipped_bit_is_detected(cache):
    one, two = hashes(1, 2)
    cache.add({one: features(1.0), two: features(2.0)})
    content = bytearray(cache.path.read_bytes())
    content[45] ^= 1
    cache.path.write_bytes(content)
    assert list(cache.load()) == [two]


@pytest.mark.parametrize('content', [b'', b'abc', b'not features at all' * 20, bytes(100)])
def test_a_foreign_file_is_replaced(cache, content):
    cache.path.parent.mkdir()
    cache.path.write_bytes(content)
    assert cache.load() == {}
    (one,) = hashes(1)
    cache.add({one: features(1.0)})
    assert list(cache.load()) == [one]


def test_sharpness_falls_with_blur_and_does_not_depend_on_the_camera():
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    picture = cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC)
    large = cv2.resize(picture, (1280, 960), interpolation=cv2.INTER_CUBIC)
    assert sharpness(large) == pytest.approx(sharpness(picture), rel=0.3)
    assert sharpness(cv2.GaussianBlur(picture, (0, 0), 6.0)) < 0.1 * sharpness(picture)
    assert sharpness(np.full((1, 1, 3), 9, np.uint8)) == 0.0


def picture(seed):
    return np.random.default_rng(seed).integers(0, 256, (40, 40, 3)).astype(np.uint8)


def test_missing_features_are_computed_once(tmp_path, cache, monkeypatch):
    base = find_checkpoint('digit_cnn')
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        frames = [dataset.add(picture(seed), 'mug', seed) for seed in range(3)]
    progress = []
    found, problems = load_features(frames, base, cache, progress.append)
    assert (list(found), problems) == ([frame.sha256 for frame in frames], [])
    assert progress == [0.0, 0.0, 1 / 3, 2 / 3]
    embedder = Embedder.open(base)
    expected = embedder.features(picture(1))
    embedder.close()
    np.testing.assert_allclose(found[frames[1].sha256].embedding, expected.embedding, rtol=1e-4)
    assert found[frames[1].sha256].sharpness == expected.sharpness
    monkeypatch.setattr(Embedder, 'open', None)  # all features are in the cache now
    again, _ = load_features(frames, base, cache)
    np.testing.assert_array_equal(
        again[frames[1].sha256].embedding, found[frames[1].sha256].embedding
    )


def test_frames_that_cannot_be_used_get_a_sentence_each(tmp_path, cache):
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        frames = [dataset.add(picture(seed), 'mug', seed) for seed in range(3)]
    (tmp_path / 'kitchen' / 'mug' / 'half.png').write_bytes(frames[0].path.read_bytes()[:300])
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        frames = dataset.frames()
    cv2.imwrite(str(frames[1].path), picture(99))
    frames[2].path.unlink()
    cache.path.parent.mkdir()
    cache.path.mkdir()  # can be neither read nor written
    found, problems = load_features(frames, find_checkpoint('digit_cnn'), cache)
    assert list(found) == [frames[0].sha256]
    mug = tmp_path / 'kitchen' / 'mug'
    assert problems[0].startswith('the cached embeddings cannot be read: ')
    assert problems[1:4] == [
        f'{mug}/1_1.png has changed since it was stored: left out',
        f'{mug}/2_2.png does not exist any more: left out',
        f'{mug}/half.png is truncated: the end of the PNG is missing: left out',
    ]
    assert problems[4].startswith('the embeddings cannot be cached: ')
