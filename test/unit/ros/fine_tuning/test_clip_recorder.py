"""Seconds of sound: which of them a recording stores, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nn_perception.core.audio.samples import SoundWindow, WINDOW_SAMPLES
from nn_perception.core.audio.sound_files import read_sound
from nn_perception.ros.fine_tuning.clip_recorder import ClipRecorder
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.training.datasets.embeddings import EmbeddingCache
from nn_perception.training.datasets.media.clips import SOUNDS
import numpy as np
import pytest
from tones import LOW_HZ, PitchEmbedder, tone

TOPIC = '/audio'
HOP_S = 0.25


class Embedder(PitchEmbedder):
    """An embedder as a node has it."""

    description = 'no device'


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClipRecorder]:
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    dataset = Dataset.open(tmp_path, 'door', quota_bytes=240_000, medium=SOUNDS)
    recorder = ClipRecorder(dataset, Embedder(), TOPIC)
    yield recorder
    recorder.close()


def hear(recorder: ClipRecorder, begin_s: float, end_s: float) -> list[float]:
    """Let a recorder hear all windows that end from one time to another; return the stored."""
    stored = []
    for count in range(round((end_s - begin_s) / HOP_S) + 1):
        stamp_s = begin_s + count * HOP_S
        samples = np.roll(tone(LOW_HZ + count, 1.0), count)
        if recorder.process([SoundWindow(samples, stamp_s=stamp_s)]) == [True]:
            stored.append(stamp_s)
    return stored


def test_seconds_follow_each_other(recorder: ClipRecorder) -> None:
    recorder.record('knock', 0.0).result()
    # The sound begins with the recording.
    assert hear(recorder, 11.0, 13.0) == [11.0, 12.0, 13.0]
    recorder.stop().result()
    assert hear(recorder, 13.25, 15.0) == []
    recorder.record('clap', 0.0).result()
    # What ended at 15.25 may have begun before the recording.
    assert hear(recorder, 15.25, 17.25) == [16.25, 17.25]
    # The same recording goes on, with another rate it would be another one.
    recorder.record('clap', 0.0).result()
    assert hear(recorder, 17.5, 18.25) == [18.25]
    # Sound is missing: a second begins with what comes.
    recorder.forget('')
    assert hear(recorder, 31.0, 31.75) == [31.0]
    clips = recorder.dataset.frames()
    assert [clip.stamp_ns for clip in clips] == [
        round((end_s - 1.0) * 1e9) for end_s in (11.0, 12.0, 13.0, 16.25, 17.25, 18.25, 31.0)
    ]
    assert [clip.topic for clip in clips] == [TOPIC] * 7
    assert len({clip.recording for clip in clips if clip.label == 'knock'}) == 1
    assert len({clip.recording for clip in clips}) == 2
    assert all(len(read_sound(clip.path)) == WINDOW_SAMPLES for clip in clips)


def test_a_full_dataset_ends_the_recording_and_loses_nothing(recorder: ClipRecorder) -> None:
    recorder.record('knock', 0.0).result()
    stored = hear(recorder, 11.0, 25.0)
    # The last one has ended the recording.
    assert stored == [11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0]
    assert recorder.dataset.counts() == {'knock': 7}
    assert 'the dataset door is full' in recorder.take_problem()
    assert recorder.label == ''


def test_the_last_second_is_captured_with_its_embedding(recorder: ClipRecorder) -> None:
    assert recorder.latest(60.0) is None
    hear(recorder, 11.0, 12.0)
    window = recorder.latest(60.0)
    assert window is not None
    assert window.stamp_s == 12.0
    (clip,), total = recorder.capture(window, 'knock').result(30.0)
    assert (clip.label, clip.stamp_ns, total) == ('knock', 11 * 10**9, 1)
    assert clip.sha256 in EmbeddingCache.of('pitch').load()
    assert recorder.latest(0.0) is None


def test_a_sound_of_any_length_is_added(recorder: ClipRecorder) -> None:
    sound = np.concatenate([tone(LOW_HZ, 1.0), tone(2.0 * LOW_HZ, 1.7)])
    clips, total = recorder.add(lambda: sound, 'hum', 10**9, recording='mine').result(30.0)
    assert (len(clips), total) == (3, 3)
    assert {clip.recording for clip in clips} == {'mine'}
    with pytest.raises(ValueError, match=r'0.1 s are needed'):
        recorder.add(lambda: sound[:100], 'hum', 0).result(30.0)
    assert recorder.dataset.counts() == {'hum': 3}
