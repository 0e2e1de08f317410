"""Frames are listed and found without the disk."""

from pathlib import Path
import time

from nn_perception.training.datasets.frame_index import FrameIndex
from nn_perception.training.datasets.labelled_frames import LabelledFrame
import pytest


def frame(number, label='mug'):
    return LabelledFrame(Path('/d') / label / f'{number}_{number}.png', label, number, '', 'ab')


@pytest.fixture
def index():
    index = FrameIndex()
    for number, label in enumerate(('mug', 'cup', 'mug', 'cup', 'mug')):
        index.add(frame(number, label), 10)
    return index


@pytest.mark.parametrize(
    ('label', 'offset', 'limit', 'total', 'numbers'),
    [
        ('', 0, 10, 5, [4, 3, 2, 1, 0]),
        ('', 1, 2, 5, [3, 2]),
        ('mug', 0, 2, 3, [4, 2]),
        ('mug', 2, 2, 3, [0]),
        ('mug', 9, 2, 3, []),
        ('pot', 0, 2, 0, []),
    ],
)
def test_the_newest_come_first(index, label, offset, limit, total, numbers):
    page = index.newest(label, offset, limit)
    assert page.total == total
    assert [found.stamp_ns for found in page.frames] == numbers


def test_a_frame_is_found_by_its_id(index):
    assert index.by_id('cup/1_1.png') == frame(1, 'cup')
    for wrong in ('', 'cup', 'cup/0_0.png', '../d/cup/1_1.png', '/d/cup/1_1.png', '\\'):
        with pytest.raises(ValueError, match='there is no frame'):
            index.by_id(wrong)


def test_a_file_name_that_is_no_text_has_an_id(index):
    odd = LabelledFrame(Path('/d/mug/\udcff.png'), 'mug', 0, '', 'ab')
    index.add(odd, 10)
    odd.id.encode()
    assert index.by_id(odd.id) == odd


def test_ten_thousand_frames_take_milliseconds():
    index = FrameIndex()
    for number in range(10_000):
        index.add(frame(number, f'label {number % 7}'), 10)
    began_s = time.process_time()
    for _ in range(10):
        index.newest('label 3', 500, 1000)
        index.counts()
    assert (time.process_time() - began_s) / 10 < 0.05
