import json

from nn_perception.cli.main import main
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.model_store.store import ModelStore
import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path))
    return tmp_path


def test_json_lists_what_ships(capsys):
    assert main(['models', '--json']) == 0
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_name = {entry['name']: entry for entry in entries}
    lite = by_name['efficientnet_lite0']
    assert lite['origin'] == 'shipped'
    assert lite['labels'] == 1000
    assert lite['licence'] == 'Apache-2.0'
    assert lite['bytes'] > 18_000_000
    assert (lite['export'], lite['export_bytes']) == (None, 0)


def test_text_names_the_cache_folder_and_broken_files(capsys, cache):
    (cache / 'torchvision').mkdir()
    (cache / 'torchvision' / 'vgg11.safetensors').write_bytes(b'')
    assert main(['models']) == 0
    text = capsys.readouterr().out
    assert 'efficientnet_lite0 (shipped)' in text
    assert 'the file is empty' in text
    assert str(cache) in text


@pytest.fixture
def store(tmp_path):
    """A store with three versions of the model ``mugs``; the second, then the third is active."""
    checkpoint = find_checkpoint('digit_cnn').path
    store = ModelStore(tmp_path / 'models')
    for number in range(3):
        version = store.add('mugs', checkpoint, {'accuracy': 0.5 + 0.125 * number}, 'ab')
        if number:
            store.activate('mugs', version.version)
    return store


@pytest.fixture
def run(capsys, store):
    def run_verb(*words):
        status = main(['models', *words, '--json', '--store', str(store.root)])
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err

    return run_verb


def names(store):
    return [version.version for version in store.versions('mugs')]


def test_versions_newest_first(store, run, capsys):
    status, versions, _ = run('list', 'mugs')
    assert status == 0
    assert [version['version'] for version in versions] == names(store)
    assert [version['active'] for version in versions] == [True, False, False]
    assert [version['accuracy'] for version in versions] == [0.75, 0.625, 0.5]
    assert versions[0]['labels'] == [*'0123456789', 'not a digit']
    assert Checkpoint.read(versions[0]['checkpoint']).labels == tuple(versions[0]['labels'])
    assert run('list', 'store:mugs')[1] == versions
    assert main(['models', '--store', str(store.root), 'list', 'mugs']) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line == f'{names(store)[0]}: 11 labels, accuracy 75.0%, active'


def test_the_active_version_is_a_model_of_this_machine(store, run, capsys):
    assert run('list') == run()
    entry = run()[1][-1]
    assert (entry['name'], entry['origin']) == ('store:mugs', 'taught')
    assert main(['models', '--store', str(store.root)]) == 0
    assert 'store:mugs (fine-tuned)\n' in capsys.readouterr().out


def test_activate_and_roll_back(store, run):
    newest, middle, oldest = names(store)
    status, (version,), _ = run('activate', 'mugs', oldest)
    assert (status, version['version'], version['active']) == (0, oldest, True)
    assert store.active_name('mugs') == oldest
    assert run('rollback', 'mugs')[1][0]['version'] == newest
    assert run('rollback', 'mugs')[1][0]['version'] == oldest
    assert middle in names(store)


def test_prune(store, run):
    newest, middle, oldest = names(store)
    assert run('prune', 'mugs', '--keep', '1')[:2] == (0, [{'name': 'mugs', 'deleted': [oldest]}])
    assert names(store) == [newest, middle]  # the previously active one stays
    assert run('prune', 'mugs', '--keep', '1')[1] == [{'name': 'mugs', 'deleted': []}]


@pytest.mark.parametrize(
    ('words', 'reason'),
    [
        (['list', 'Mugs'], "has no model 'Mugs'; its models are: mugs"),
        (['activate', 'mugs', 'active'], "mugs has no version 'active'; its versions are: 20"),
        (['activate', '../models/mugs', 'x'], 'has no model'),
        (['rollback', 'mug'], "has no model 'mug'"),
        (['prune', 'mug', '--keep', '1'], "has no model 'mug'"),
    ],
)
def test_errors_change_nothing(store, run, words, reason):
    before = names(store), store.active_name('mugs'), sorted(store.root.iterdir())
    status, lines, err = run(*words)
    assert (status, lines) == (2, [])
    assert reason in err
    assert err.startswith(f'nn_perception models {words[0]}: ')
    assert (names(store), store.active_name('mugs'), sorted(store.root.iterdir())) == before


def test_a_first_version_cannot_be_rolled_back(store, run):
    only = store.add('cups', find_checkpoint('digit_cnn').path, {}, 'ab')
    store.activate('cups', only.version)
    status, _, err = run('rollback', 'cups')
    assert status == 2
    assert 'cups has no previously active version' in err


@pytest.mark.parametrize(
    'words', [['prune', 'mugs'], ['prune', 'mugs', '--keep', '0'], ['prune'], ['activate', 'mugs']]
)
def test_usage_errors(store, words):
    with pytest.raises(SystemExit) as caught:
        main(['models', *words])
    assert caught.value.code == 2
    assert len(names(store)) == 3
