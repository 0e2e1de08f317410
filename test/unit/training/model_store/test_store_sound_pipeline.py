"""A pipeline for sounds that follows the store swaps between two batches, and forgets averages."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from nn_perception.capabilities.sounds.pipeline import SoundOptions
from nn_perception.core.audio.samples import Samples, SoundWindow
from nn_perception.training.model_store.model_follower import ModelFollower
from nn_perception.training.model_store.store_sound_pipeline import StoreSoundPipeline
import numpy as np
from patience import wait_until
from tones import LOW_HZ, tone


class FakeTagger:
    """A tagger that is sure of one label, its name."""

    def __init__(self, name: str) -> None:
        self.labels = (name, 'background')
        self.model = SimpleNamespace(warm_up=lambda: None)
        self.closed = False

    def scores_of(self, windows: Sequence[Samples]) -> np.ndarray:
        """Be sure of the label."""
        assert not self.closed
        return np.tile(np.array([1.0, 0.0], np.float32), (len(windows), 1))

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class FakeStore:
    """A store with one active version."""

    version = ''

    def active_name(self, name: str) -> str | None:
        """Name the active version."""
        return self.version or None

    def active(self, name: str) -> Any:
        """Return the active version."""
        return SimpleNamespace(version=self.version, checkpoint=self.version)


def test_a_new_version_is_swapped_in_and_back() -> None:
    store, swaps, first = FakeStore(), [], FakeTagger('first')
    follower = ModelFollower(store, 'sounds', FakeTagger)
    pipeline = StoreSoundPipeline(
        follower,
        first,
        SoundOptions(smoothing_s=10.0),
        on_swapped=lambda: swaps.append(pipeline.labels[0]),
    )
    times = iter(range(1000))

    def best() -> str:
        window = SoundWindow(tone(LOW_HZ, 1.0), source='mic', stamp_s=float(next(times)))
        (result,) = pipeline.process([window])
        return result.tags[0].label

    assert best() == 'first'
    for version in ('knock', 'clap', 'knock'):
        store.version = version

        def is_heard(version: str = version) -> bool:
            pipeline.poll()
            return best() == version

        wait_until(is_heard)
    assert first.closed
    assert swaps == ['knock', 'clap', 'knock']
    assert pipeline.problem == ''
    last = pipeline.tagger
    pipeline.close()
    assert last.closed
