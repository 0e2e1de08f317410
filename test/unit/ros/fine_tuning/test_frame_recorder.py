"""Captures keep their order, are never lost, and do not wait for each other's networks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import threading
from types import SimpleNamespace
from typing import Any

import cv2
from nn_perception.core.frame import Frame
from nn_perception.ros.fine_tuning.frame_recorder import FrameRecorder
from nn_perception.training.datasets.dataset import Dataset, QuotaError
from nn_perception.training.datasets.embeddings import EmbeddingCache, FrameFeatures
from nn_perception.training.datasets.labelled_frames import LabelledFrame, read_frames
from nn_perception.training.model_store.relabel import StoredModel
from nn_perception.training.model_store.store import ModelStore
from nn_perception.training.recording.frame_recorder import MAX_PENDING
import numpy as np
import pytest

TOPIC = '/front/image'


class FakeEmbedder:
    """Wait for permission before each embedding."""

    description = 'a fake network'
    key = 'fake'

    def __init__(self) -> None:
        self.allowed = threading.Event()
        self.allowed.set()
        self.error: Exception | None = None
        self.closed = False

    def features(self, image_bgr: np.ndarray) -> FrameFeatures:
        assert not self.closed
        assert self.allowed.wait(30.0)
        if self.error is not None:
            raise self.error
        return FrameFeatures(np.full(4, image_bgr[0, 0, 0], np.float32), 1.0)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def recorder(
    tmp_path: Path, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FrameRecorder]:
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    dataset = Dataset.open(tmp_path, 'kitchen', quota_bytes=20_000)
    recorder = FrameRecorder(dataset, embedder, {'front': TOPIC})
    yield recorder
    embedder.allowed.set()
    recorder.close()


def frame(seed: int = 0, size: int = 8) -> Frame:
    image = np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)
    stamp = SimpleNamespace(sec=7, nanosec=seed)
    return Frame(image, source='front', header=SimpleNamespace(stamp=stamp))


def outcome(captured: Any, limit_s: float = 30.0) -> tuple[str, int]:
    (labelled,), total = captured.result(limit_s)
    return labelled.label, total


def cached(recorder: FrameRecorder) -> list[str]:
    return list(EmbeddingCache.of('fake').load())


def test_a_capture_is_a_frame_with_its_embedding(recorder: FrameRecorder) -> None:
    assert outcome(recorder.capture(frame(3), 'cafe\u0301')) == ('caf\u00e9', 1)
    (stored,) = recorder.dataset.frames()
    assert (stored.stamp_ns, stored.topic) == (7_000_000_003, TOPIC)
    assert cached(recorder) == [stored.sha256]


def test_captures_keep_their_order(recorder: FrameRecorder, embedder: FakeEmbedder) -> None:
    embedder.allowed.clear()
    labels = ['mug', 'cup', 'mug', 'jug', 'mug']
    captures = [recorder.capture(frame(seed), label) for seed, label in enumerate(labels)]
    deleted = recorder.delete('mug', newest_only=True)
    # Deleting waits for the frames, but not for the network.
    assert deleted.result(30.0) == 1
    assert not any(capture.done() for capture in captures)
    embedder.allowed.set()
    assert [outcome(capture) for capture in captures] == [
        ('mug', 1), ('cup', 1), ('mug', 2), ('jug', 1), ('mug', 3)
    ]  # fmt: skip
    frames = recorder.dataset.frames()
    assert [one.label for one in frames] == ['mug', 'cup', 'mug', 'jug']
    assert cached(recorder)[:4] == [one.sha256 for one in frames]


def test_too_many_captures_are_rejected(recorder: FrameRecorder, embedder: FakeEmbedder) -> None:
    embedder.allowed.clear()
    captures = [recorder.capture(frame(seed), 'mug') for seed in range(MAX_PENDING)]
    with pytest.raises(BlockingIOError, match='16 frames are pending; try again later'):
        recorder.capture(frame(99), 'mug')
    embedder.allowed.set()
    assert outcome(captures[-1]) == ('mug', MAX_PENDING)
    assert outcome(recorder.capture(frame(99), 'mug')) == ('mug', MAX_PENDING + 1)


def test_a_given_picture_is_decoded_and_stored_by_the_disks_thread(
    recorder: FrameRecorder,
) -> None:
    threads = []

    def decode() -> np.ndarray:
        threads.append(threading.current_thread().name)
        return frame(5).image_bgr

    (labelled,), total = recorder.add(decode, 'mug', 0).result(30.0)
    assert (labelled.id, labelled.topic, total) == ('mug/0_0.png', '', 1)
    assert cached(recorder) == [labelled.sha256]
    assert threads[0].startswith('dataset')

    def fail() -> np.ndarray:
        raise ValueError('the picture is empty')

    # What cannot be decoded is not pending any more.
    for _ in range(MAX_PENDING + 1):
        with pytest.raises(ValueError, match='the picture is empty'):
            recorder.add(fail, 'mug', 0).result(30.0)
    assert len(recorder.dataset.frames()) == 1


def test_a_label_is_not_renamed_while_it_is_recorded(
    recorder: FrameRecorder, tmp_path: Path
) -> None:
    model = StoredModel(ModelStore(tmp_path / 'models'), 'taught')
    recorder.capture(frame(0), 'mug')
    recorder.capture(frame(1), 'cup')
    recorder.record('mug', 0.0)
    with pytest.raises(ValueError, match='mug is being recorded; stop the recording first'):
        recorder.rename_label(model, 'mug', 'jug')
    # After the captures that are pending.
    assert recorder.rename_label(model, 'cup', 'pot').result(30.0).frames == 1
    recorder.stop()
    assert recorder.rename_label(model, 'mug', 'jug').result(30.0).frames == 1
    assert recorder.dataset.counts() == {'jug': 1, 'pot': 1}
    assert recorder.delete_frames(['jug/7000000000_0.png'], 'jug').result(30.0) == 1


def test_closing_finishes_the_captures(recorder: FrameRecorder, embedder: FakeEmbedder) -> None:
    embedder.allowed.clear()
    captures = [recorder.capture(frame(seed), 'mug') for seed in range(3)]
    closing = threading.Thread(target=recorder.close)
    closing.start()
    embedder.allowed.set()
    closing.join(30.0)
    assert embedder.closed
    assert [outcome(capture, 0.0) for capture in captures] == [('mug', 1), ('mug', 2), ('mug', 3)]
    assert len(read_frames(recorder.dataset.folder).frames) == 3


def test_errors_are_those_of_the_dataset(recorder: FrameRecorder) -> None:
    with pytest.raises(ValueError, match='cannot be the name of a label'):
        recorder.capture(frame(), '../mug').result(30.0)
    with pytest.raises(QuotaError, match='kitchen is full'):
        recorder.capture(frame(size=200), 'mug').result(30.0)
    assert recorder.dataset.frames() == []
    # None of them is pending any more.
    for seed in range(MAX_PENDING):
        recorder.capture(frame(seed), 'mug')


def test_a_full_disk(recorder: FrameRecorder, largest_file) -> None:
    with largest_file(100), pytest.raises(OSError, match='File too large; the frame is not sto'):
        recorder.capture(frame(), 'mug').result(30.0)
    assert outcome(recorder.capture(frame(), 'mug')) == ('mug', 1)


def test_a_failing_network_loses_no_frame(
    recorder: FrameRecorder, embedder: FakeEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    embedder.error = RuntimeError('out of memory')
    assert outcome(recorder.capture(frame(), 'mug')) == ('mug', 1)
    assert 'mug/7000000000_0.png is stored without its embedding: out of memory' in caplog.text
    assert cached(recorder) == []
    # One line as long as nothing changes.
    assert outcome(recorder.capture(frame(1), 'mug')) == ('mug', 2)
    assert caplog.text.count('without its embedding') == 1
    embedder.error = None
    recorder.capture(frame(2), 'mug').result(30.0)
    embedder.error = RuntimeError('out of memory')
    recorder.capture(frame(3), 'mug').result(30.0)
    assert caplog.text.count('without its embedding') == 2


def test_recording(recorder: FrameRecorder) -> None:
    assert recorder.process([frame(0)]) == [False]
    assert recorder.record('mug', 0.0).result(30.0) == 'mug'
    assert recorder.label == 'mug'
    assert recorder.process([frame(1), frame(2)]) == [True, True]
    recorder.record('cup', 0.001)
    assert recorder.process([frame(3), frame(4)]) == [True, False]  # one in 1000 s
    assert recorder.stop().result(30.0) == ''
    assert recorder.process([frame(5)]) == [False]
    assert recorder.dataset.counts() == {'cup': 1, 'mug': 2}
    assert len(cached(recorder)) == 3
    for rate in (-1.0, float('nan'), float('inf')):
        with pytest.raises(ValueError, match='rate must be 0'):
            recorder.record('mug', rate)


def test_a_recording_that_is_not_requested_again_ends(
    recorder: FrameRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 100.0
    monkeypatch.setattr(
        'nn_perception.training.recording.frame_recorder.time.monotonic', lambda: now_s
    )
    recorder.record('mug', 0.1, 5.0)
    assert recorder.process([frame(0), frame(1)]) == [True, False]
    now_s = 104.9
    assert recorder.label == 'mug'
    recorder.record('mug', 0.1, 5.0)
    assert recorder.process([frame(2)]) == [False]  # the same recording, which lasts longer
    now_s = 109.8
    assert recorder.label == 'mug'
    now_s = 109.9
    assert recorder.label == ''
    assert recorder.process([frame(4)]) == [True]
    assert recorder.take_problem() == 'recording ended: mug was not requested again in time'
    assert recorder.process([frame(5)]) == [False]
    assert recorder.dataset.counts() == {'mug': 1}
    for timeout_s in (-1.0, float('nan'), float('inf')):
        with pytest.raises(ValueError, match='timeout must be 0'):
            recorder.record('mug', 0.0, timeout_s)


@pytest.mark.parametrize(
    ('label', 'reason'),
    [
        ('MUG', 'differs from mug only in capitals'),
        ('mug\u034f', 'is not allowed'),
        ('mug.', "differs from 'mug' only in what cannot be seen"),
        ('unknown', 'reserved for frames'),
        ('Unknown', 'reserved for frames'),
        ('CON', 'Windows'),
        ('nul.png', 'Windows'),
        ('-rf', 'option'),
        ('manifest.jsonl', 'a file of the dataset has that name'),
        ('a/b', 'is not allowed'),
    ],
)
def test_labels_are_refused_before_the_first_frame(
    recorder: FrameRecorder, label: str, reason: str
) -> None:
    assert outcome(recorder.capture(frame(0), 'mug')) == ('mug', 1)
    with pytest.raises(ValueError, match=reason):
        recorder.record(label, 0.0)
    assert recorder.label == ''
    with pytest.raises(ValueError, match=reason):
        recorder.capture(frame(1), label).result(30.0)
    assert recorder.dataset.counts() == {'mug': 1}


@pytest.mark.parametrize('label', ["Mom's mug", 'screw (M4)', 'tabby, tabby cat', 'mug', '杯子'])
def test_labels_that_can_be_recorded(recorder: FrameRecorder, label: str) -> None:
    recorder.capture(frame(0), 'mug').result(30.0)
    recorder.record(label, 0.0)
    assert recorder.process([frame(1)]) == [True]
    assert recorder.dataset.counts()[label] == 1 + (label == 'mug')


def test_a_recording_ends_when_the_dataset_is_full(recorder: FrameRecorder) -> None:
    recorder.record('mug', 0.0)
    # The first one has ended the recording, which is worth a summary.
    assert recorder.process([frame(size=200), frame()]) == [True, False]
    assert recorder.label == ''
    assert recorder.take_problem().startswith('recording ended: the dataset kitchen is full')
    assert recorder.take_problem() == ''


def test_the_latest_frame_has_a_maximum_age(recorder: FrameRecorder) -> None:
    assert recorder.latest(60.0) is None
    recorder.process([frame(0), last := frame(1)])
    assert recorder.latest(60.0) is last
    assert recorder.latest(0.0) is None


class SlowDisk:
    """Hold the frames of a dataset until they are let through."""

    def __init__(self, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.allowed = threading.Event(), threading.Event()
        self._add = dataset.add
        monkeypatch.setattr(dataset, 'add', self.add)

    def add(self, *frame_of: Any) -> LabelledFrame:
        self.reached.set()
        assert self.allowed.wait(30.0)
        return self._add(*frame_of)


@pytest.fixture
def slow_disk(recorder: FrameRecorder, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    disk = SlowDisk(recorder.dataset, monkeypatch)
    yield disk
    disk.allowed.set()


def test_no_frame_is_stored_after_a_recording_was_stopped(
    recorder: FrameRecorder, slow_disk: SlowDisk
) -> None:
    recorder.record('mug', 0.0).result(30.0)
    with ThreadPoolExecutor(1) as thread:
        received = thread.submit(recorder.process, [frame(0), frame(1)])
        assert slow_disk.reached.wait(30.0)
        stopped = recorder.stop()
        assert recorder.label == ''
        # The frame on its way to the disk belongs to the recording; who stops it waits for it.
        assert not stopped.done()
        slow_disk.allowed.set()
        assert stopped.result(30.0) == ''
        assert recorder.dataset.counts() == {'mug': 1}
        assert received.result(30.0) == [True, False]
    assert recorder.dataset.counts() == {'mug': 1}


def test_a_failed_frame_does_not_end_the_next_recording(
    recorder: FrameRecorder, slow_disk: SlowDisk
) -> None:
    recorder.record('mug', 0.0).result(30.0)
    with ThreadPoolExecutor(1) as thread:
        received = thread.submit(recorder.process, [frame(size=200)])
        assert slow_disk.reached.wait(30.0)
        replaced = recorder.record('cup', 0.0)
        slow_disk.allowed.set()
        assert replaced.result(30.0) == 'cup'
        received.result(30.0)
    assert recorder.label == 'cup'
    assert recorder.take_problem() == ''
    assert recorder.process([frame()]) == [True]


def test_deleting_while_frames_are_recorded(recorder: FrameRecorder) -> None:
    recorder.record('mug', 0.0).result(30.0)
    with ThreadPoolExecutor(1) as thread:
        received = thread.submit(lambda: [recorder.process([frame(seed)]) for seed in range(60)])
        deleted = 0
        while not received.done():
            try:
                deleted += recorder.delete('mug', newest_only=False).result(30.0)
            except ValueError:  # there was none
                continue
        assert received.result(30.0) == [[True]] * 60
    assert deleted + sum(recorder.dataset.counts().values()) == 60


@pytest.mark.parametrize('error', [MemoryError('full'), OSError('full'), cv2.error('full')])
def test_a_recorded_frame_needs_no_embedding(
    recorder: FrameRecorder, embedder: FakeEmbedder, error: Exception
) -> None:
    embedder.error = error
    recorder.record('mug', 0.0).result(30.0)
    assert recorder.process([frame()]) == [True]
    assert outcome(recorder.capture(frame(1), 'mug')) == ('mug', 2)
    assert recorder.label == 'mug'


def test_a_full_cache(recorder: FrameRecorder, largest_file) -> None:
    recorder.capture(frame(), 'mug').result(30.0)
    cache = EmbeddingCache.of('fake').path
    with cache.open('ab') as stream:
        stream.write(bytes(1_000_000))  # other frames
    with largest_file(cache.stat().st_size):
        assert outcome(recorder.capture(frame(1), 'mug')) == ('mug', 2)
        recorder.record('mug', 0.0).result(30.0)
        assert recorder.process([frame(2)]) == [True]
    assert len(read_frames(recorder.dataset.folder).frames) == 3
    assert recorder.label == 'mug'


def test_a_capture_that_fails_leaves_nothing(recorder: FrameRecorder, largest_file) -> None:
    with largest_file(100), pytest.raises(OSError, match='the frame is not stored'):
        recorder.capture(frame(), 'mug').result(30.0)
    assert not (recorder.dataset.folder / 'mug').exists()
    # The picture fits, but its line does not.
    recorder.capture(frame(), 'cup').result(30.0)
    manifest = recorder.dataset.folder / 'manifest.jsonl'
    with largest_file(manifest.stat().st_size + 50), pytest.raises(OSError, match='not stored'):
        recorder.capture(frame(1, size=1), 'mug').result(30.0)
    listing = read_frames(recorder.dataset.folder)
    assert (len(listing.frames), listing.problems) == (1, ())
    assert not (recorder.dataset.folder / 'mug').exists()
