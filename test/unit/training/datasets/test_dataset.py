"""A dataset keeps what it has stored, whatever happens."""

import hashlib
import json
import logging
import os
from pathlib import Path
import random
import re
import signal
import subprocess
import sys
import threading
import time

import cv2
from nn_perception.core.imaging.image_files import encode_png
from nn_perception.core.subprocess import PACKAGE_ROOT
from nn_perception.training.datasets.dataset import Dataset, QuotaError
from nn_perception.training.datasets.labelled_frames import hash_file, MANIFEST, read_frames
import numpy as np
from patience import HANGS_S
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


def damaged(dataset):
    """Files that are not as they were stored."""
    return [frame.file for frame in dataset.frames() if hash_file(frame.path) != frame.sha256]


@pytest.fixture
def dataset(tmp_path):
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        yield dataset


@pytest.fixture
def three(tmp_path):
    """A dataset with two mugs and a cup, which no process has open."""
    with Dataset.open(tmp_path, 'kitchen') as dataset:
        for seed, label in enumerate(('mug', 'cup', 'mug')):
            dataset.add(picture(seed), label, 100 + seed, TOPIC)
    return dataset.folder


def reopened(folder):
    """Files and problems that the next process finds; afterwards there are no problems."""
    with Dataset.open(folder.parent, folder.name) as dataset:
        files, problems = [frame.file for frame in dataset.frames()], dataset.problems
        assert damaged(dataset) == []
    assert {entry['file'] for entry in manifest(folder)} == set(files)
    assert {f'{file}' for file in visible_files(folder)} == {*files, MANIFEST}
    listing = read_frames(folder)
    assert listing.problems == ()
    assert [frame.file for frame in listing.frames] == files
    return files, problems


def test_a_frame_is_a_file_and_a_manifest_line(dataset):
    image = picture()
    frame = dataset.add(image, 'Tasse für Tee', 1_700_000_000_123_456_789, TOPIC)
    assert frame.path == dataset.folder / 'Tasse für Tee' / '1700000000123456789_0.png'
    np.testing.assert_array_equal(cv2.imread(str(frame.path)), image)
    assert frame.sha256 == hashlib.sha256(frame.path.read_bytes()).hexdigest()
    assert manifest(dataset.folder) == [
        {
            'file': 'Tasse für Tee/1700000000123456789_0.png',
            'label': 'Tasse für Tee',
            'stamp': 1_700_000_000_123_456_789,
            'topic': TOPIC,
            'sha256': frame.sha256,
        }
    ]
    assert dataset.frames() == [frame]
    assert dataset.size_bytes == frame.path.stat().st_size


def test_two_frames_with_the_same_stamp(dataset):
    first, second = (dataset.add(picture(seed), 'mug', 5) for seed in range(2))
    assert first.path != second.path
    assert dataset.counts() == {'mug': 2}


def test_reopening(three):
    assert reopened(three) == (['mug/100_0.png', 'cup/101_1.png', 'mug/102_2.png'], ())
    with Dataset.open(three.parent, 'kitchen') as dataset:
        assert dataset.counts() == {'cup': 1, 'mug': 2}
        assert [frame.topic for frame in dataset.frames()] == [TOPIC] * 3
        assert dataset.add(picture(9), 'cup', 103).path.name == '103_3.png'


@pytest.mark.parametrize('label', ['', '../../etc', 'a' * 300, 'a\nb', '/tmp/x', '.', ' '])
def test_rejected_labels_leave_nothing_behind(tmp_path, dataset, label):
    before = sorted(tmp_path.rglob('*'))
    with pytest.raises(ValueError, match='cannot be the name of a label'):
        dataset.add(picture(), label, 0)
    with pytest.raises(ValueError, match='cannot be the name of a label'):
        dataset.delete(label)
    with pytest.raises(ValueError, match='cannot be the name of a dataset'):
        Dataset.open(tmp_path, label)
    assert sorted(tmp_path.rglob('*')) == before


def test_labels_that_differ_in_capitals(dataset):
    dataset.add(picture(), 'Mug', 0)
    with pytest.raises(ValueError, match='mug differs from Mug only in capitals'):
        dataset.add(picture(), 'mug', 0)
    dataset.add(picture(), 'Mug', 0)


def test_labels_are_normalised(dataset):
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
def test_invalid_frames(dataset, image, stamp_ns, reason):
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
        with pytest.raises(ValueError, match='no frames have the label mug; existing labels: cup'):
            dataset.delete('mug')
    assert reopened(three) == (['cup/101_1.png'], ())


