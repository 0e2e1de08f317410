"""Pictures are read one after the other, and not without an end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import threading
from typing import Any

from nn_perception.ros.fine_tuning import picture_reader as module
from nn_perception.ros.fine_tuning.picture_reader import MAX_PENDING, PictureReader
from nn_perception.training.datasets.dataset import Dataset
import numpy as np
import pytest


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        dataset.add(np.zeros((30, 40, 3), np.uint8), 'mug', 7)
        yield dataset


@pytest.fixture
def reader() -> Iterator[PictureReader]:
    reader = PictureReader()
    yield reader
    reader.close()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let pictures wait for permission."""
    allowed, read = threading.Event(), module.read_picture

    def wait(*arguments: Any) -> Any:
        assert allowed.wait(30.0)
        return read(*arguments)

    monkeypatch.setattr(module, 'read_picture', wait)
    yield allowed
    allowed.set()


def test_a_picture(reader: PictureReader, dataset: Dataset) -> None:
    (frame,) = dataset.frames()
    stored = reader.read(dataset, frame.id, 0).result(30.0)
    assert (stored.frame, stored.data, stored.format) == (frame, frame.path.read_bytes(), 'png')
    assert reader.read(dataset, frame.id, 20).result(30.0).format == 'jpeg'
    with pytest.raises(ValueError, match=r"there is no frame '../x.png'"):
        reader.read(dataset, '../x.png', 0)


def test_a_picture_that_somebody_removed(reader: PictureReader, dataset: Dataset) -> None:
    (frame,) = dataset.frames()
    frame.path.unlink()
    with pytest.raises(FileNotFoundError, match='cannot be read: No such file'):
        reader.read(dataset, frame.id, 0).result(30.0)


def test_too_many_are_rejected(
    reader: PictureReader, dataset: Dataset, slow: threading.Event
) -> None:
    (frame,) = dataset.frames()
    reads = [reader.read(dataset, frame.id, 0) for _ in range(MAX_PENDING)]
    with pytest.raises(BlockingIOError, match='64 pictures are being read; try again later'):
        reader.read(dataset, frame.id, 0)
    slow.set()
    assert all(read.result(30.0).data for read in reads)
    assert reader.read(dataset, frame.id, 0).result(30.0).data


def test_closing_rejects_what_waits(dataset: Dataset, slow: threading.Event) -> None:
    (frame,), reader = dataset.frames(), PictureReader()
    reads = [reader.read(dataset, frame.id, 0) for _ in range(3)]
    while not reads[0].running():
        pass
    closing = threading.Thread(target=reader.close)
    closing.start()
    while not reader._closed:
        pass
    slow.set()
    closing.join(30.0)
    assert reads[0].result(0.0).data
    for read in reads[1:]:
        with pytest.raises(RuntimeError, match='the node ends'):
            read.result(0.0)
