"""Photographs as a source of frames."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
from typing import Any

import cv2
from nn_perception.core.files.natural_order import natural_order
from nn_perception.sources.open_frames import open_frames
from nn_perception.sources.photographs import PhotographSource
from nn_perception.sources.skip_log import MAX_SENTENCES
import numpy as np
import pytest

MAKE = Callable[..., np.ndarray]


def names_of(source: Any) -> list[str]:
    return [frame.name for frame in iter(source.read, None)]


@pytest.fixture
def folder(tmp_path: Path, picture: MAKE) -> Path:
    """Create photographs, one of them broken, and what is not a photograph."""
    for name in ('10.png', '2.PNG', 'b.jpg'):
        (tmp_path / name).write_bytes(cv2.imencode(Path(name).suffix.lower(), picture())[1])
    (tmp_path / '3.png').write_bytes(b'broken')
    (tmp_path / 'notes.txt').write_text('not a photograph')
    return tmp_path


def test_photographs_in_natural_order(
    folder: Path, picture: MAKE, caplog: pytest.LogCaptureFixture
) -> None:
    source = open_frames(folder)
    assert isinstance(source, PhotographSource)
    assert (source.rate_hz, source.live, source.calibration) == (1.0, False, None)
    assert (source.ended, source.problem) == (True, '')
    frame = source.read()
    assert frame is not None
    np.testing.assert_array_equal(frame.image_bgr, picture())
    assert names_of(source) == ['10.png', 'b.jpg']
    assert caplog.text.count('skipped: ') == 1
    assert '3.png' in caplog.text
    assert source.rewind()
    assert names_of(source) == ['2.PNG', '10.png', 'b.jpg']
    assert names_of(open_frames(folder / 'b.jpg')) == ['b.jpg']


def test_a_broken_photograph_is_logged_once(
    folder: Path, picture: MAKE, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / 'gone.jpg').symlink_to('nowhere')
    source = open_frames(folder)
    for _ in range(100):
        assert names_of(source) == ['2.PNG', '10.png', 'b.jpg']
        source.rewind()
    assert caplog.text.count('3.png') == 1
    assert caplog.text.count('gone.jpg') == 1
    # Once it is repaired, it is shown.
    cv2.imwrite(str(folder / '3.png'), picture())
    assert names_of(source) == ['2.PNG', '3.png', '10.png', 'b.jpg']


def test_the_case_of_a_broken_photograph(cases: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = open_frames(cases / '25_broken_picture_log_flood' / 'pics')
    for _ in range(30):
        names = names_of(source)
        assert source.rewind()
    assert 'a.jpg' in names
    assert caplog.text.count('b.jpg') <= 1


def test_the_log_of_many_broken_photographs_ends(
    tmp_path: Path, picture: MAKE, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(MAX_SENTENCES + 50):
        (tmp_path / f'{number}.jpg').write_bytes(b'broken')
    source = open_frames(tmp_path)
    for _ in range(3):
        assert source.read() is None
        source.rewind()
    assert len(caplog.records) == MAX_SENTENCES + 1
    assert 'further ones are not logged' in caplog.records[-1].message


def test_what_is_no_photograph_in_spite_of_its_name(folder: Path) -> None:
    """A pipe would be waited for, for ever; hidden files belong to file managers."""
    os.mkfifo(folder / 'pipe.jpg')
    (folder / 'folder.jpg').mkdir()
    (folder / '._b.jpg').write_bytes(b'resource fork')
    assert names_of(open_frames(folder)) == ['2.PNG', '10.png', 'b.jpg']


def test_digits_of_other_scripts_have_an_order() -> None:
    names = ['b10', 'b²', 'b2', 'b٣', '²', '1', '۴x', 'x⑤', '0' * 300 + '7']
    ordered = sorted((Path(name) for name in names), key=natural_order)
    assert sorted(map(str, ordered)) == sorted(names)
    assert [str(path) for path in ordered if str(path) in ('b2', 'b٣', 'b10')] == [
        'b2',
        'b٣',
        'b10',
    ]
