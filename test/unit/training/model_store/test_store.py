"""Versions of models: complete or absent, one active, for any number of processes."""

import calendar
import json
import logging
import math
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time

from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.subprocess import PACKAGE_ROOT
from nn_perception.training.model_store import store as store_module
from nn_perception.training.model_store import version as version_module
from nn_perception.training.model_store.store import ModelStore
import numpy as np
from patience import HANGS_S
import pytest

PREPROCESSING = Preprocessing(8, 0.5, 'cubic', (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
HASH = 'ab' * 32


def checkpoint_of(path, labels=('cup', 'mug'), value=0.0):
    write_checkpoint(
        path,
        {'head.bias': np.full(len(labels), value, np.float32)},
        CheckpointMetadata(
            network='test',
            labels=labels,
            preprocessing=PREPROCESSING,
            version='1',
        ),
    )
    return path.read_bytes()


@pytest.fixture
def content(tmp_path):
    return checkpoint_of(tmp_path / 'given.safetensors')


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / 'store')


@pytest.fixture
def three(store, content):
    """A store with three versions; the second and then the third was activated."""
    versions = [store.add('kitchen', content, {'accuracy': a}, HASH) for a in (0.7, 0.8, 0.9)]
    for version in versions[1:]:
        store.activate('kitchen', version.version)
    return [version.version for version in versions]


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, '-c', code, *map(str, arguments)],
        cwd=PACKAGE_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def names_in(store):
    """The names of the versions, oldest first."""
    return [version.version for version in reversed(store.versions('kitchen'))]


def copy_of(store, number):
    root = store.root.with_name(f'copy{number}')
    return ModelStore(shutil.copytree(store.root, root, symlinks=True))


def test_an_empty_store(store):
    assert store.names() == []
    assert store.versions('kitchen') == []
    assert store.active('kitchen') is None
    assert store.active_name('kitchen') is None
    assert store.previous('kitchen') is None
    assert store.prune('kitchen', 1) == []
    assert not store.root.exists()  # reading changes nothing


def test_add(store, content):
    before_ns = time.time_ns()
    report = {'accuracy': 0.875, 'confusion': [[1, 2], [3, 4]], 'note': 'é'}
    added = store.add('kitchen', content, report, HASH)
    assert (added.name, added.labels, added.accuracy) == ('kitchen', ('cup', 'mug'), 0.875)
    assert (added.manifest_sha256, added.active) == (HASH, False)
    assert before_ns <= added.trained_at_ns <= time.time_ns()
    assert added.folder == store.root / 'kitchen' / added.version
    assert added.checkpoint.read_bytes() == content
    assert added.report() == report
    assert json.loads((added.folder / 'report.json').read_text()) == report
    assert added.version[-7:] == f'-{Checkpoint.read(added.checkpoint).sha256[:6]}'
    said_s = calendar.timegm(time.strptime(added.version[:-7], '%Y%m%dT%H%M%S'))
    assert said_s == added.trained_at_ns // 10**9
    assert store.versions('kitchen') == [added]
    assert store.names() == ['kitchen']
    assert store.active('kitchen') is None


def test_a_checkpoint_given_as_a_file(store, tmp_path, content):
    added = store.add('kitchen', tmp_path / 'given.safetensors', {}, HASH)
    assert added.checkpoint.read_bytes() == content
    assert added.accuracy is None
    with pytest.raises(FileNotFoundError, match=r'none.safetensors cannot be read: No such file'):
        store.add('kitchen', tmp_path / 'none.safetensors', {}, HASH)


def test_versions_sort_by_time_although_the_clock_jumps_back(store, content, monkeypatch):
    times = iter([2000, 2000, 1000, 3000])
    monkeypatch.setattr(version_module.time, 'time_ns', lambda: next(times) * 10**9)
    added = [store.add('kitchen', content, {}, HASH) for _ in range(4)]
    assert store.versions('kitchen') == added[::-1]
    stamps = [version.version[:15] for version in added]
    assert stamps == ['19700101T003320', '19700101T003321', '19700101T003322', '19700101T005000']
    assert added[2].trained_at_ns == 1000 * 10**9


@pytest.mark.parametrize('name', ['', '../../etc', 'a' * 300, 'a\nb', 'my mugs', '.hidden', '/'])
def test_rejected_names(store, content, name):
    with pytest.raises(ValueError, match='cannot be the name of a model'):
        store.add(name, content, {}, HASH)
    for ask in (store.versions, store.active, store.previous, store.roll_back):
        with pytest.raises(ValueError, match='cannot be the name of a model'):
            ask(name)
    assert not store.root.exists()


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (pickle.dumps({'weight': 1}), 'it is a pickle'),
        (b'PK\x03\x04' + bytes(100), 'it is a pickle'),  # what torch.save writes
        (b'', 'the file is empty'),
        (b'hello', 'it is not a safetensors file'),
    ],
)
def test_files_that_are_not_checkpoints_are_rejected(store, content, reason):
    with pytest.raises(ValueError, match=f'the checkpoint was rejected: .*{reason}') as caught:
        store.add('kitchen', content, {}, HASH)
    assert '.tmp-' not in str(caught.value)
    assert store.names() == []
    assert [path.name for path in (store.root / 'kitchen').iterdir()] == ['.lock']


