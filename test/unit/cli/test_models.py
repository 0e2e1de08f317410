import json

from nn_perception import __version__
from nn_perception.cli import progress as progress_module
from nn_perception.cli.main import main
from nn_perception.cli.progress import progress
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


def test_version_and_missing_verb(capsys):
    with pytest.raises(SystemExit) as caught:
        main(['--version'])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f'nn_perception {__version__}\n'
    for words in ([], ['paint']):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2


@pytest.mark.parametrize(
    ('count', 'errors_tty', 'output_tty', 'shown'),
    [(50, True, False, True), (50, False, False, False), (50, True, True, False),
     (3, True, False, False)],
)  # fmt: skip
def test_progress_only_for_many_on_a_terminal(
    monkeypatch, capsys, count, errors_tty, output_tty, shown
):
    monkeypatch.setattr(progress_module.sys.stderr, 'isatty', lambda: errors_tty, raising=False)
    monkeypatch.setattr(progress_module.sys.stdout, 'isatty', lambda: output_tty, raising=False)
    assert list(progress(range(count))) == list(range(count))
    captured = capsys.readouterr()
    assert (f'of {count}' in captured.err) == shown
    assert captured.out == ''
