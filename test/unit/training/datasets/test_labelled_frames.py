"""Labelled frames on disk: what is stored stays, whatever happens."""

import hashlib
import json
import logging
from pathlib import Path
import random
import re
import signal
import subprocess
import sys
import threading
import time

import cv2
from nn_perception.core.imaging.image_files import encode_png, read_image
from nn_perception.core.subprocess import PACKAGE_ROOT
from nn_perception.training.datasets.dataset import Dataset, QuotaError
from nn_perception.training.datasets.labelled_frames import check_samples, MANIFEST, read_samples
import numpy as np
import pytest

TOPIC = '/camera/image'


def picture(seed=0, size=8):
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def start(code, *arguments, prefix=()):
    return subprocess.Popen(
        [*prefix, sys.executable, '-c', code, *map(str, arguments)],
        cwd=PACKAGE_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def manifest(folder):
    return [json.loads(line) for line in (folder / MANIFEST).read_text().splitlines()]


def visible_files(folder):
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob('*')
        if path.is_file() and path.name not in ('.lock', '.writer')
    )


@pytest.fixture
def dataset(tmp_path):
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        yield dataset


@pytest.fixture
def three(tmp_path):
    """A folder with two mugs and a cup, written by nobody any more."""
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        for seed, label in enumerate(('mug', 'cup', 'mug')):
            dataset.add(picture(seed), label, 100 + seed, TOPIC)
    return dataset.folder


def reopened(folder):
    """What the next process finds: files and problems; and then there must be none left."""
    with Dataset.open(folder.parent, folder.name) as dataset:
        files, problems = [sample.file for sample in dataset.samples()], dataset.problems
        assert dataset.check() == []
    assert {entry['file'] for entry in manifest(folder)} == set(files)
    assert {f'{file}' for file in visible_files(folder)} == {*files, MANIFEST}
    listing = read_samples(folder)
    assert listing.problems == ()
    assert [sample.file for sample in listing.samples] == files
    return files, problems


def test_a_frame_is_a_file_and_a_line(dataset):
    image = picture()
    sample = dataset.add(image, 'Tasse für Tee', 1_700_000_000_123_456_789, TOPIC)
    assert sample.path == dataset.folder / 'Tasse für Tee' / '1700000000123456789_0.png'
    np.testing.assert_array_equal(cv2.imread(str(sample.path)), image)
    assert sample.sha256 == hashlib.sha256(sample.path.read_bytes()).hexdigest()
    assert manifest(dataset.folder) == [
        {
            'file': 'Tasse für Tee/1700000000123456789_0.png',
            'label': 'Tasse für Tee',
            'stamp': 1_700_000_000_123_456_789,
            'topic': TOPIC,
            'sha256': sample.sha256,
        }
    ]
    assert dataset.samples() == [sample]
    assert dataset.size_bytes == sample.path.stat().st_size


def test_the_same_stamp_twice(dataset):
    first, second = (dataset.add(picture(seed), 'mug', 5) for seed in range(2))
    assert first.path != second.path
    assert dataset.counts() == {'mug': 2}


def test_what_was_stored_is_there_the_next_time(three):
    assert reopened(three) == (['mug/100_0.png', 'cup/101_1.png', 'mug/102_2.png'], ())
    with Dataset.open(three.parent, 'kitchen') as dataset:
        assert dataset.counts() == {'cup': 1, 'mug': 2}
        assert [sample.topic for sample in dataset.samples()] == [TOPIC] * 3
        assert dataset.add(picture(9), 'cup', 103).path.name == '103_3.png'


def test_a_folder_of_pictures_is_a_data_set_without_stamps(tmp_path):
    for name in ('cup/b.jpg', 'cup/A.PNG', 'mug/c.png', 'mug/notes.txt', '.hidden/d.png'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cv2.imencode('.png', picture(len(name)))[1])
    before = visible_files(tmp_path)
    listing = read_samples(tmp_path)
    assert [(s.label, s.path.name, s.stamp_ns) for s in listing.samples] == [
        ('cup', 'A.PNG', 0), ('cup', 'b.jpg', 0), ('mug', 'c.png', 0)
    ]  # fmt: skip
    assert listing.problems == ()
    assert visible_files(tmp_path) == before  # reading changes nothing


