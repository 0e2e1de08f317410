"""Features of frames are computed once, and problems are told."""

from __future__ import annotations

import cv2
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.datasets import features
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import Embedder, EmbeddingCache
from nn_perception.training.datasets.features import load_features
import numpy as np
import pytest


@pytest.fixture
def cache(tmp_path):
    return EmbeddingCache.of('network-0123', tmp_path / 'embeddings')


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
    assert found[frames[1].sha256].quality == expected.quality
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


def test_an_interrupted_computation_keeps_what_is_done(tmp_path, cache, monkeypatch):
    base = find_checkpoint('digit_cnn')
    monkeypatch.setattr(features, 'BATCH', 2)
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        frames = [dataset.add(picture(seed), 'mug', seed) for seed in range(5)]

    def on_progress(share):
        if share == 4 / 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_features(frames, base, cache, on_progress)
    assert list(cache.load()) == [frame.sha256 for frame in frames[:4]]
    found, problems = load_features(frames, base, cache)
    assert (len(found), problems) == (5, [])