def test_weights_that_are_not_finite_are_rejected(store, tmp_path):
    content = checkpoint_of(tmp_path / 'nan.safetensors', value=math.nan)
    with pytest.raises(ValueError, match=r'rejected: it .* head\.bias holds values that are not'):
        store.add('kitchen', content, {}, HASH)
    assert store.versions('kitchen') == []


@pytest.mark.parametrize(
    ('report', 'reason'),
    [
        ({'accuracy': 1.5}, r'must be in \[0, 1\], got 1.5'),
        ({'accuracy': '0.5'}, r"must be in \[0, 1\], got '0.5'"),
        ({'accuracy': math.nan}, r'must be in \[0, 1\], got nan'),
        ({'loss': math.inf}, 'the report is not JSON'),
        ({'confusion': np.zeros(2)}, 'the report is not JSON'),
    ],
)
def test_rejected_reports(store, content, report, reason):
    with pytest.raises(ValueError, match=reason):
        store.add('kitchen', content, report, HASH)
    assert [path.name for path in (store.root / 'kitchen').iterdir()] == ['.lock']


def test_a_report_may_name_files_that_are_no_text(store, content):
    odd = os.fsdecode(b'caf\xe9.jpg')
    added = store.add('kitchen', content, {'warnings': [odd]}, '0' * 64)
    assert store.activate('kitchen', added.version).report()['warnings'] == [odd]


def test_activate_and_roll_back(store, three):
    assert store.active('kitchen').version == store.active_name('kitchen') == three[2]
    assert [version.active for version in store.versions('kitchen')] == [True, False, False]
    assert store.previous('kitchen') == three[1]
    assert store.roll_back('kitchen').version == three[1]
    assert store.active('kitchen').version == three[1]
    assert store.roll_back('kitchen').version == three[2]
    # The first version was never active; the previously active one is the third.
    assert store.activate('kitchen', three[0]).active
    assert store.roll_back('kitchen').version == three[2]


def test_activating_the_active_one_keeps_the_way_back(store, three):
    store.activate('kitchen', three[2])
    assert store.previous('kitchen') == three[1]


def test_rolling_back_the_first_one(store, content):
    with pytest.raises(ValueError, match='kitchen has no previously active version'):
        store.roll_back('kitchen')
    store.activate('kitchen', store.add('kitchen', content, {}, HASH).version)
    with pytest.raises(ValueError, match='kitchen has no previously active version'):
        store.roll_back('kitchen')


@pytest.mark.parametrize(
    'version', ['', 'active', '../kitchen', '20260712T101530-1a2b3c', '.lock']
)
def test_activating_an_unknown_version(store, three, version):
    with pytest.raises(
        ValueError, match=r'kitchen has no version .*its versions are: 20'
    ) as caught:
        store.activate('kitchen', version)
    assert all(known in str(caught.value) for known in three)
    assert store.active_name('kitchen') == three[2]


def test_the_link_is_readable_by_other_tools(store, three):
    link = store.root / 'kitchen' / 'active'
    assert os.readlink(link) == three[2]
    assert Checkpoint.read(link / 'checkpoint.safetensors').labels == ('cup', 'mug')
    moved = store.root.rename(store.root.with_name('elsewhere'))
    assert ModelStore(moved).active('kitchen').version == three[2]


def test_prune(store, three, content):
    newest = store.add('kitchen', content, {}, HASH).version
    store.activate('kitchen', three[0])  # before it: the third
    assert store.prune('kitchen', 1) == [three[1]]
    assert names_in(store) == [three[0], three[2], newest]
    assert store.prune('kitchen', 1) == []
    assert store.roll_back('kitchen').version == three[2]
    with pytest.raises(ValueError, match='at least 1 version must be kept, got 0'):
        store.prune('kitchen', 0)


def test_prune_keeps_the_newest(store, content):
    added = [store.add('kitchen', content, {}, HASH).version for _ in range(5)]
    assert store.prune('kitchen', 2) == added[:3]
    assert names_in(store) == added[3:]


def damage_checkpoint(folder):
    path = folder / 'checkpoint.safetensors'
    path.write_bytes(path.read_bytes()[:-3])


