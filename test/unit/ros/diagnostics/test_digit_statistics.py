"""What ``digit_reader`` counts, and when it warns."""

from __future__ import annotations

from nn_perception.core.results import Digit, DigitReading
from nn_perception.ros.diagnostics.digit_statistics import DigitStatistics

SEVEN = Digit('7', 0.9, (0.0, 0.0, 10.0, 20.0))


def reading(digits: int, candidates: int, *, capped: bool = False) -> DigitReading:
    return DigitReading(((SEVEN,) * digits,) if digits else (), candidates, capped)


def test_nothing_yet() -> None:
    statistics = DigitStatistics()
    assert statistics.values() == {'digits': 0, 'candidates': 0, 'frames_capped': 0}
    assert statistics.warning(256) == ''


def test_counts_of_the_newest_image() -> None:
    statistics = DigitStatistics()
    statistics.record(reading(3, 9))
    statistics.record(reading(0, 4))
    assert statistics.values() == {'digits': 0, 'candidates': 4, 'frames_capped': 0}
    assert statistics.warning(256) == ''


def test_only_new_images_are_warned_about() -> None:
    statistics = DigitStatistics()
    for capped in (True, False, True):
        statistics.record(reading(2, 256, capped=capped))
    assert statistics.warning(256) == (
        '2 of 3 images had more than max_candidates (256) candidates for digits; the least sharp '
        'ones were skipped'
    )
    assert statistics.warning(256) == ''
    statistics.record(reading(2, 256))
    assert statistics.warning(256) == ''
    statistics.record(reading(2, 8, capped=True))
    assert statistics.warning(8).startswith('1 of 1 images had more')
    assert statistics.values()['frames_capped'] == 3