def test_a_folder_that_is_no_label_is_left_out_with_a_sentence(three):
    (three / 'e.t.c').mkdir()
    (problem,) = read_samples(three).problems
    assert 'e.t.c is left out' in problem
    assert "'.' is not allowed" in problem


def test_reading_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing cannot be read: No such file'):
        read_samples(tmp_path / 'nothing')


def test_the_hash_stands_for_frames_and_labels(three):
    before = read_samples(three).sha256
    assert read_samples(three).sha256 == before
    (three / 'mug' / '102_2.png').rename(three / 'cup' / '102_2.png')
    assert read_samples(three).sha256 != before


@pytest.mark.parametrize('label', ['', '../../etc', 'a' * 300, 'a\nb', '/tmp/x', '.', ' '])
def test_refused_labels_leave_nothing(tmp_path, dataset, label):
    before = sorted(tmp_path.rglob('*'))
    with pytest.raises(ValueError, match='cannot be the name of a label'):
        dataset.add(picture(), label, 0)
    with pytest.raises(ValueError, match='cannot be the name of a label'):
        dataset.delete(label)
    with pytest.raises(ValueError, match='cannot be the name of a data set'):
        Dataset.open(tmp_path, label)
    assert sorted(tmp_path.rglob('*')) == before


def test_labels_that_differ_in_capitals(dataset):
    dataset.add(picture(), 'Mug', 0)
    with pytest.raises(ValueError, match='mug differs from Mug only in capitals'):
        dataset.add(picture(), 'mug', 0)
    dataset.add(picture(), 'Mug', 0)


def test_one_label_written_in_two_ways(dataset):
    dataset.add(picture(0), 'cafe\u0301', 0)
    dataset.add(picture(1), 'caf\u00e9', 0)
    assert dataset.counts() == {'caf\u00e9': 2}


@pytest.mark.parametrize(
    ('image', 'stamp_ns', 'reason'),
    [
        (np.zeros((4, 4), np.uint8), 0, r'got uint8 of shape \(4, 4\)'),
        (np.zeros((4, 4, 3), np.float32), 0, 'got float32'),
        (np.zeros((0, 4, 3), np.uint8), 0, 'with pixels'),
        (np.zeros((4, 4, 3), np.uint8), -1, 'must be 0 or more nanoseconds, got -1'),
    ],
)
def test_what_is_no_frame(dataset, image, stamp_ns, reason):
    with pytest.raises(ValueError, match=reason):
        dataset.add(image, 'mug', stamp_ns)
    assert visible_files(dataset.folder) == []


def test_delete(three):
    with Dataset.open(three.parent, 'kitchen') as dataset:
        assert dataset.delete('mug', newest_only=True) == 1
        assert [entry['file'] for entry in manifest(three)] == ['mug/100_0.png', 'cup/101_1.png']
        assert dataset.delete('mug') == 1
        assert dataset.counts() == {'cup': 1}
        assert dataset.size_bytes == (three / 'cup/101_1.png').stat().st_size
        assert not (three / 'mug').exists()
        with pytest.raises(
            ValueError, match='no frames have the label mug; there are labels: cup'
        ):
            dataset.delete('mug')
    assert reopened(three) == (['cup/101_1.png'], ())