def replace_checkpoint(folder):
    checkpoint_of(folder / 'checkpoint.safetensors', value=3.0)


def change_origin(folder, key, text):
    """Replace a value by text that need not be a value."""
    path = folder / 'origin.json'
    path.write_text(re.sub(rf'"{key}": [^,\n]*', f'"{key}": {text}', path.read_text()))


def replace_by_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ('damage', 'reason'),
    [
        (damage_checkpoint, 'it is truncated'),
        (replace_checkpoint, 'its checkpoint has changed since it was stored'),
        (lambda folder: (folder / 'checkpoint.safetensors').unlink(), 'No such file'),
        (lambda folder: (folder / 'origin.json').unlink(), 'No such file'),
        (lambda folder: (folder / 'origin.json').write_text('{"trained_at": '), 'Expecting'),
        (lambda folder: (folder / 'origin.json').write_text('{}'), 'checkpoint_sha256'),
        (lambda folder: change_origin(folder, 'trained_at', '1e999'), 'not a finite number'),
        (lambda folder: change_origin(folder, 'trained_at', '9' * 400), 'more than 64 bits'),
        (lambda folder: change_origin(folder, 'trained_at', '-1'), 'the time of its training'),
        (lambda folder: change_origin(folder, 'trained_at', str(2**62)), 'the time of its train'),
        (lambda folder: change_origin(folder, 'accuracy', '-Infinity'), 'not a finite number'),
        (lambda folder: (folder / 'origin.json').write_text('[' * 99_999), 'nested too deeply'),
        (
            lambda folder: (folder / 'report.json').write_text('{"a": 1e999}'),
            'not a finite number',
        ),
        (lambda folder: replace_by_a_pipe(folder / 'origin.json'), 'not a regular file'),
        (lambda folder: replace_by_a_pipe(folder / 'report.json'), 'not a regular file'),
        (
            lambda folder: (folder / 'report.json').write_text('[]'),
            'does not contain a JSON object',
        ),
        (lambda folder: [shutil.rmtree(folder), folder.write_text('')], 'Not a directory'),
    ],
)
def test_a_damaged_version_is_skipped_with_a_sentence(store, three, caplog, damage, reason):
    damage(store.root / 'kitchen' / three[2])
    with caplog.at_level(logging.WARNING):
        assert names_in(store) == three[:2]
    assert f'version {three[2]} of kitchen is damaged: ' in caplog.text
    assert reason in caplog.text
    with pytest.raises(ValueError, match=f'version {three[2]} of kitchen is damaged'):
        store.active('kitchen')
    with pytest.raises(ValueError, match='is damaged'):
        store.activate('kitchen', three[2])
    store.activate('kitchen', three[0])
    assert store.active('kitchen').version == three[0]


@pytest.mark.parametrize(
    ('make', 'reason'),
    [
        (lambda link: link.symlink_to('/etc'), "but to '/etc'"),
        (lambda link: link.symlink_to('../../x'), r"but to '\.\./\.\./x'"),
        (lambda link: link.write_text('x'), 'Invalid argument'),
    ],
)
def test_a_link_that_somebody_made(store, three, make, reason):
    link = store.root / 'kitchen' / 'active'
    link.unlink()
    make(link)
    with pytest.raises(ValueError, match=f'active is not a link to a version.*{reason}'):
        store.active('kitchen')
    assert [version.active for version in store.versions('kitchen')] == [False] * 3
    store.activate('kitchen', three[0])
    assert store.active('kitchen').version == three[0]


def test_other_folders_are_not_models(store, three):
    (store.root / 'lost+found').mkdir()
    (store.root / 'notes').mkdir()
    (store.root / 'file').write_text('')
    (store.root / 'kitchen' / 'old stuff').mkdir()
    assert store.names() == ['kitchen']
    assert names_in(store) == three


def test_a_full_disk(store, three, tmp_path, largest_file):
    large = checkpoint_of(tmp_path / 'large.safetensors', labels=[f'l{i}' for i in range(500)])
    before = sorted(store.root.rglob('*'))
    reason = 'cannot be changed: File too large; its versions are intact'
    with largest_file(2000), pytest.raises(OSError, match=reason):
        store.add('kitchen', large, {}, HASH)
    assert sorted(store.root.rglob('*')) == before
    assert store.active('kitchen').version == three[2]
    assert len(store.add('kitchen', large, {}, HASH).labels) == 500


