"""
What a camera node counts, and how it judges that.

``FakeInput`` stands for the image subscription, and ``FakeClock`` for the computer's
clock: the tests set what was received and lost and how much time went by, which no real
subscription would do on demand. The tests under ``test/integration`` see the same
sentences with real publishers.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import math
from types import SimpleNamespace

from nn_perception.ros.diagnostics import camera_diagnostics
from nn_perception.ros.diagnostics.camera_diagnostics import (
    CameraHealth,
    ClockWatch,
    FrameStatistics,
    SILENT_AFTER_S,
)
import pytest

NO_OBSTACLE = ('', '')


@dataclass
class FakeInput:
    """The counts of an image subscription, as a test wants them."""

    received: int = 0
    lost: int = 0
    skipped: int = 0
    reliability: str = 'reliable'

    def silence_reason(self) -> str:
        """Say what a test can recognise."""
        return 'nobody publishes on /image'


@dataclass
class FakeClock:
    """A clock that stands still until a test moves it."""

    now_s: float = 100.0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Give the module a clock that the test moves."""
    clock = FakeClock()
    monkeypatch.setattr(camera_diagnostics, 'time', SimpleNamespace(monotonic=clock.monotonic))
    return clock


class Camera:
    """A node's health, and what it depends on."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.input = FakeInput()
        self.dropped = 0
        self.statistics = FrameStatistics()
        self.health = CameraHealth(self.input, lambda: self.dropped, self.statistics)

    def after(
        self, seconds: float, obstacle: tuple[str, str] = NO_OBSTACLE, concern: str = ''
    ) -> tuple[str, str, dict[str, object]]:
        """Let time go by and examine."""
        self.clock.now_s += seconds
        return self.health.examine(obstacle, concern)

    def process(self, count: int, age_ms: float = 12.0) -> None:
        """Receive images and publish their results."""
        self.input.received += count
        for _ in range(count):
            self.statistics.record(4.0, age_ms)


@pytest.fixture
def camera(clock: FakeClock) -> Camera:
    """Give the test a camera node's health."""
    return Camera(clock)


# FrameStatistics.


def test_nothing_yet(clock: FakeClock) -> None:
    clock.now_s += 1.0
    report = FrameStatistics().report()
    assert (report.processed, report.refused, report.rate_hz) == (0, 0, 0.0)
    assert report.last_refusal == ''
    for value in (report.inference_p50_ms, report.inference_p95_ms, report.age_ms):
        assert math.isnan(value)


def test_rate_is_that_since_the_report_before(clock: FakeClock) -> None:
    statistics = FrameStatistics()
    for images, seconds, rate in ((60, 2.0, 30.0), (5, 0.5, 10.0), (0, 1.0, 0.0)):
        for _ in range(images):
            statistics.record(1.0, 1.0)
        clock.now_s += seconds
        assert statistics.report().rate_hz == pytest.approx(rate)
    assert statistics.report().processed == 65


def test_two_reports_at_once(clock: FakeClock) -> None:
    statistics = FrameStatistics()
    statistics.record(1.0, 1.0)
    statistics.report()
    assert statistics.report().rate_hz == 0.0


@pytest.mark.parametrize(
    ('times_ms', 'p50', 'p95'),
    [
        ([7.0], 7.0, 7.0),
        (range(1, 102), 51.0, 96.0),
        ([*range(101, 0, -1)], 51.0, 96.0),
        # Only the newest 300 count.
        ([1000.0] * 50 + [5.0] * 300, 5.0, 5.0),
        ([1.0] * 280 + [100.0] * 20, 1.0, 100.0),
    ],
)
def test_percentiles(times_ms: Sequence[float], p50: float, p95: float) -> None:
    statistics = FrameStatistics(window=300)
    for time_ms in times_ms:
        statistics.record(time_ms, 1.0)
    report = statistics.report()
    assert (report.inference_p50_ms, report.inference_p95_ms) == pytest.approx((p50, p95))