def test_deleting_given_frames(three):
    with Dataset.open(three.parent, 'kitchen') as dataset:
        for ids, label, reason in (
            (['mug/100_0.png', 'mug/9_9.png'], '', "there is no frame 'mug/9_9.png'"),
            (['mug/100_0.png', '../kitchen/cup/101_1.png'], '', 'there is no frame'),
            (
                ['mug/100_0.png', 'cup/101_1.png'],
                'mug',
                'cup/101_1.png has another label than mug',
            ),
            (['mug/100_0.png'], '../x', 'cannot be the name of a label'),
        ):
            with pytest.raises(ValueError, match=reason):
                dataset.delete_frames(ids, label)
            assert dataset.counts() == {'cup': 1, 'mug': 2}
        # The same frame twice is one frame.
        assert dataset.delete_frames(['mug/102_2.png', 'cup/101_1.png', 'cup/101_1.png']) == 2
        assert dataset.delete_frames([]) == 0
    assert reopened(three) == (['mug/100_0.png'], ())


def test_killed_at_each_step_of_deleting_given_frames(tmp_path, killed_everywhere):
    def prepare(operations):
        with Dataset.open(tmp_path, f'n{operations}') as dataset:
            for seed, label in enumerate(('mug', 'cup', 'mug')):
                dataset.add(picture(seed), label, seed, TOPIC)
        return dataset.folder

    def delete(folder):
        with Dataset.open(folder.parent, folder.name) as dataset:
            dataset.delete_frames(['cup/1_1.png', 'mug/2_2.png'])

    seen = set()
    for folder, killed in killed_everywhere(prepare, delete):
        files, _ = reopened(folder)
        assert files[0] == 'mug/0_0.png'
        assert killed or len(files) == 1
        seen.add(len(files))
    assert seen == {1, 2, 3}


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
from nn_perception.training.datasets.labelled_frames import hash_file
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
assert dataset.frames() == stored
assert all(hash_file(frame.path) == frame.sha256 for frame in stored)
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
    out, err = (process := start(FILL, tmp_path, how, prefix=prefix)).communicate(timeout=HANGS_S)
    assert process.returncode == 0, err
    reason = {'limit': '(File too large|No space left on device)', 'tmpfs': 'No space left'}[how]
    assert re.match(
        f'the dataset kitchen cannot be written: {reason}.*the frame is not stored', out
    )


def test_a_frame_that_does_not_fit_on_the_disk(three, largest_file):
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


def test_only_one_process_writes(three):
    with Dataset.open(three.parent, 'kitchen'):
        _, err = (process := start(OPEN, three.parent)).communicate(timeout=HANGS_S)
        assert process.returncode == 1
        assert 'is already open for writing in process ' in err.splitlines()[-1]
        with pytest.raises(BlockingIOError, match='already open for writing'):
            Dataset.open(three.parent, 'kitchen')
        assert len(read_frames(three).frames) == 3  # reading is free
    Dataset.open(three.parent, 'kitchen').close()


def test_a_closed_dataset_rejects_changes(three):
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


def test_killed_at_each_step_of_storing(tmp_path, killed_everywhere):
    png = encode_png(picture(7))

    def prepare(operations):
        with Dataset.open(tmp_path, f'n{operations}') as dataset:
            dataset.add(picture(), 'mug', 1, TOPIC)
        return dataset.folder

    def store(folder):
        Dataset.open(folder.parent, folder.name).add_encoded(png, 'cup', 2, TOPIC)

    seen = set()
    for folder, killed in killed_everywhere(prepare, store):
        files, problems = reopened(folder)
        assert files in (['mug/1_0.png'], ['mug/1_0.png', 'cup/2_1.png'])
        assert killed or files[1:]
        seen.add((len(files), bool(problems)))
    # Not stored; partly written and removed; stored without a line; stored.
    assert seen == {(1, False), (1, True), (2, True), (2, False)}


def test_killed_at_each_step_of_deleting(tmp_path, killed_everywhere):
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
    frame = dataset.add(image, f'label {stamp % 3}', stamp)
    say(f'+{frame.file}')
    if stamp % 10 == 9:
        say(f'?{frame.file}')
        dataset.delete(frame.label, newest_only=True)
        say(f'-{frame.file}')
