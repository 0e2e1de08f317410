"""
How the images of a camera are judged.

``FakeInput`` stands for the image subscription, and the fixture ``clock`` for the clock: the tests
set what was received and lost, and how much time passed, which no real subscription does on
demand. The tests in ``test/integration`` see the same sentences with real publishers.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from types import SimpleNamespace

from nn_perception.ros.diagnostics.camera_health import CameraHealth
from nn_perception.ros.diagnostics.frame_statistics import FrameStatistics
from nn_perception.ros.diagnostics.status import SILENT_AFTER_S, Status
import pytest


@dataclass
class FakeInput:
    """The counts of an image subscription, as a test wants them."""

    received: int = 0
    lost: int = 0
    skipped: int = 0
    reliability: str = 'reliable'
    durability: str = 'volatile'
    shows_latched_image: bool = False

    def silence_reason(self) -> str:
        """Return something that a test recognises."""
        return 'no publisher on /image'


class Camera:
    """A camera's health, and what it depends on."""

    def __init__(self, clock: SimpleNamespace) -> None:
        self.clock = clock
        self.input = FakeInput()
        self.dropped = 0
        self.statistics = FrameStatistics()
        self.health = CameraHealth(self.input, lambda: self.dropped, self.statistics)

    def after(
        self, seconds: float, blocking_reason: Status | None = None, warning: str = ''
    ) -> Status:
        """Let time pass and assess the health."""
        self.clock.now_s += seconds
        return self.health.assess(blocking_reason, warning)

    def process(self, count: int, age_ms: float = 12.0) -> None:
        """Receive images and publish their results."""
        self.input.received += count
        for _ in range(count):
            self.statistics.record(4.0, age_ms)


@pytest.fixture
def camera(clock: SimpleNamespace) -> Camera:
    """Give the test a camera's health."""
    return Camera(clock)


def summary(status: Status) -> tuple[str, str]:
    """Return level and message."""
    return status.level, status.message


def test_healthy(camera: Camera) -> None:
    camera.process(30)
    assert camera.after(1.0) == Status(
        'ok',
        '30.0 results per second',
        {
            'rate_hz': '30.00',
            'frame_age_ms': '12.0',
            'inference_p50_ms': '4.00',
            'inference_p95_ms': '4.00',
            'images_received': 30,
            'images_processed': 30,
            'images_dropped': 0,
            'images_lost': 0,
            'images_refused': 0,
            'reliability': 'reliable',
            'durability': 'volatile',
        },
    )


def test_after_a_latched_image_silence_is_usual(camera: Camera) -> None:
    camera.process(1)
    camera.input.shows_latched_image = True
    camera.after(1.0)
    status = camera.after(600.0)
    assert status.level == 'ok'
    assert 'the newest image is latched' in status.message
    # Its publisher went away.
    camera.input.shows_latched_image = False
    assert camera.after(1.0).level == 'warn'


def test_silence_is_explained_after_a_while(camera: Camera) -> None:
    assert summary(camera.after(SILENT_AFTER_S)) == ('ok', '0.0 results per second')
    assert summary(camera.after(2.0)) == ('warn', 'no image for 5 s: no publisher on /image')
    camera.process(1)
    assert camera.after(1.0).level == 'ok'
    assert camera.after(SILENT_AFTER_S).level == 'ok'
    assert camera.after(0.1).level == 'warn'


def test_a_blocking_reason_overrides_everything(camera: Camera) -> None:
    reason = Status('error', 'there is no such model')
    assert summary(camera.after(60.0, reason)) == summary(reason)
    camera.statistics.reject('too dark')
    camera.input.lost = 100
    assert summary(camera.after(1.0, reason)) == summary(reason)
    # The time before does not count as silence, nor the loss as new.
    assert summary(camera.after(1.0)) == ('ok', '0.0 results per second')


