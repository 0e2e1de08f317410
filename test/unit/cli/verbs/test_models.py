import json

from nn_perception.cli.main import main
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