"""


def test_kill_9_while_capturing(tmp_path):
    """Frames that the process reported as stored exist; those it reported as deleted do not."""
    acknowledged, rng = {}, random.Random(0)
    for _ in range(3):
        process = start(CAPTURE, tmp_path)
        said = [process.stdout.readline() for _ in range(rng.randint(10, 40))]
        time.sleep(rng.uniform(0.0, 0.02))
        process.kill()
        rest, err = process.communicate(timeout=HANGS_S)
        assert process.returncode == -signal.SIGKILL, err
        for line in (''.join(said) + rest).splitlines():
            acknowledged[line[1:]] = line[0]
        files, _ = reopened(tmp_path / 'kitchen')
        lost = {file for file, state in acknowledged.items() if state == '+'} - set(files)
        back = {file for file, state in acknowledged.items() if state == '-'} & set(files)
        assert (lost, back) == (set(), set())
        assert len(set(files) - set(acknowledged)) <= 4  # stored, but not reported yet
    assert len(acknowledged) > 20


CHANGE = """
import sys, time
from nn_perception.training.datasets.dataset import Dataset
from nn_perception.core.imaging.image_files import encode_png
import numpy as np
dataset = Dataset.open(sys.argv[1], 'kitchen')
png = encode_png(np.zeros((8, 8, 3), np.uint8))
dataset.add_encoded(png, 'mug', 0, 'topic')
sys.stdout.write('ready\\n')
sys.stdout.flush()
for turn in range(100000):
    for stamp in range(5):
        dataset.add_encoded(png, 'cup', stamp, 'topic')
    dataset.delete('cup')