def test_a_disabled_node_is_healthy(camera: Camera) -> None:
    disabled = Status('ok', 'disabled; call the service /tagger/enable')
    assert summary(camera.after(600.0, disabled)) == summary(disabled)


def test_rejections_are_reported_while_they_happen(camera: Camera) -> None:
    camera.process(5)
    camera.input.received += 1
    camera.statistics.reject('the data is truncated')
    status = camera.after(1.0)
    assert summary(status) == ('warn', 'images are rejected: the data is truncated')
    assert status.values['images_refused'] == 1
    camera.process(5)
    status = camera.after(1.0)
    assert status.level == 'ok'
    assert status.values['images_refused'] == 1


@pytest.mark.parametrize(
    ('received', 'lost', 'level'),
    [(100, 1, 'ok'), (98, 2, 'warn'), (300, 3, 'ok'), (0, 5, 'warn'), (10, 0, 'ok')],
)
def test_loss_in_transport(camera: Camera, received: int, lost: int, level: str) -> None:
    camera.process(received)
    camera.input.lost += lost
    status = camera.after(1.0)
    assert status.level == level
    assert status.values['images_lost'] == lost
    if level == 'warn':
        start = f'{lost} of {received + lost} images were lost in transport; '
        assert status.message.startswith(start)
        assert 'docs/transport.md' in status.message
    # Only new losses count.
    camera.process(1)
    assert camera.after(1.0).level == 'ok'


def test_a_warning_about_the_results_comes_after_those_about_the_images(camera: Camera) -> None:
    camera.process(5)
    assert summary(camera.after(1.0, warning='too many')) == ('warn', 'too many')
    assert summary(camera.after(1.0)) == ('ok', '0.0 results per second')
    camera.statistics.reject('too dark')
    assert camera.after(1.0, warning='too many').message == 'images are rejected: too dark'
    disabled = Status('ok', 'disabled; call the service /digit_reader/enable')
    assert summary(camera.after(1.0, disabled, warning='too many')) == summary(disabled)


def test_images_without_timestamps(camera: Camera) -> None:
    camera.process(5, age_ms=math.nan)
    status = camera.after(1.0)
    assert status.level == 'warn'
    assert 'no timestamps' in status.message
    assert status.values['frame_age_ms'] == 'nan'


def test_images_before_the_first_result_do_not_lack_timestamps(camera: Camera) -> None:
    camera.input.received += 3
    assert summary(camera.after(1.0)) == ('ok', '0.0 results per second')


def test_the_slot_and_the_middleware_drop_images(camera: Camera) -> None:
    camera.process(7)
    camera.dropped = 3
    camera.input.received += 4
    assert camera.after(1.0).values['images_dropped'] == 3
    # Five sequence numbers are missing; two of those images were lost in transport.
    camera.input.skipped, camera.input.lost = 5, 2
    values = camera.after(1.0).values
    assert (values['images_dropped'], values['images_lost']) == (6, 2)
    # The middleware may report a loss before the gap shows.
    camera.input.lost = 9
    assert camera.after(1.0).values['images_dropped'] == 3


def test_the_counts_add_up(camera: Camera) -> None:
    camera.process(10)
    camera.dropped = 5
    camera.input.received += 6
    camera.statistics.reject('the image is empty')
    values = camera.after(1.0).values
    counts = [values[f'images_{name}'] for name in ('processed', 'refused', 'dropped')]
    assert sum(counts) == values['images_received'] == 16


@pytest.mark.parametrize(('age_ms', 'word'), [(1.7e12, 'behind'), (-3.6e6, 'ahead of')])
def test_timestamps_of_another_clock(camera: Camera, age_ms: float, word: str) -> None:
    camera.process(5, age_ms)
    status = camera.after(1.0)
    assert status.level == 'ok'
    assert f"s {word} this node's clock" in status.message
    assert 'use_sim_time' in status.message
    camera.process(5, 20.0)
    assert camera.after(1.0).message == '5.0 results per second'
