"""What a recording holds, by time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from nn_perception.core.audio.samples import WINDOW_S
from nn_perception.core.results import SoundEvent, Tag


def events_of(
    windows: Iterable[tuple[float, Tag | None]], min_score: float = 0.0
) -> Iterator[SoundEvent]:
    """
    Merge neighbouring windows with the same best label.

    Windows overlap, so each stands for the time that is nearer to its middle than to that of
    another: together the events cover the whole recording, if each is certain enough.

    :param windows: time of the end of each, in seconds from the beginning, in their order, and its
        best tag; the recording ends with the last of them
    :param min_score: events with a lower score are left out
    """
    event: SoundEvent | None = None
    end_s = middle_s = 0.0
    for end_s, tag in windows:
        # Of a recording that is shorter than a window, the middle is that of the recording.
        previous_s, middle_s = middle_s, max(end_s - WINDOW_S / 2.0, end_s / 2.0)
        label, score = (tag.label, tag.score) if tag else ('', 0.0)
        if event is None:
            event = SoundEvent(0.0, 0.0, label, score)
        elif event.label == label:
            event = replace(event, score=max(event.score, score))
        else:
            border_s = (previous_s + middle_s) / 2.0
            yield from _kept(replace(event, end_s=border_s), min_score)
            event = SoundEvent(border_s, border_s, label, score)
    if event is not None:
        yield from _kept(replace(event, end_s=end_s), min_score)


def _kept(event: SoundEvent, min_score: float) -> Iterator[SoundEvent]:
    if event.label and event.score >= min_score:
        yield event
