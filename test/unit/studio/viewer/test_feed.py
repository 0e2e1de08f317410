"""The images and results of one camera, for all who watch it."""

from __future__ import annotations

import gc
import threading
import time
from typing import Any
import weakref

import cv2
from nn_perception.studio.backend.cameras import CameraImage, CameraResult
from nn_perception.studio.viewer import feed as feed_module
from nn_perception.studio.viewer.feed import Feed
import numpy as np
import pytest

PATIENCE_S = 10.0
IMAGE = np.full((48, 64, 3), 90, np.uint8)
JPEG = cv2.imencode('.jpg', IMAGE)[1].tobytes()
NOTHING: frozenset[str] = frozenset()


class Listener:
    """Keeps what it receives."""

    def __init__(self) -> None:
        self.images: list[CameraImage] = []
        self.results: list[CameraResult] = []
        self.received = threading.Event()

    def on_image(self, image: CameraImage) -> None:
        """Keep an image."""
        self.images.append(image)
        self.received.set()

    def on_result(self, result: CameraResult) -> None:
        """Keep a result."""
        self.results.append(result)


@pytest.fixture
def encodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count what is encoded."""
    counted: list[int] = []
    imencode = cv2.imencode

    def count(*args: Any) -> Any:
        counted.append(1)
        return imencode(*args)

    monkeypatch.setattr(feed_module.cv2, 'imencode', count)
    return counted


def new_feed() -> tuple[Feed, list[frozenset[str] | None]]:
    """Return a feed, and all demands that it reports."""
    demands: list[frozenset[str] | None] = []
    return Feed(demands.append), demands


def test_ten_viewers_cost_one_encode(encodes: list[int]) -> None:
    feed, demands = new_feed()
    listeners = [Listener() for _ in range(10)]
    watches = [feed.watch(NOTHING, listener) for listener in listeners]
    feed.offer_image(7, IMAGE)
    for listener in listeners:
        assert listener.received.wait(PATIENCE_S)
    assert len(encodes) == 1
    first = listeners[0].images[0]
    assert (first.stamp_ns, first.width, first.height) == (7, 64, 48)
    assert all(listener.images == [first] for listener in listeners)
    for watch in watches:
        watch.close()
    assert demands == [NOTHING, None]


def test_jpeg_passes_untouched(encodes: list[int]) -> None:
    feed, _ = new_feed()
    listener = Listener()
    feed.watch(NOTHING, listener)
    feed.offer_jpeg(7, JPEG)
    assert listener.images[0].jpeg is JPEG
    assert (listener.images[0].width, listener.images[0].height) == (64, 48)
    assert encodes == []


@pytest.mark.parametrize(
    ('data', 'reason'),
    [
        (b'', 'is empty|unknown|no image'),
        (cv2.imencode('.png', IMAGE)[1].tobytes(), 'is no JPEG but PNG'),
        (JPEG[:100], 'truncated|damaged'),
    ],
)
def test_what_is_no_jpeg_is_refused(data: bytes, reason: str) -> None:
    feed, _ = new_feed()
    listener = Listener()
    feed.watch(NOTHING, listener)
    with pytest.raises(ValueError, match=reason):
        feed.offer_jpeg(1, data)
    assert listener.images == []


def test_nobody_looking_costs_nothing(encodes: list[int]) -> None:
    feed, demands = new_feed()
    # Those of other tests may end meanwhile.
    threads = {*threading.enumerate()}
    image = IMAGE.copy()
    held = weakref.ref(image)
    feed.offer_image(1, image)
    feed.offer_jpeg(1, b'not even looked at')
    del image
    gc.collect()
    assert held() is None
    assert {*threading.enumerate()} <= threads
    assert encodes == []
    assert demands == []


def test_the_encoder_ends_with_the_last_listener() -> None:
    feed, _ = new_feed()
    threads = {*threading.enumerate()}
    listener = Listener()
    watch = feed.watch(NOTHING, listener)
    feed.offer_image(1, IMAGE)
    assert listener.received.wait(PATIENCE_S)
    watch.close()
    deadline_s = time.monotonic() + PATIENCE_S
    while not {*threading.enumerate()} <= threads and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert {*threading.enumerate()} <= threads


def test_a_slow_encoder_holds_two_images(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    imencode = cv2.imencode

    def slow(*args: Any) -> Any:
        begun.set()
        assert go_on.wait(PATIENCE_S)
        return imencode(*args)

    monkeypatch.setattr(feed_module.cv2, 'imencode', slow)
    feed, _ = new_feed()
    listener = Listener()
    feed.watch(NOTHING, listener)
    held = []
    for stamp in range(50):
        image = IMAGE.copy()
        held.append(weakref.ref(image))
        feed.offer_image(stamp, image)
        del image
        assert begun.wait(PATIENCE_S)
    gc.collect()
    assert sum(one() is not None for one in held) == 2
    go_on.set()
    deadline_s = time.monotonic() + PATIENCE_S
    while len(listener.images) < 2 and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert [image.stamp_ns for image in listener.images] == [0, 49]


def test_results_go_to_those_who_want_them() -> None:
    feed, demands = new_feed()
    tags, both = Listener(), Listener()
    watch = feed.watch(frozenset({'tags'}), tags)
    feed.watch(frozenset({'tags', 'poses'}), both)
    feed.offer_result(CameraResult('tags', 1, {'tags': []}))
    feed.offer_result(CameraResult('poses', 1, {'people': []}))
    assert [result.capability for result in tags.results] == ['tags']
    assert [result.capability for result in both.results] == ['tags', 'poses']
    watch.set_capabilities(frozenset({'digits'}))
    assert demands == [
        frozenset({'tags'}),
        frozenset({'tags', 'poses'}),
        frozenset({'tags', 'poses', 'digits'}),
    ]


def test_a_camera_that_cannot_be_watched_leaves_no_listener() -> None:
    def refuse(demand: frozenset[str] | None) -> None:
        if demand is not None:
            raise ValueError('there is no such camera')

    feed = Feed(refuse)
    listener = Listener()
    with pytest.raises(ValueError, match='no such camera'):
        feed.watch(NOTHING, listener)
    assert feed.demand is None
    feed.offer_jpeg(1, JPEG)
    assert listener.images == []


def test_closing_twice_does_nothing() -> None:
    feed, demands = new_feed()
    watch = feed.watch(NOTHING, Listener())
    watch.close()
    watch.close()
    assert demands == [NOTHING, None]