def test_age_is_that_of_the_newest_result() -> None:
    statistics = FrameStatistics()
    for age_ms in (5.0, 250.0, 17.5):
        statistics.record(1.0, age_ms)
    assert statistics.report().age_ms == 17.5
    statistics.record(1.0, math.nan)
    assert math.isnan(statistics.report().age_ms)


def test_a_reason_is_new_once() -> None:
    statistics = FrameStatistics()
    reasons = ['too dark', 'too bright', 'too dark', 'too dark', 'too bright']
    assert [statistics.refuse(reason) for reason in reasons] == [True, True, False, False, False]
    report = statistics.report()
    assert (report.refused, report.processed) == (5, 0)
    assert report.last_refusal == 'too bright'


@pytest.mark.parametrize(
    ('first', 'second', 'new'),
    [
        ('expected 12 bytes, got 7', 'expected 480000 bytes, got 31', False),
        ('it starts with 00 00 00 01 67 42', 'it starts with a5 ff 1c 9e ab cd', False),
        ("'mono8' is not known", "'mono12' is not known", True),
        ("'8UC2' is not known", "'8UC5' is not known", True),
        ('the width is 4', 'the height is 4', True),
    ],
)
def test_reasons_that_differ_in_figures_only_are_the_same(
    first: str, second: str, new: bool
) -> None:
    # A loose cable cuts every image off at another byte: that is one thing to tell.
    statistics = FrameStatistics()
    assert statistics.refuse(first)
    assert statistics.refuse(second) == new
    assert statistics.report().last_refusal == second


def test_reasons_without_end_do_not_fill_the_log() -> None:
    statistics = FrameStatistics()
    letters = 'ghijklmnopqrstuvwxyz'
    reasons = [f'encoding {a}{b}{c}' for a in letters for b in letters for c in letters]
    told = [reason for reason in reasons if statistics.refuse(reason)]
    assert 100 <= len(told) <= 1000
    assert told == reasons[: len(told)]
    assert statistics.report().refused == len(reasons)
    assert statistics.report().last_refusal == reasons[-1]


def test_counts_from_several_threads() -> None:
    statistics = FrameStatistics()

    def work() -> int:
        new = 0
        for i in range(500):
            statistics.record(1.0, 1.0)
            new += statistics.refuse(f'reason {"abcdefghij"[i % 10]}')
            statistics.report()
        return new

    with ThreadPoolExecutor(4) as threads:
        told = [future.result() for future in [threads.submit(work) for _ in range(4)]]
    report = statistics.report()
    assert (report.processed, report.refused) == (2000, 2000)
    assert sum(told) == 10


# CameraHealth.


def test_all_is_well(camera: Camera) -> None:
    camera.process(30)
    level, sentence, values = camera.after(1.0)
    assert (level, sentence) == ('ok', '30.0 results a second')
    assert values == {
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
    }


def test_silence_is_explained_after_a_while(camera: Camera) -> None:
    level, sentence, _ = camera.after(SILENT_AFTER_S)
    assert level == 'ok'
    assert sentence == '0.0 results a second'
    level, sentence, _ = camera.after(2.0)
    assert level == 'warn'
    assert sentence == 'no image for 5 s: nobody publishes on /image'
    camera.process(1)
    assert camera.after(1.0)[0] == 'ok'
    assert camera.after(SILENT_AFTER_S)[0] == 'ok'
    assert camera.after(0.1)[0] == 'warn'


def test_an_obstacle_in_the_node_itself_comes_first(camera: Camera) -> None:
    obstacle = ('error', 'there is no such model')
    assert camera.after(60.0, obstacle)[:2] == obstacle
    camera.statistics.refuse('too dark')
    camera.input.lost = 100
    assert camera.after(1.0, obstacle)[:2] == obstacle
    # The time before it was out of the way does not count as silence, nor the loss as new.
    assert camera.after(1.0)[:2] == ('ok', '0.0 results a second')


def test_a_disabled_node_is_well(camera: Camera) -> None:
    disabled = ('ok', 'disabled; call /tagger/enable')
    assert camera.after(600.0, disabled)[:2] == disabled