def test_killed_at_each_step_of_adding(tmp_path, content, killed_everywhere, caplog):
    first = ModelStore(tmp_path / 'first')
    first.activate('kitchen', first.add('kitchen', content, {}, HASH).version)

    seen = set()
    for store, killed in killed_everywhere(
        lambda operations: copy_of(first, operations),
        lambda store: store.add('kitchen', content, {}, HASH),
    ):
        found = store.versions('kitchen')
        assert len(found) in (1, 2)
        assert killed or len(found) == 2
        assert store.active('kitchen') == found[-1]
        hidden = list((store.root / 'kitchen').glob('.tmp-*'))
        seen.add((len(found), bool(hidden)))
        store.add('kitchen', content, {}, HASH)
        assert not list((store.root / 'kitchen').glob('.tmp-*'))
        assert all(
            f'removing {path}, which was only partly written' in caplog.text for path in hidden
        )
    assert seen == {(1, False), (1, True), (2, False)}


def test_killed_at_each_step_of_activating(tmp_path, content, killed_everywhere):
    first = ModelStore(tmp_path / 'first')
    versions = [first.add('kitchen', content, {}, HASH).version for _ in range(3)]
    first.activate('kitchen', versions[0])
    first.activate('kitchen', versions[1])

    seen = set()
    for store, killed in killed_everywhere(
        lambda operations: copy_of(first, operations),
        lambda store: store.activate('kitchen', versions[2]),
    ):
        assert names_in(store) == versions
        state = store.active('kitchen').version, store.previous('kitchen')
        assert state in ((versions[1], versions[0]), (versions[2], versions[1]))
        assert killed or state[0] == versions[2]
        seen.add(state[0] == versions[2])
        assert store.activate('kitchen', versions[0]).active
    assert seen == {False, True}


def test_killed_at_each_step_of_pruning(tmp_path, content, killed_everywhere):
    first = ModelStore(tmp_path / 'first')
    versions = [first.add('kitchen', content, {}, HASH).version for _ in range(3)]
    first.activate('kitchen', versions[1])

    seen = set()
    for store, _ in killed_everywhere(
        lambda operations: copy_of(first, operations), lambda store: store.prune('kitchen', 1)
    ):
        found = names_in(store)
        assert found in (versions, versions[1:])
        seen.add(len(found))
        assert store.active('kitchen').version == versions[1]
        store.prune('kitchen', 1)
        assert names_in(store) == versions[1:]
        assert not list((store.root / 'kitchen').glob('.tmp-*'))
    assert seen == {2, 3}


def test_the_active_version_is_replaced_and_pruned_while_it_is_read(store, three, monkeypatch):
    store.activate('kitchen', three[0])
    read = store_module.read_version

    def read_too_late(folder, version, **options):
        monkeypatch.undo()
        for other in three[1:]:
            store.activate('kitchen', other)
        assert three[0] in store.prune('kitchen', 1)
        return read(folder, version, **options)

    monkeypatch.setattr(store_module, 'read_version', read_too_late)
    assert store.active('kitchen').version == three[2]


def test_all_versions_are_replaced_while_they_are_listed(store, three, content, monkeypatch):
    names = store_module.version_names

    def list_too_early(folder):
        monkeypatch.undo()
        listed = names(folder)
        added = store.add('kitchen', content, {'accuracy': 0.9}, HASH)
        store.activate('kitchen', added.version)
        for version in listed:
            shutil.rmtree(folder / version)
        return listed

    monkeypatch.setattr(store_module, 'version_names', list_too_early)
    (version,) = store.versions('kitchen')
    assert version.version not in three
    assert version.active


SWITCH = """
import sys
from nn_perception.training.model_store.store import ModelStore
store, path = ModelStore(sys.argv[1]), sys.argv[2]
sys.stdout.write('ready\\n')
sys.stdout.flush()
for turn in range(1_000_000):
    added = store.add('kitchen', path, {'accuracy': 0.5}, 'x')
    store.activate('kitchen', added.version)
    store.prune('kitchen', 2)
"""


def test_two_processes_at_once_and_kill_9(store, three, tmp_path, caplog):
    """While one adds, activates and prunes, the other always finds an intact active version."""
    process = start(SWITCH, store.root, tmp_path / 'given.safetensors')
    try:
        assert process.stdout.readline() == 'ready\n'
        seen, end = set(), time.monotonic() + 0.8
        while time.monotonic() < end or (len(seen) < 3 and time.monotonic() < end + 30.0):
            active = store.active('kitchen')
            seen.add(active.version)
            assert active.active
            assert store.versions('kitchen')
        assert process.poll() is None, process.stderr.read()
    finally:
        process.kill()
        process.communicate(timeout=HANGS_S)
    assert process.returncode == -signal.SIGKILL
    assert len(seen) >= 3
    assert max(seen) <= store.active_name('kitchen')
    assert 'is damaged' not in caplog.text
    assert store.active('kitchen').active
    assert 1 <= len(store.versions('kitchen')) <= 4
