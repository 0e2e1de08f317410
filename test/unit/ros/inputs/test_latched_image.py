"""The newest image of publishers that send seldom."""

from __future__ import annotations

from collections.abc import Callable

from nn_perception.ros.inputs import latched_image
from nn_perception.ros.inputs.latched_image import LatchedImage
import pytest


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass."""
    clock = [1000.0]
    monkeypatch.setattr(latched_image.time, 'monotonic', lambda: clock[0])

    def pass_by(seconds: float) -> None:
        clock[0] += seconds

    return pass_by


def test_an_image_for_those_who_come_later() -> None:
    image: LatchedImage[str] = LatchedImage()
    assert image.newest is None
    image.received('first', latched=True)
    assert image.newest == 'first'
    assert image.is_shown
    image.received('second', latched=True)
    assert image.newest == 'second'
    # A camera's images are not kept.
    image.received('third', latched=False)
    assert image.newest is None
    image.received('fourth', latched=True)
    image.clear()
    assert image.newest is None
    assert not image.is_shown


def test_a_stream_is_not_shown_for_ever(wait: Callable[[float], None]) -> None:
    image: LatchedImage[str] = LatchedImage()
    for _ in range(20):
        image.received('stream', latched=True)
        wait(0.2)
    assert not image.is_shown
    wait(60.0)
    image.received('map', latched=True)
    assert image.is_shown


def test_what_a_publisher_kept_comes_all_at_once(wait: Callable[[float], None]) -> None:
    image: LatchedImage[str] = LatchedImage()
    for _ in range(3):
        image.received('old', latched=True)
        wait(0.01)
    wait(600.0)
    assert image.is_shown


def test_an_image_that_a_new_subscription_repeats() -> None:
    image: LatchedImage[str] = LatchedImage()
    # None and 0: the middleware does not say.
    times = [5, 5, 6, 6, 5, None, None, 0, 0]
    expected = [False, True, False, True, False, False, False, False, False]
    assert [image.is_repeated(sent_ns) for sent_ns in times] == expected
    image.is_repeated(7)
    image.clear()
    assert not image.is_repeated(7)