def test_refusals_are_told_while_they_happen(camera: Camera) -> None:
    camera.process(5)
    camera.input.received += 1
    camera.statistics.refuse('the data is truncated')
    level, sentence, values = camera.after(1.0)
    assert (level, sentence) == ('warn', 'images are refused: the data is truncated')
    assert values['images_refused'] == 1
    camera.process(5)
    level, _, values = camera.after(1.0)
    assert level == 'ok'
    assert values['images_refused'] == 1


@pytest.mark.parametrize(
    ('arrived', 'lost', 'level'),
    [(100, 1, 'ok'), (98, 2, 'warn'), (300, 3, 'ok'), (0, 5, 'warn'), (10, 0, 'ok')],
)
def test_loss_on_the_way(camera: Camera, arrived: int, lost: int, level: str) -> None:
    camera.process(arrived)
    camera.input.lost += lost
    found, sentence, values = camera.after(1.0)
    assert found == level
    assert values['images_lost'] == lost
    if level == 'warn':
        assert sentence.startswith(f'{lost} of {arrived + lost} images were lost on the way; ')
        assert 'docs/transport.md' in sentence
    # Only what is new counts.
    camera.process(1)
    assert camera.after(1.0)[0] == 'ok'


def test_a_concern_about_the_results_is_told_where_nothing_is_worse(camera: Camera) -> None:
    camera.process(5)
    assert camera.after(1.0, concern='too many')[:2] == ('warn', 'too many')
    assert camera.after(1.0)[:2] == ('ok', '0.0 results a second')
    camera.statistics.refuse('too dark')
    assert camera.after(1.0, concern='too many')[1] == 'images are refused: too dark'
    disabled = ('ok', 'disabled; call /digit_reader/enable')
    assert camera.after(1.0, disabled, concern='too many')[:2] == disabled


def test_images_without_stamps(camera: Camera) -> None:
    camera.process(5, age_ms=math.nan)
    level, sentence, values = camera.after(1.0)
    assert level == 'warn'
    assert 'carry no stamps' in sentence
    assert values['frame_age_ms'] == 'nan'


def test_images_before_the_first_result_are_not_said_to_lack_stamps(camera: Camera) -> None:
    camera.input.received += 3
    assert camera.after(1.0)[:2] == ('ok', '0.0 results a second')


def test_dropped_is_what_the_slot_and_the_middleware_replaced(camera: Camera) -> None:
    camera.process(7)
    camera.dropped = 3
    camera.input.received += 4
    assert camera.after(1.0)[2]['images_dropped'] == 3
    # Five numbers are missing between those that came, two of them got lost on the way.
    camera.input.skipped, camera.input.lost = 5, 2
    values = camera.after(1.0)[2]
    assert (values['images_dropped'], values['images_lost']) == (6, 2)
    # The middleware may tell of a loss before the gap is seen.
    camera.input.lost = 9
    assert camera.after(1.0)[2]['images_dropped'] == 3


def test_the_sum_of_what_became_of_the_images(camera: Camera) -> None:
    camera.process(10)
    camera.dropped = 5
    camera.input.received += 6
    camera.statistics.refuse('the image is empty')
    values = camera.after(1.0)[2]
    whole = [values[f'images_{name}'] for name in ('processed', 'refused', 'dropped')]
    assert sum(whole) == values['images_received'] == 16


@pytest.mark.parametrize(('age_ms', 'word'), [(1.7e12, 'before'), (-3.6e6, 'after')])
def test_stamps_of_another_clock(camera: Camera, age_ms: float, word: str) -> None:
    camera.process(5, age_ms)
    level, sentence, _ = camera.after(1.0)
    assert level == 'ok'
    assert f"s {word} this node's clock" in sentence
    assert 'use_sim_time' in sentence
    camera.process(5, 20.0)
    assert camera.after(1.0)[1] == '5.0 results a second'


# ClockWatch.


def test_time_that_stands_still(clock: FakeClock) -> None:
    watch = ClockWatch()
    assert watch.still_s(0) == 0.0
    clock.now_s += 2.0
    assert watch.still_s(0) == 2.0
    assert watch.still_s(1) == 0.0
    clock.now_s += 5.0
    assert watch.still_s(1) == 5.0
