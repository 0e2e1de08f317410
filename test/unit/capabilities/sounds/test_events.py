"""What a recording holds, by time."""

from __future__ import annotations

from nn_perception.capabilities.sounds.events import events_of
from nn_perception.core.results import SoundEvent, Tag
import pytest


def tags(labels: str, first_s: float = 1.0, hop_s: float = 0.25) -> list[tuple[float, Tag | None]]:
    return [
        (first_s + number * hop_s, None if label == '-' else Tag(label, 0.5 + number / 100))
        for number, label in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ('windows', 'expected'),
    [
        ([], []),
        # One window covers the recording.
        (tags('a'), [(0.0, 1.0, 'a', 0.5)]),
        (tags('a', first_s=0.4), [(0.0, 0.4, 'a', 0.5)]),
        # Neighbours merge, and the best score stays.
        (tags('aaa'), [(0.0, 1.5, 'a', 0.52)]),
        # The border is in the middle between the middles.
        (
            tags('aabba'),
            [(0.0, 0.875, 'a', 0.51), (0.875, 1.375, 'b', 0.53), (1.375, 2.0, 'a', 0.54)],
        ),
        # No tag reached its limit.
        (tags('a--b'), [(0.0, 0.625, 'a', 0.5), (1.125, 1.75, 'b', 0.53)]),
    ],
)
def test_events(
    windows: list[tuple[float, Tag | None]], expected: list[tuple[float, float, str, float]]
) -> None:
    found = list(events_of(windows))
    assert len(found) == len(expected)
    for event, (start_s, end_s, label, score) in zip(found, expected, strict=True):
        assert (event.start_s, event.end_s) == pytest.approx((start_s, end_s))
        assert (event.label, event.score) == (label, pytest.approx(score))


def test_uncertain_events_are_left_out() -> None:
    assert list(events_of(tags('aab'), min_score=0.515)) == [SoundEvent(0.875, 1.5, 'b', 0.52)]