"""


def test_reading_while_another_process_writes(tmp_path):
    """A reader sees the state before or after a change, nothing in between."""
    process = start(CHANGE, tmp_path)
    try:
        assert process.stdout.readline() == 'ready\n'
        counts, end = set(), time.monotonic() + 0.8
        while time.monotonic() < end or (len(counts) < 3 and time.monotonic() < end + 30.0):
            listing = read_frames(tmp_path / 'kitchen')
            assert listing.problems == ()
            assert listing.frames[0].label == 'mug'
            assert {frame.topic for frame in listing.frames} == {'topic'}
            counts.add(len(listing.frames))
        assert process.poll() is None, process.stderr.read()
    finally:
        process.kill()
        process.communicate(timeout=HANGS_S)
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
    assert any('does not list all pictures: mug/102_2.png' in problem for problem in problems)
    assert all(problem in caplog.text for problem in problems)
    # The file name contains the stamp.
    assert manifest(three)[2]['stamp'] == 102


@pytest.mark.parametrize(
    'line',
    [b'\x00' * 80, b'{}', b'[]', b'null', b'\xff\xfe', b'{"file": 1}', b'',
     b'{"file": "mug/100_0.png", "label": "mug", "stamp": "x", "topic": "", "sha256": ""}',
     b'{"file": "../../../etc/passwd", "label": "mug", "stamp": 1, "topic": "", "sha256": ""}',
     b'{"file": "mug/100_0.png", "label": "cup", "stamp": 1, "topic": "", "sha256": ""}',
     b'{"file": "mug/\\u0000", "label": "mug", "stamp": 1, "topic": "", "sha256": ""}'],
)  # fmt: skip
def test_a_damaged_line(three, line):
    lines = (three / MANIFEST).read_bytes().splitlines(keepends=True)
    (three / MANIFEST).write_bytes(b''.join([*lines[:1], line + b'\n', *lines[1:]]))
    files, problems = reopened(three)
    assert sorted(files) == ['cup/101_1.png', 'mug/100_0.png', 'mug/102_2.png']
    assert problems


def test_a_missing_manifest(three):
    (three / MANIFEST).unlink()
    files, _ = reopened(three)
    assert sorted(files) == ['cup/101_1.png', 'mug/100_0.png', 'mug/102_2.png']


def test_a_removed_file(three):
    (three / 'mug/100_0.png').unlink()
    problem = 'the manifest of kitchen lists pictures that do not exist: mug/100_0.png'
    assert read_frames(three).problems == (problem,)
    assert reopened(three) == (['cup/101_1.png', 'mug/102_2.png'], (problem,))


def test_a_picture_that_a_person_added_or_moved(three):
    cv2.imwrite(str(three / 'cup' / 'from my phone.jpg'), picture(5))
    (three / 'mug' / '100_0.png').rename(three / 'cup' / '100_0.png')
    files, problems = reopened(three)
    assert files == ['cup/101_1.png', 'mug/102_2.png', 'cup/100_0.png', 'cup/from my phone.jpg']
    assert (
        'the manifest of kitchen does not list all pictures: cup/100_0.png and 1 more' in problems
    )


def test_leftovers_are_removed_and_other_files_stay(three):
    leftovers = [three / '.manifest.jsonl.abcd1234', three / 'mug' / '.104_3.png.x_y12345']
    others = [three / '.directory', three / 'mug' / '.DS_Store', three / 'notes.txt']
    for path in (*leftovers, *others):
        path.write_bytes(b'x')
    with Dataset.open(three.parent, 'kitchen') as dataset:
        assert dataset.problems == tuple(
            f'removed {path}, which was only partly written' for path in leftovers
        )
    assert [path.exists() for path in (*leftovers, *others)] == [False] * 2 + [True] * 3


@pytest.mark.parametrize('umask', [0o000, 0o022, 0o077])
def test_frames_are_private_whatever_the_umask(tmp_path, umask):
    """At each step: after storing, deleting and renaming, and opened again."""
    root = tmp_path / 'deep' / 'data'
    before = os.umask(umask)
    try:
        with Dataset.open(root, 'kitchen') as dataset:
            dataset.add(picture(1), 'mug', 1)
            dataset.add(picture(2), 'mug', 2)
            dataset.add(picture(3), 'plate', 3)
            dataset.delete('mug', newest_only=True)
            dataset.rename_label('plate', 'dish')
        Dataset.open(root, 'kitchen').close()
    finally:
        os.umask(before)
    found = [tmp_path / 'deep', *(tmp_path / 'deep').rglob('*')]
    assert {path.stat().st_mode & 0o777 for path in found if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in found if path.is_dir()} == {0o700}


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(OSError, match=r'file/kitchen cannot be written: Not a directory'):
        Dataset.open(tmp_path / 'file', 'kitchen')


def test_a_negative_quota(tmp_path):
    with pytest.raises(ValueError, match='0 or more bytes, got -1'):
        Dataset.open(tmp_path, 'kitchen', -1)
    assert list(Path(tmp_path).iterdir()) == []


def test_renaming_a_label(three):
    with Dataset.open(three.parent, 'kitchen') as dataset:
        sizes = dataset.size_bytes
        assert dataset.rename_label('mug', 'Becher') == 2
        assert dataset.counts() == {'Becher': 2, 'cup': 1}
        assert dataset.size_bytes == sizes
        assert [frame.topic for frame in dataset.frames()] == [TOPIC] * 3
        dataset.rename_label('cup', 'Cup')  # in capitals only
        dataset.rename_label('Cup', 'cup')
        dataset.delete('Becher', newest_only=True)
    assert reopened(three) == (['Becher/100_0.png', 'cup/101_1.png'], ())
    assert [entry['stamp'] for entry in manifest(three)] == [100, 101]


@pytest.mark.parametrize(
    ('old', 'new', 'reason'),
    [
        ('jug', 'pot', 'no frames have the label jug; existing labels: cup, mug'),
        ('mug', 'cup', 'the label cup already exists'),
        ('mug', 'mug', 'the label mug already exists'),
        ('mug', 'Cup', 'differs from cup only in capitals'),
        ('mug', 'notes', 'the label notes already exists'),
        ('mug', '../cup', 'cannot be the name of a label'),
        ('../kitchen/mug', 'pot', 'cannot be the name of a label'),
    ],
)
def test_a_label_that_cannot_be_renamed(three, old, new, reason):
    (three / 'notes').mkdir()
    before = visible_files(three)
    with Dataset.open(three.parent, 'kitchen') as dataset:
        with pytest.raises(ValueError, match=reason):
            dataset.rename_label(old, new)
        assert dataset.counts() == {'cup': 1, 'mug': 2}
    assert visible_files(three) == before


def test_killed_at_each_step_of_renaming(tmp_path, killed_everywhere):
    def prepare(operations):
        with Dataset.open(tmp_path, f'n{operations}') as dataset:
            for seed, label in enumerate(('mug', 'cup', 'mug')):
                dataset.add(picture(seed), label, seed, TOPIC)
        return dataset.folder

    seen = set()
    for folder, killed in killed_everywhere(
        prepare, lambda folder: Dataset.open(folder.parent, folder.name).rename_label('mug', 'pot')
    ):
        files, _ = reopened(folder)
        # In their order, and with what was known about them.
        assert [file.partition('/')[2] for file in files] == ['0_0.png', '1_1.png', '2_2.png']
        assert {entry['topic'] for entry in manifest(folder)} == {TOPIC}
        (label,) = {file.partition('/')[0] for file in files} - {'cup'}
        assert killed or label == 'pot'
        seen.add(label)
    assert seen == {'mug', 'pot'}


def test_reading_does_not_wait_for_the_disk(dataset, monkeypatch):
    """Counts are available while another thread waits for the disk."""
    dataset.add(picture(), 'mug', 0)
    reached, released = threading.Event(), threading.Event()

    def slow_write(path, content):
        reached.set()
        assert released.wait(30.0)

    monkeypatch.setattr(
        'nn_perception.training.datasets.dataset_files.write_atomically', slow_write
    )
    thread = threading.Thread(target=dataset.add_encoded, args=(b'png', 'cup', 1))
    thread.start()
    assert reached.wait(30.0)
    began_s = time.monotonic()
    assert dataset.counts() == {'mug': 1}
    assert dataset.size_bytes > 0
    assert time.monotonic() - began_s < 15.0
    released.set()
    thread.join(30.0)
    assert dataset.counts() == {'cup': 1, 'mug': 1}