def test_a_full_quota(tmp_path):
    size = len(encode_png(picture()))
    with Dataset.open(tmp_path, 'small', quota_bytes=size + size // 2) as dataset:
        dataset.add(picture(), 'mug', 0)
        before = visible_files(tmp_path)
        with pytest.raises(QuotaError, match=f'small is full: {size} of {size + size // 2} bytes'):
            dataset.add(picture(1), 'mug', 1)
        assert visible_files(tmp_path) == before
        dataset.delete('mug')
        dataset.add(picture(2), 'mug', 2)


FILL = """
import os, resource, sys
from nn_perception.training.datasets.dataset import Dataset
import numpy as np
root, how = sys.argv[1:]
if how == 'limit':
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
side = 2 if how == 'limit' else 40
def picture(seed):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
def everything():
    return sorted(os.path.join(*entry) for folder, _, files in os.walk(root)
                  for entry in [(folder, file) for file in files])
dataset = Dataset.open(root, 'kitchen')
stored = []
try:
    for seed in range(2000):
        before = everything()
        stored.append(dataset.add(picture(seed), 'mug', seed))
except OSError as error:
    sys.stdout.write(f'{error}')
assert 5 < len(stored) < 2000, len(stored)
assert everything() == before, set(everything()) ^ set(before)
dataset.close()
dataset = Dataset.open(root, 'kitchen')
assert dataset.problems == ()
assert dataset.samples() == stored
assert dataset.check() == []
dataset.delete('mug', newest_only=True)
dataset.delete('mug', newest_only=True)
dataset.add(picture(1), 'mug', 1)
"""
IN_SMALL_FILE_SYSTEM = (
    'unshare', '--map-root-user', '--mount', 'sh', '-c',
    'mount -t tmpfs -o size=200k none "$0" && exec "$@"',
)  # fmt: skip


def can_mount():
    probe = subprocess.run([*IN_SMALL_FILE_SYSTEM, '/mnt', 'true'], capture_output=True)
    return probe.returncode == 0


@pytest.mark.parametrize('how', ['limit', 'tmpfs'] if can_mount() else ['limit'])
def test_a_full_disk(tmp_path, how):
    prefix = (*IN_SMALL_FILE_SYSTEM, str(tmp_path)) if how == 'tmpfs' else ()
    out, err = (process := start(FILL, tmp_path, how, prefix=prefix)).communicate(timeout=60)
    assert process.returncode == 0, err
    reason = {'limit': '(File too large|No space left on device)', 'tmpfs': 'No space left'}[how]
    assert re.match(
        f'the data set kitchen cannot be written: {reason}.*the frame is not stored', out
    )


def test_no_room_for_the_picture(three, largest_file):
    before = visible_files(three)
    with Dataset.open(three.parent, 'kitchen') as dataset:
        with largest_file(1000), pytest.raises(OSError, match='File too large; the frame is not'):
            dataset.add(picture(0, 64), 'mug', 7)
        assert visible_files(three) == before
        dataset.add(picture(0, 64), 'mug', 7)


OPEN = """
import sys
from nn_perception.training.datasets.dataset import Dataset
Dataset.open(sys.argv[1], 'kitchen')
"""


def test_one_process_writes(three):
    with Dataset.open(three.parent, 'kitchen'):
        _, err = (process := start(OPEN, three.parent)).communicate(timeout=60)
        assert process.returncode == 1
        assert 'is already open for writing in process ' in err.splitlines()[-1]
        with pytest.raises(BlockingIOError, match='already open for writing'):
            Dataset.open(three.parent, 'kitchen')
        assert len(read_samples(three).samples) == 3  # reading is free
    Dataset.open(three.parent, 'kitchen').close()


def test_nothing_is_written_after_closing(three):
    dataset = Dataset.open(three.parent, 'kitchen')
    dataset.close()
    dataset.close()
    with pytest.raises(ValueError, match='kitchen is closed'):
        dataset.add(picture(), 'mug', 0)
    with pytest.raises(ValueError, match='kitchen is closed'):
        dataset.delete('mug')


def test_several_threads(dataset):
    def capture(label):
        for number in range(10):
            dataset.add(picture(number), label, number)

    threads = [threading.Thread(target=capture, args=(label,)) for label in 'abc']
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert dataset.counts() == {'a': 10, 'b': 10, 'c': 10}
    dataset.close()
    assert reopened(dataset.folder)[1] == ()


def test_killed_at_every_operation_of_storing(tmp_path, killed_everywhere):
    png = encode_png(picture(7))

    def prepare(operations):
        with Dataset.open(tmp_path, f'n{operations}') as dataset:
            dataset.add(picture(), 'mug', 1, TOPIC)
        return dataset.folder

    def store(folder):
        Dataset.open(folder.parent, folder.name).add_png(png, 'cup', 2, TOPIC)

    seen = set()
    for folder, killed in killed_everywhere(prepare, store):
        files, problems = reopened(folder)
        assert files in (['mug/1_0.png'], ['mug/1_0.png', 'cup/2_1.png'])
        assert killed or files[1:]
        seen.add((len(files), bool(problems)))
    # Not stored; half-written and removed; stored without a line; stored.
    assert seen == {(1, False), (1, True), (2, True), (2, False)}


def test_killed_at_every_operation_of_deleting(tmp_path, killed_everywhere):
    def prepare(operations):
        with Dataset.open(tmp_path, f'n{operations}') as dataset:
            for seed, label in enumerate(('mug', 'cup', 'mug')):
                dataset.add(picture(seed), label, seed, TOPIC)
        return dataset.folder

    seen = set()
    for folder, killed in killed_everywhere(
        prepare, lambda folder: Dataset.open(folder.parent, folder.name).delete('mug')
    ):
        files, problems = reopened(folder)
        assert 'cup/1_1.png' in files
        assert killed or files == ['cup/1_1.png']
        seen.add((len(files), bool(problems)))
        if len(files) == 3:
            assert not problems
    assert seen >= {(3, False), (2, True), (1, True), (1, False)}


CAPTURE = """
import sys
from nn_perception.training.datasets.dataset import Dataset
import numpy as np
def say(text):
    sys.stdout.write(text + '\\n')
    sys.stdout.flush()
dataset = Dataset.open(sys.argv[1], 'kitchen')
image = np.random.default_rng().integers(0, 256, (120, 160, 3), np.uint8)
for stamp in range(1_000_000):
    sample = dataset.add(image, f'label {stamp % 3}', stamp)
    say(f'+{sample.file}')
    if stamp % 10 == 9:
        say(f'?{sample.file}')
        dataset.delete(sample.label, newest_only=True)
        say(f'-{sample.file}')
"""


def test_kill_9_while_capturing(tmp_path):
    """What the killed process said it had stored is there; what it had deleted is not."""
    acknowledged, rng = {}, random.Random(0)
    for _ in range(3):
        process = start(CAPTURE, tmp_path)
        said = [process.stdout.readline() for _ in range(rng.randint(10, 40))]
        time.sleep(rng.uniform(0.0, 0.02))
        process.kill()
        rest, err = process.communicate(timeout=30)
        assert process.returncode == -signal.SIGKILL, err
        for line in (''.join(said) + rest).splitlines():
            acknowledged[line[1:]] = line[0]
        files, _ = reopened(tmp_path / 'kitchen')
        lost = {file for file, state in acknowledged.items() if state == '+'} - set(files)
        back = {file for file, state in acknowledged.items() if state == '-'} & set(files)
        assert (lost, back) == (set(), set())
        assert len(set(files) - set(acknowledged)) <= 4  # stored, but not yet said
    assert len(acknowledged) > 20


CHANGE = """
import sys, time
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.core.imaging.image_files import encode_png
import numpy as np
dataset = Dataset.open(sys.argv[1], 'kitchen')
png = encode_png(np.zeros((8, 8, 3), np.uint8))
dataset.add_png(png, 'mug', 0, 'topic')
sys.stdout.write('ready\\n')
sys.stdout.flush()
for turn in range(100000):
    for stamp in range(5):
        dataset.add_png(png, 'cup', stamp, 'topic')
    dataset.delete('cup')
"""


def test_reading_while_another_process_writes(tmp_path):
    """A reader sees the state before or after a change, none in between."""
    process = start(CHANGE, tmp_path)
    try:
        assert process.stdout.readline() == 'ready\n'
        counts, end = set(), time.monotonic() + 0.8
        while time.monotonic() < end or (len(counts) < 3 and time.monotonic() < end + 30.0):
            listing = read_samples(tmp_path / 'kitchen')
            assert listing.problems == ()
            assert listing.samples[0].label == 'mug'
            assert {sample.topic for sample in listing.samples} == {'topic'}
            counts.add(len(listing.samples))
        assert process.poll() is None, process.stderr.read()
    finally:
        process.kill()
        process.communicate(timeout=30)
    assert len(counts) > 2
    assert counts <= set(range(1, 7))


@pytest.mark.parametrize('cut', [1, 2, 40, 150])
def test_a_torn_line(three, caplog, cut):
    content = (three / MANIFEST).read_bytes()
    (three / MANIFEST).write_bytes(content[:-cut])
    with caplog.at_level(logging.WARNING):
        files, problems = reopened(three)
    assert files == ['mug/100_0.png', 'cup/101_1.png', 'mug/102_2.png']
    assert any('has damaged lines: 1' in problem for problem in problems)
    assert any('lacks pictures: mug/102_2.png' in problem for problem in problems)
    assert all(problem in caplog.text for problem in problems)
    # Its own name tells when it was taken.
    assert manifest(three)[2]['stamp'] == 102


@pytest.mark.parametrize(
    'line',
    [b'\x00' * 80, b'{}', b'[]', b'null', b'\xff\xfe', b'{"file": 1}', b'',
     b'{"file": "mug/100_0.png", "label": "mug", "stamp": "x", "topic": "", "sha256": ""}',
     b'{"file": "../../../etc/passwd", "label": "mug", "stamp": 1, "topic": "", "sha256": ""}',
     b'{"file": "mug/100_0.png", "label": "cup", "stamp": 1, "topic": "", "sha256": ""}',
     b'{"file": "mug/\\u0000", "label": "mug", "stamp": 1, "topic": "", "sha256": ""}'],
)  # fmt: skip
def test_a_line_that_says_nonsense(three, line):
    lines = (three / MANIFEST).read_bytes().splitlines(keepends=True)
    (three / MANIFEST).write_bytes(b''.join([*lines[:1], line + b'\n', *lines[1:]]))
    files, problems = reopened(three)
    assert sorted(files) == ['cup/101_1.png', 'mug/100_0.png', 'mug/102_2.png']
    assert problems


def test_no_manifest_any_more(three):
    (three / MANIFEST).unlink()
    files, _ = reopened(three)
    assert sorted(files) == ['cup/101_1.png', 'mug/100_0.png', 'mug/102_2.png']


def test_a_removed_file(three):
    (three / 'mug/100_0.png').unlink()
    problem = 'the manifest of kitchen names pictures that are gone: mug/100_0.png'
    assert read_samples(three).problems == (problem,)
    assert reopened(three) == (['cup/101_1.png', 'mug/102_2.png'], (problem,))


def test_a_picture_that_a_person_put_there_or_moved(three):
    cv2.imwrite(str(three / 'cup' / 'from my phone.jpg'), picture(5))
    (three / 'mug' / '100_0.png').rename(three / 'cup' / '100_0.png')
    files, problems = reopened(three)
    assert files == ['cup/101_1.png', 'mug/102_2.png', 'cup/100_0.png', 'cup/from my phone.jpg']
    assert 'the manifest of kitchen lacks pictures: cup/100_0.png and 1 more' in problems


def test_leftovers_are_removed_and_what_is_not_ours_stays(three):
    leftovers = [three / '.manifest.jsonl.abcd1234', three / 'mug' / '.104_3.png.x_y12345']
    others = [three / '.directory', three / 'mug' / '.DS_Store', three / 'notes.txt']
    for path in (*leftovers, *others):
        path.write_bytes(b'x')
    with Dataset.open(three.parent, 'kitchen') as dataset:
        assert dataset.problems == tuple(
            f'{path} was half-written and is removed' for path in leftovers
        )
    assert [path.exists() for path in (*leftovers, *others)] == [False] * 2 + [True] * 3


def test_damaged_removed_and_changed_pictures_get_a_sentence_each(three):
    with Dataset.open(three.parent, 'kitchen') as dataset:
        extra = dataset.add(picture(8), 'cup', 200)
        content = (three / 'mug/100_0.png').read_bytes()
        (three / 'mug/100_0.png').write_bytes(content[: len(content) // 2])
        (three / 'mug/102_2.png').unlink()
        cv2.imwrite(str(three / 'cup/101_1.png'), picture(99))
        samples = dataset.samples()
        whole, problems = check_samples(samples)
        assert dataset.check() == problems
    assert [sample.file for sample in whole] == ['cup/101_1.png', extra.file]
    assert whole[0].sha256 != samples[1].sha256
    assert problems == [
        f'{three}/mug/100_0.png is truncated: the end of the PNG is missing',
        f'{three}/cup/101_1.png was changed since it was stored',
        f'{three}/mug/102_2.png cannot be read: No such file or directory',
    ]
    read_image(whole[0].path)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(OSError, match=r'file/kitchen cannot be written: Not a directory'):
        Dataset.open(tmp_path / 'file', 'kitchen')


def test_a_quota_below_nothing(tmp_path):
    with pytest.raises(ValueError, match='0 or more bytes, got -1'):
        Dataset.open(tmp_path, 'kitchen', -1)
    assert list(Path(tmp_path).iterdir()) == []
