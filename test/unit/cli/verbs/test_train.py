"""The verb ``train``: it says what it leaves out, and never warns about its own arithmetic."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any
import zlib

import cv2
from nn_perception.cli.main import main
from nn_perception.core.imaging.image_files import read_image
import numpy as np
import pytest

Run = Callable[[Path], tuple[int, dict[str, Any] | None, list[str]]]


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (40, 40, 3)).astype(np.uint8)


def write(root: Path, *names: str) -> Path:
    """Write pictures, whatever their suffix; a name with ``broken`` is cut in the middle."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        content = cv2.imencode('.jpg', picture(zlib.crc32(name.encode())))[1].tobytes()
        (root / name).write_bytes(content[:200] if 'broken' in name else content)
    return root


@pytest.fixture
def train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run the verb with ``--json``; returns the status, the object, and standard error."""
    monkeypatch.setenv('NN_PERCEPTION_DATA', str(tmp_path / 'data'))
    store = ['--store', str(tmp_path / 'store'), '--name', 'x', '--model', 'digit_cnn', '--json']

    def run(folder: Path) -> tuple[int, dict[str, Any] | None, list[str]]:
        status = main(['train', str(folder), *store])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err.splitlines()

    return run


@pytest.mark.parametrize(
    ('case', 'labels'),
    [
        ('jfif', ['circle', 'square']),
        ('label', ['nut', 'screw (M4)']),
        ('labels', ["Mom's mug", 'tabby, tabby cat']),
    ],
)
def test_folders_that_once_lost_pictures(
    cases: Path, train: Run, case: str, labels: list[str]
) -> None:
    status, result, err = train(cases / '05_train_silent_omissions' / case)
    assert status == 0, err
    assert result is not None
    assert result['labels'] == labels
    assert sum(map(sum, result['confusion'])) == 2
    assert not any('left out' in line for line in err)


def test_pictures_one_folder_deeper_are_named(cases: Path, train: Run) -> None:
    status, result, err = train(cases / '05_train_silent_omissions' / 'nested')
    assert (status, result) == (2, None)
    # Before the work, and with the reason of the failure.
    for text in ('\n'.join(err[:-1]), err[-1]):
        assert 'square/batch1/ (2 pictures) is left out: the pictures of a label must be' in text
        assert 'the label square is left out: its folder contains no pictures' in text
    assert "all frames have the label 'circle'" in err[-1]


@pytest.mark.parametrize(
    ('more', 'parts'),
    [
        (['b/3.heic'], ['b/3.heic is left out: HEIC pictures cannot be read; convert them']),
        (['b/3.heic', 'a/x.HEIC'], ['a/x.HEIC and b/3.heic are left out: HEIC']),
        (['b/deep/3.jpg'], ['b/deep/ (1 picture) is left out']),
        (['c:d/3.jpg'], ['the folder c:d (1 picture) is left out', "':' is not allowed"]),
        (['3.jpg'], ['3.jpg is left out: a picture needs a label']),
        (['b/.3.jpg'], ['b/.3.jpg is left out: hidden files are not read']),
        (['b/notes.txt'], ['b/notes.txt is left out: the names of pictures end in']),
        (['b/3.gif'], ['b/3.gif beyond its first image is left out']),
        (['b/broken3.jpg'], ['b/broken3.jpg is truncated']),
        (['c/x.heic'], ['the label c is left out: its folder contains no pictures', 'c/x.heic']),
    ],
)
def test_what_is_left_out_is_named_before_and_after(
    tmp_path: Path, train: Run, more: list[str], parts: list[str]
) -> None:
    good = ['a/1.jpg', 'a/2.jfif', 'b/1.jpg', 'b/2.jpeg']
    status, result, err = train(write(tmp_path / 'good', *good, *more))
    assert status == 0, err
    assert result is not None
    assert result['labels'] == ['a', 'b']
    *before, after = err
    for part in parts:
        assert part in '\n'.join(before)
        assert part in after
    # A failure says the same, before and with its reason.
    status, result, err = train(write(tmp_path / 'bad', 'b/1.jpg', 'b/2.jpeg', *more))
    assert (status, result) == (2, None)
    *before, after = err
    assert 'label' in after
    for part in (part for part in parts if 'broken' not in part):
        assert part in '\n'.join(before)
        assert part in after


def test_a_label_whose_pictures_are_all_broken(tmp_path: Path, train: Run) -> None:
    names = 'a/1.jpg', 'a/2.jpg', 'b/broken1.jpg', 'b/broken2.jpg'
    status, _, err = train(write(tmp_path / 'given', *names))
    assert status == 2
    assert "all frames have the label 'a'" in err[-1]
    assert 'b/broken1.jpg is truncated' in err[-1]
    assert 'b/broken2.jpg' in err[-1]


# What other tests left open may be collected as garbage here.
@pytest.mark.filterwarnings('error', 'ignore::ResourceWarning')
def test_two_pictures_of_each_label(cases: Path, train: Run) -> None:
    status, result, err = train(cases / '22_two_pictures_a_class' / 'ds')
    assert status == 0
    assert result is not None
    assert sum(map(sum, result['confusion'])) == 2
    assert all(line.startswith('nn_perception train: ') for line in err)  # none of numpy


# What other tests left open may be collected as garbage here.
@pytest.mark.filterwarnings('error', 'ignore::ResourceWarning')
@pytest.mark.parametrize('counts', [(2, 3), (2, 2, 2), (3, 3, 30), (2, 40)])
def test_few_pictures_of_a_label(tmp_path: Path, train: Run, counts: tuple[int, ...]) -> None:
    for label, count in enumerate(counts):
        write(tmp_path / 'given', *(f'{label}/{n}.jpg' for n in range(count)))
    status, _, err = train(tmp_path / 'given')
    assert status == 0, err


# What other tests left open may be collected as garbage here.
@pytest.mark.filterwarnings('error', 'ignore::ResourceWarning')
def test_labels_that_no_font_has(cases: Path, train: Run) -> None:
    status, result, err = train(cases / '23_labels_without_glyphs' / 'ds')
    assert status == 0
    assert result is not None
    assert result['labels'] == ['कप', '杯子']
    assert not any('lyph' in line for line in err)
    report = Path(result['checkpoint']).with_name('report.png')
    assert min(read_image(report).shape[:2]) > 400


# What other tests left open may be collected as garbage here.
@pytest.mark.filterwarnings('error', 'ignore::ResourceWarning')
def test_labels_of_many_scripts_and_lengths(tmp_path: Path, train: Run) -> None:
    labels = ['Կատու', 'แมว', '고양이', 'x' * 64, 'ஃ', 'मग', 'a, b & c (d)']
    for label in labels:
        write(tmp_path / 'given', f'{label}/1.jpg', f'{label}/2.jpg')
    status, result, _ = train(tmp_path / 'given')
    assert status == 0
    assert result is not None
    assert result['labels'] == sorted(labels)
