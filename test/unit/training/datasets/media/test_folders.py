"""Of everything in a folder that is not used it is said what and why."""

from __future__ import annotations

import os
from pathlib import Path

from nn_perception.training.datasets.left_out import as_text, Failures, LeftOut
from nn_perception.training.datasets.media.folders import find_pictures, pictures_in
import pytest


def write(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b'')
    return root


def left_out(root: Path) -> str:
    found = find_pictures(root, frozenset({'own.file'}))[1]
    return '\n'.join([*found.pictures(), *found.others()])


@pytest.mark.parametrize('suffix', ['.jpg', '.JPEG', '.jpe', '.jfif', '.JFIF', '.png', '.webp'])
def test_pictures(tmp_path, suffix):
    write(tmp_path, f'mug/a{suffix}')
    pictures, nothing = find_pictures(tmp_path, frozenset())
    assert pictures == {f'mug/a{suffix}': (tmp_path / 'mug' / f'a{suffix}', 'mug')}
    assert nothing.pictures() == nothing.others() == ()


@pytest.mark.parametrize(
    ('name', 'part'),
    [
        ('mug/b.heic', 'mug/b.heic is left out: HEIC pictures cannot be read; convert them'),
        ('mug/b.HEIF', 'mug/b.HEIF is left out: HEIC'),
        ('mug/b.cr2', 'mug/b.cr2 is left out: raw pictures of a camera'),
        ('mug/b.mp4', 'mug/b.mp4 is left out: a video is no picture'),
        ('mug/b.avif', 'mug/b.avif is left out: pictures of this kind cannot be read'),
        ('mug/b.svg', 'mug/b.svg is left out: pictures of this kind cannot be read'),
        ('b.jpg', 'b.jpg is left out: a picture needs a label'),
        ('b.heic', 'b.heic is left out: HEIC'),
        ('mug/deep/b.jpg', 'mug/deep/ (1 picture) is left out: the pictures of a label must be'),
        ('mug/a/b/c/b.heic', 'mug/a/ (1 picture) is left out'),
        ('a:b/b.jpg', 'the folder a:b (1 picture) is left out'),
        ('a:b/deep/b.jpg', 'the folder a:b (1 picture) is left out'),
    ],
)
def test_pictures_that_are_left_out(tmp_path, name, part):
    write(tmp_path, 'mug/a.jpg', name)
    pictures, others = find_pictures(tmp_path, frozenset())
    assert list(pictures) == ['mug/a.jpg']
    (sentence,) = others.pictures()
    assert part in sentence


@pytest.mark.parametrize(
    ('name', 'part'),
    [
        ('mug/b.txt', 'mug/b.txt is left out: the names of pictures end in .bmp, '),
        ('mug/b', 'mug/b is left out: the names of pictures'),
        ('mug/Thumbs.db', 'mug/Thumbs.db is left out'),
        ('mug/.DS_Store', 'mug/.DS_Store is left out: hidden files'),
        ('mug/.b.jpg', 'mug/.b.jpg is left out: hidden files'),
        ('.git/b.jpg', '.git/ is left out: hidden folders'),
        ('README.md', 'README.md is left out: the names of pictures'),
        ('.hidden.jpg', '.hidden.jpg is left out: hidden files'),
        ('cup/.b.jpg', 'the label cup is left out: its folder contains no pictures'),
        ('mug/b.gif', 'mug/b.gif beyond its first image is left out: an animation counts as one'),
    ],
)
def test_other_files_are_named_and_are_no_loss(tmp_path, name, part):
    write(tmp_path, 'mug/a.jpg', 'own.file', name)
    others = find_pictures(tmp_path, frozenset({'own.file'}))[1]
    assert others.pictures() == ()
    assert part in '\n'.join(others.others())


def test_links(tmp_path):
    write(tmp_path, 'elsewhere/a.jpg', 'set/mug/a.jpg')
    (tmp_path / 'set' / 'cup').symlink_to(tmp_path / 'elsewhere')
    (tmp_path / 'set' / 'mug' / 'b.jpg').symlink_to(tmp_path / 'elsewhere' / 'a.jpg')
    (tmp_path / 'set' / 'mug' / 'c.jpg').symlink_to(tmp_path / 'nowhere.jpg')
    (tmp_path / 'set' / 'jug').symlink_to('jug')
    os.mkfifo(tmp_path / 'set' / 'mug' / 'd.jpg')
    pictures, others = find_pictures(tmp_path / 'set', frozenset())
    assert sorted(pictures) == ['cup/a.jpg', 'mug/a.jpg', 'mug/b.jpg']
    assert [*others.pictures(), *others.others()] == [
        'jug and mug/c.jpg are left out: the link leads nowhere',
        'mug/d.jpg is left out: it is no regular file',
    ]


def test_a_folder_that_cannot_be_read_costs_only_its_label(tmp_path, monkeypatch):
    write(tmp_path, 'mug/a.jpg', 'cup/a.jpg')
    iterate = Path.iterdir

    def iterdir(self):
        if self.name == 'cup':
            raise PermissionError(13, 'Permission denied')
        return iterate(self)

    monkeypatch.setattr(Path, 'iterdir', iterdir)
    assert list(find_pictures(tmp_path, frozenset())[0]) == ['mug/a.jpg']
    assert 'cup/ is left out: it cannot be read (Permission denied)' in left_out(tmp_path)


def test_names_are_few_and_can_be_printed(tmp_path):
    write(tmp_path, *(f'mug/{n}.heic' for n in range(9)), 'mug/a\nb.txt')
    text = left_out(tmp_path)
    assert 'mug/0.heic, mug/1.heic, mug/2.heic, mug/3.heic, mug/4.heic and 4 more are' in text
    assert 'mug/a\\nb.txt is left out' in text


def test_sentences_are_few(tmp_path):
    write(tmp_path, *(f'{n}?/a.jpg' for n in range(30)))
    sentences = find_pictures(tmp_path, frozenset())[1].pictures()
    assert len(sentences) == 21
    assert sentences[-1] == 'and 10 more problems of this kind'


def test_a_dataset_may_have_an_empty_folder(tmp_path):
    write(tmp_path, 'own.file', 'mug/a.jpg')
    (tmp_path / 'cup').mkdir()
    assert left_out(tmp_path) == ''
    (tmp_path / 'own.file').unlink()
    assert left_out(tmp_path) == 'the label cup is left out: its folder contains no pictures'


def test_a_folder_without_labels(tmp_path):
    write(tmp_path, 'b.jpg', 'a.jpg', 'c.heic', 'deep/d.jpg')
    others = LeftOut()
    assert [path.name for path in pictures_in(tmp_path, others)] == ['a.jpg', 'b.jpg']
    assert [sentence.split(' is left out')[0] for sentence in others.pictures()] == [
        'c.heic', 'deep/ (1 picture)'
    ]  # fmt: skip


def test_failures_share_a_sentence_for_each_reason():
    failures = Failures(': left out')
    for name in ('a', 'b', 'c'):
        failures.add(name, 'is empty')
    failures.add('d', 'is damaged')
    assert failures.sentences() == [
        'a is empty: left out; the same goes for b and c',
        'd is damaged: left out',
    ]


def test_sentences_become_a_text():
    assert as_text(['one', 'two.', 'three']) == 'one. two. three.'
