"""Embeddings of frames, and a cache that survives power cuts."""

from __future__ import annotations

import os

import cv2
from nn_perception.training.datasets.embeddings import EmbeddingCache, FrameFeatures
from nn_perception.training.datasets.media.pictures import sharpness
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
    assert found[two].quality == 20.0


def test_only_what_is_wanted_is_read(cache):
    one, two, three = hashes(1, 2, 3)
    cache.add({one: features(1.0), two: features(2.0), three: features(3.0)})
    assert list(cache.load({one, three})) == [one, three]
    assert cache.load({'f' * 64}) == {}


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


def test_the_cache_is_private_and_no_folder_of_others_is_trusted(cache):
    """What others put there would decide what a head learns."""
    (one,) = hashes(1)
    before = os.umask(0)
    try:
        cache.add({one: features(1.0)})
    finally:
        os.umask(before)
    assert cache.path.stat().st_mode & 0o777 == 0o600
    assert cache.path.parent.stat().st_mode & 0o777 == 0o700
    cache.path.parent.chmod(0o777)
    for use in (cache.load, lambda: cache.add({one: features(2.0)})):
        with pytest.raises(PermissionError, match='others can write'):
            use()


def test_sharpness_falls_with_blur_and_does_not_depend_on_the_camera():
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    picture = cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC)
    large = cv2.resize(picture, (1280, 960), interpolation=cv2.INTER_CUBIC)
    assert sharpness(large) == pytest.approx(sharpness(picture), rel=0.3)
    assert sharpness(cv2.GaussianBlur(picture, (0, 0), 6.0)) < 0.1 * sharpness(picture)
    assert sharpness(np.full((1, 1, 3), 9, np.uint8)) == 0.0
