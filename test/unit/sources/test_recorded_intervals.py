"""When the images of a recording follow each other, whatever their clocks did."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.sources.recorded_intervals import RecordedIntervals
import pytest

YEAR = 31_557_600.0


def play(
    stamps: Sequence[float], recorded: Sequence[float], rounds: int = 1
) -> tuple[list[float], list[str]]:
    """Compute the intervals of a recording, times in seconds; return the warnings too."""
    warnings: list[str] = []
    mean_s = (recorded[-1] - recorded[0]) / (len(recorded) - 1)
    intervals = RecordedIntervals(mean_s, warnings.append)
    found = []
    for _ in range(rounds):
        intervals.restart()
        for number, (stamp_s, recorded_s) in enumerate(zip(stamps, recorded, strict=True), 1):
            times = round(stamp_s * 1e9), round(recorded_s * 1e9)
            found.append(intervals.next_s(number, *times))
    return found, warnings


SECONDS = [float(i) for i in range(6)]
# A robot without a battery for its clock learns the time while it records.
CLOCK_SET = [0.0, 1.0, *(54 * YEAR + i for i in range(4))]
PAUSE = [0.0, 10.0, 20.0, 50.0, 60.0, 70.0]


@pytest.mark.parametrize(
    ('stamps', 'recorded', 'expected', 'words'),
    [
        # What counts is when images were taken, not how late they were recorded.
        ([0.0, 0.1, 0.6, 0.7, 0.8], [0.0, 0.3, 0.7, 0.7, 1.2], [0.1, 0.5, 0.1, 0.1], ''),
        # The recorder stalls, then writes all at once.
        (SECONDS, [0.0, 1.0, 5.0, 5.0, 5.0, 5.2], [1.0] * 5, ''),
        # Images overtake each other.
        ([0.0, 1.0, 0.9, 2.0, 3.0, 4.0], SECONDS, [1.0, 0.0, 1.1, 1.0, 1.0], ''),
        # The clock of the camera is set: to now, to half a minute later, back by an hour.
        (CLOCK_SET, SECONDS, [1.0] * 5, '54 years after'),
        ([0.0, 1.0, 32.0, 33.0, 34.0, 35.0], SECONDS, [1.0] * 5, '31 s after'),
        ([3600.0, 3601.0, 2.0, 3.0, 4.0, 5.0], SECONDS, [1.0] * 5, '3599 s before'),
        # The clock of the recorder is the same one.
        (CLOCK_SET, CLOCK_SET, [1.0] * 5, 'is played 1 s after it'),
        # Stamps that stand still, are in other units, or are set now and then only.
        ([7.0] * 6, SECONDS, [1.0] * 5, ''),
        ([1e3 * i for i in range(6)], SECONDS, [1.0] * 5, '1000 s after'),
        ([0.0, 1e9 + 1.0, 2.0, 1e9 + 3.0, 4.0, 5.0], SECONDS, [1.0] * 5, 'years after'),
        # A converter that knew no recording times.
        ([5.0 * i for i in range(6)], [0.0] * 6, [5.0] * 5, ''),
        # One picture every ten seconds, and a pause.
        (PAUSE, PAUSE, [10.0, 10.0, 30.0, 10.0, 10.0], ''),
    ],
)
def test_intervals(
    stamps: list[float], recorded: list[float], expected: list[float], words: str
) -> None:
    found, warnings = play(stamps, recorded, rounds=2)
    count = len(stamps)
    # In the next round as well.
    for begin in (0, count):
        assert found[begin + 1 : begin + count] == pytest.approx(expected, abs=1e-6)
    assert words in ' '.join(warnings)
    assert bool(words) == bool(warnings)


@pytest.mark.parametrize(('stamp_s', 'recorded_s'), [(1e9, 1e9), (-1e9, 1e9), (1e9, 0.0), (0, 0)])
def test_no_interval_is_longer_than_a_minute_or_negative(
    stamp_s: float, recorded_s: float
) -> None:
    found, _ = play([0.0, 1.0, stamp_s, 2.0], [0.0, 1.0, recorded_s, 2.0])
    assert all(0.0 <= interval_s <= 60.0 for interval_s in found)


def test_the_first_image_follows_the_last_one_after_a_usual_interval() -> None:
    assert play(SECONDS, [i * 0.2 for i in range(6)])[0][0] == pytest.approx(0.2)
    # Neither the mean of a clock that was set, nor of times that are all the same.
    assert play(SECONDS, [0.0] * 5 + [YEAR])[0][0] == 1.0
    assert play(SECONDS, [0.0] * 6)[0][0] == 1.0
