"""Ranking and smoothing of a stream, with a tagger that returns given scores."""

from __future__ import annotations

from types import SimpleNamespace

from nn_perception.capabilities.tagging.pipeline import TaggingOptions, TaggingPipeline
from nn_perception.core.frame import Frame
import numpy as np
import pytest

IMAGE = np.zeros((4, 4, 3), np.uint8)


def pipeline(*scores: tuple[float, ...], options: TaggingOptions | None = None) -> TaggingPipeline:
    """Build a pipeline whose network returns these scores for the frames of one batch."""
    tagger = SimpleNamespace(
        labels=('cup', 'mug', 'pen'), scores_of=lambda images: np.array(scores, np.float32)
    )
    return TaggingPipeline(tagger, options)


def frame(stamp_s: float, source: str = '') -> Frame:
    return Frame(IMAGE, source=source, stamp_s=stamp_s)


def test_the_best_tags_of_each_frame() -> None:
    tags = pipeline((0.2, 0.7, 0.1), (0.5, 0.02, 0.48)).process([frame(0, 'a'), frame(0, 'b')])
    assert [[tag.label for tag in found] for found in tags] == [
        ['mug', 'cup', 'pen'],
        ['cup', 'pen'],
    ]


def test_options_may_change_between_frames() -> None:
    tagging = pipeline((0.2, 0.7, 0.1), options=TaggingOptions(top_k=1))
    assert [tag.label for tag in tagging.process([frame(0)])[0]] == ['mug']
    tagging.options = TaggingOptions(top_k=1000, min_score=0.15)
    assert [tag.label for tag in tagging.process([frame(1)])[0]] == ['mug', 'cup']
    tagging.options = TaggingOptions(min_score=1.0)
    assert tagging.process([frame(2)]) == [[]]


def test_scores_are_averaged_over_the_frames_of_one_source_only() -> None:
    tagging = pipeline(options=TaggingOptions(smoothing_s=1.0))
    first, second = np.float32([1, 0, 0]), np.float32([0, 1, 0])
    tagging.update(frame(0.0, 'front'), first)
    tagging.update(frame(0.0, 'rear'), second)
    front = {tag.label: tag.score for tag in tagging.update(frame(1.0, 'front'), second)}
    # After one time constant the old frame has a weight of 1 / e.
    assert front == pytest.approx({'mug': 1 - np.exp(-1), 'cup': np.exp(-1)}, abs=1e-6)
    rear = {tag.label: tag.score for tag in tagging.update(frame(1.0, 'rear'), second)}
    assert rear == {'mug': 1.0}


def test_smoothing_restarts_when_its_time_constant_changes() -> None:
    tagging = pipeline(options=TaggingOptions(smoothing_s=1.0))
    tagging.update(frame(0.0), np.float32([1, 0, 0]))
    tagging.options = TaggingOptions(smoothing_s=2.0)
    assert [tag.label for tag in tagging.update(frame(0.1), np.float32([0, 1, 0]))] == ['mug']
