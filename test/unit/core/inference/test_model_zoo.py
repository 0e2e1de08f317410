"""
Models by name; torchvision models get random weights in place of the published file.

No file has the hash of a published one: the tests that need one skip the comparison.
"""

import os
from pathlib import Path
import pickle
import shutil

from nn_perception.core.files.folders import WEIGHTS_FOLDER
from nn_perception.core.inference import model_zoo, torchvision_checkpoint
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import (
    find_checkpoint,
    list_models,
    unknown_model,
)
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.subprocess import SubprocessError
import numpy as np
import pytest

NAME = 'squeezenet1_1'
FILE = 'squeezenet1_1-b8a52dc0.pth'
NO_NETWORK = {'https_proxy': 'http://127.0.0.1:9', 'http_proxy': 'http://127.0.0.1:9'}


@pytest.fixture(scope='module')
def torch_home(tmp_path_factory):
    """Create random weights in the download folder of torch hub."""
    torch = pytest.importorskip('torch')
    torchvision = pytest.importorskip('torchvision')
    folder = tmp_path_factory.mktemp('torch') / 'hub' / 'checkpoints'
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    network = torchvision.models.get_model(NAME, weights=None)
    torch.save(network.state_dict(), folder / FILE)
    return folder.parents[1]


def create_here(module, words, folder):
    """Stand in for the subprocess, without comparing hashes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torchvision_checkpoint, 'check_published', lambda file: None)
        patch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '0')  # so that it is restored
        torchvision_checkpoint.create_checkpoint(words[0], Path(words[1]))
    return ''


@pytest.fixture(scope='module')
def created(torch_home, tmp_path_factory):
    """Create the checkpoint once; return cache folder and checkpoint."""
    cache = tmp_path_factory.mktemp('cache')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('TORCH_HOME', str(torch_home))
        patch.setenv('NN_PERCEPTION_CACHE', str(cache))
        patch.setattr(model_zoo, 'run_subprocess', create_here)
        return cache, find_checkpoint(NAME)


def test_a_torchvision_checkpoint_is_complete(created):
    checkpoint = created[1]
    assert checkpoint.network == f'torchvision:{NAME}'
    assert len(checkpoint.labels) == 1000
    assert checkpoint.labels[0] == 'tench'
    assert checkpoint.version == 'SqueezeNet1_1_Weights.IMAGENET1K_V1'
    assert checkpoint.preprocessing.size == 224
    assert checkpoint.preprocessing.crop == pytest.approx(224 / 256)
    np.testing.assert_allclose(checkpoint.preprocessing.mean, [123.675, 116.28, 103.53])
    np.testing.assert_allclose(checkpoint.preprocessing.std, [58.395, 57.12, 57.375])


class Pickled:
    """Runs code when it is loaded."""

    def __reduce__(self):
        return os.mkdir, (os.environ['TRACE'],)


@pytest.mark.parametrize('content', ['weights', 'code', 'nothing'])
def test_weights_with_another_hash_are_refused_before_they_are_loaded(
    torch_home, tmp_path, monkeypatch, content
):
    """``Pickled`` would also run in a torch with a hole."""
    import torch

    monkeypatch.setattr(torch, 'load', lambda *_, **__: pytest.fail('it was loaded'))
    monkeypatch.setenv('TRACE', str(tmp_path / 'trace'))
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '0')  # so that it is restored
    file = tmp_path / 'hub' / 'checkpoints' / FILE
    file.parent.mkdir(parents=True)
    if content == 'weights':
        shutil.copy(torch_home / 'hub' / 'checkpoints' / FILE, file)
    else:
        file.write_bytes(pickle.dumps(Pickled()) if content == 'code' else b'')
    out = tmp_path / 'out.safetensors'
    with pytest.raises(ValueError, match=rf'{file} are not usable: they differ from the publ'):
        torchvision_checkpoint.create_checkpoint(NAME, out)
    assert not (tmp_path / 'trace').exists()
    assert not out.exists()


@pytest.mark.parametrize('code', [None, b'', b'0' * 32, b'\xff'])
def test_a_planted_checkpoint_is_never_used(created, tmp_path, monkeypatch, caplog, code):
    """Whoever can put a file into the cache cannot choose what a network answers."""
    checkpoint = created[1]
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    planted = tmp_path / 'cache' / 'torchvision' / f'{NAME}.safetensors'
    planted.parent.mkdir(parents=True)
    shutil.copy(find_checkpoint('digit_cnn').path, planted)
    if code is not None:
        planted.with_suffix('.hmac').write_bytes(code)
    monkeypatch.setattr(
        model_zoo,
        'run_subprocess',
        lambda module, words, folder: shutil.copy(checkpoint.path, words[1]),
    )
    assert find_checkpoint(NAME).sha256 == checkpoint.sha256
    if code is not None:
        assert 'was not created here' in caplog.text
    monkeypatch.setattr(model_zoo, 'run_subprocess', lambda *_: pytest.fail('created again'))
    assert find_checkpoint(NAME).sha256 == checkpoint.sha256


def test_the_code_of_another_name_does_not_match(created, tmp_path, monkeypatch, caplog):
    shutil.copytree(created[0], tmp_path / 'cache')
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(model_zoo, 'run_subprocess', create_here)
    for suffix in ('.safetensors', '.hmac'):
        file = tmp_path / 'cache' / 'torchvision' / f'{NAME}{suffix}'
        file.rename(file.with_name(f'resnet18{suffix}'))
    monkeypatch.setattr(model_zoo, '_create', lambda name, path: pytest.skip('as it should'))
    with pytest.raises(pytest.skip.Exception):
        find_checkpoint('resnet18')
    assert 'was not created here' in caplog.text


def test_a_cache_that_others_can_write_is_refused(created, tmp_path, monkeypatch):
    shutil.copytree(created[0], tmp_path / 'cache')
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'cache'))
    (tmp_path / 'cache' / 'torchvision').chmod(0o777)
    with pytest.raises(OSError, match=r'others can write .* by you only'):
        find_checkpoint(NAME)


def test_what_a_killed_process_left_is_removed(created, tmp_path, monkeypatch):
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path))
    monkeypatch.setattr(
        model_zoo,
        'run_subprocess',
        lambda module, words, folder: shutil.copy(created[1].path, words[1]),
    )
    for name in (NAME, 'resnet18'):
        (tmp_path / 'torchvision' / f'.create-{name}-abc').mkdir(parents=True)
    find_checkpoint(NAME)
    left = [path.name for path in (tmp_path / 'torchvision').glob('.create-*')]
    assert left == ['.create-resnet18-abc']


@pytest.mark.parametrize('name', ['mnasnet0_5', 'googlenet'])
def test_special_networks(name, tmp_path, monkeypatch):
    torch = pytest.importorskip('torch')
    models_of = pytest.importorskip('torchvision').models
    weights = models_of.get_model_weights(name).DEFAULT
    options = {'init_weights': False} if name == 'googlenet' else {}
    folder = tmp_path / 'hub' / 'checkpoints'
    folder.mkdir(parents=True)
    random = models_of.get_model(name, weights=None, **options)
    torch.save(random.state_dict(), folder / weights.url.rsplit('/', 1)[1])
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    create_here('', [name, str(tmp_path / 'out.safetensors')], tmp_path)
    network = load_network(Checkpoint.read(tmp_path / 'out.safetensors'))
    expected = models_of.get_model(name, weights=weights).eval()
    batch = torch.rand(1, 3, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(network(batch), expected(batch))


def test_a_cached_checkpoint_needs_neither_torch_nor_its_weights(created, monkeypatch):
    cache, checkpoint = created
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(cache))
    monkeypatch.setattr(
        model_zoo, 'run_subprocess', lambda *_: pytest.fail('a subprocess was started')
    )
    assert find_checkpoint(NAME) == checkpoint
    assert find_checkpoint(f'torchvision:{NAME}') == checkpoint


def test_the_logits_are_those_of_torchvision(created, torch_home, monkeypatch):
    """Torchvision resizes with another filter: 2 % of the standard deviation are allowed."""
    from PIL import Image
    import torch
    import torchvision

    monkeypatch.setenv('TORCH_HOME', str(torch_home))
    weights = torchvision.models.get_model_weights(NAME).DEFAULT
    network = torchvision.models.get_model(NAME, weights=weights).eval()
    rows, columns = np.mgrid[0:480, 0:640].astype(float)
    waves = [128 + 100 * np.sin(rows / (20 + 9 * i) + columns / (50 - 7 * i)) for i in range(3)]
    rgb = np.stack(waves, axis=-1).astype(np.uint8)
    checkpoint = created[1]
    engine = LoadedModel.open(checkpoint, RunOptions(engine='torch', device='cpu')).engine
    found = engine(checkpoint.preprocessing([rgb[..., ::-1]]))[0]
    with torch.inference_mode():
        expected = network(weights.transforms()(Image.fromarray(rgb))[None])[0].numpy()
    assert np.abs(found - expected).max() < 0.02 * expected.std()


def test_a_damaged_checkpoint_is_replaced(created, tmp_path, monkeypatch, caplog):
    content = created[1].path.read_bytes()
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path))
    monkeypatch.setattr(
        model_zoo,
        'run_subprocess',
        lambda module, words, folder: Path(words[1]).write_bytes(content) and '',
    )
    damaged = tmp_path / 'torchvision' / f'{NAME}.safetensors'
    damaged.parent.mkdir()
    damaged.write_bytes(content[:5000])
    assert find_checkpoint(NAME).sha256 == created[1].sha256
    assert 'it is created again' in caplog.text


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (None, f'put the file {FILE} from https://'),
        (b'not weights', 'are not usable'),
        (pickle.dumps(os.system), 'are not usable'),
    ],
    ids=['offline', 'damaged', 'code'],
)
def test_unavailable_weights(tmp_path, monkeypatch, capsys, content, reason):
    pytest.importorskip('torchvision')
    folder = tmp_path / 'hub' / 'checkpoints'
    folder.mkdir(parents=True)
    if content is not None:
        (folder / FILE).write_bytes(content)
    for key, value in NO_NETWORK.items():
        monkeypatch.setenv(key, value)
    # It keeps the proxies of its first use, which later tests of this process must not see.
    monkeypatch.setattr('urllib.request._opener', None)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '0')  # so that it is restored
    out = tmp_path / 'out.safetensors'
    assert torchvision_checkpoint.main([NAME, str(out)]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert reason in error
    assert str(folder) in error
    assert not out.exists()


def test_the_error_of_a_subprocess_is_raised(tmp_path, monkeypatch):
    def fail(module, words, folder):
        raise SubprocessError('the weights cannot be downloaded', 1)

    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path))
    monkeypatch.setattr(model_zoo, 'run_subprocess', fail)
    with pytest.raises(OSError, match=r'^the weights cannot be downloaded$'):
        find_checkpoint(NAME)


def test_a_cache_that_is_not_writable(tmp_path, monkeypatch):
    (tmp_path / 'file').write_bytes(b'in the way')
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path / 'file' / 'cache'))
    with pytest.raises(OSError, match='set NN_PERCEPTION_CACHE to a folder'):
        find_checkpoint(NAME)


def test_names_are_known_without_importing_torchvision():
    torchvision = pytest.importorskip('torchvision')
    known = torchvision.models.list_models(module=torchvision.models)
    assert model_zoo.torchvision_names() == sorted(known)


def test_an_unknown_name_suggests_similar_names():
    known = ['resnet18', 'resnet50', 'vgg16']
    assert 'did you mean resnet50' in unknown_model('resnet5O', known)
    assert 'did you mean' not in unknown_model('zzz', known)
    assert 'nn_perception models' in unknown_model('zzz', known)


@pytest.mark.parametrize('name', ['a b', '../x y', 'store:', 'x' * 65, '', 'torchvision:a-b'])
def test_an_invalid_name_starts_no_subprocess(name, monkeypatch, tmp_path):
    monkeypatch.setattr(
        model_zoo, 'run_subprocess', lambda *_: pytest.fail('a subprocess was started')
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ValueError, OSError)):
        find_checkpoint(name)


def test_a_path_is_read_as_a_checkpoint(tmp_path, monkeypatch):
    shipped = find_checkpoint('efficientnet_lite0')
    copy = tmp_path / 'mine.safetensors'
    copy.write_bytes(shipped.path.read_bytes())
    assert find_checkpoint(str(copy)).sha256 == shipped.sha256
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint('mine.safetensors').path == copy
    with pytest.raises(FileNotFoundError, match='cannot be read'):
        find_checkpoint('other.safetensors')


@pytest.mark.parametrize('name', ['digit_cnn', NAME, f'torchvision:{NAME}'])
def test_a_file_with_the_name_of_a_model_is_not_meant(created, tmp_path, monkeypatch, name):
    """In the folder where a node is started."""
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(created[0]))
    monkeypatch.chdir(tmp_path)
    shutil.copy(find_checkpoint('efficientnet_lite0').path, name)
    assert not model_zoo.is_path(name)
    assert find_checkpoint(name).network in ('digit_cnn', f'torchvision:{NAME}')
    shutil.copy(name, 'mine')
    assert find_checkpoint('mine').network == 'efficientnet_lite0'


def test_the_list_shows_shipped_cached_and_damaged_models(created, monkeypatch):
    cache, checkpoint = created
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(cache))
    broken = cache / 'torchvision' / 'alexnet.safetensors'
    broken.write_bytes(b'broken')
    entries = {entry.name: entry for entry in list_models()}
    broken.unlink()
    assert entries['efficientnet_lite0'].origin == 'shipped'
    assert entries['efficientnet_lite0'].licence == 'Apache-2.0'
    assert entries['efficientnet_lite0'].labels == 1000
    assert entries[NAME].origin == 'torchvision'
    assert entries[NAME].size_bytes == checkpoint.path.stat().st_size
    assert 'not a usable checkpoint' in entries['alexnet'].error


def test_every_shipped_checkpoint_has_a_licence_and_a_source():
    for path in WEIGHTS_FOLDER.glob('*.safetensors'):
        checkpoint = find_checkpoint(path.stem)
        assert checkpoint.licence
        assert checkpoint.source
        assert checkpoint.sha256 in (WEIGHTS_FOLDER / 'README.md').read_text(encoding='utf-8')


def test_an_unknown_model_is_rejected_at_once(monkeypatch):
    pytest.importorskip('torchvision')
    monkeypatch.setattr(
        model_zoo, 'run_subprocess', lambda *_: pytest.fail('a subprocess was started')
    )
    with pytest.raises(ValueError, match="unknown model 'resnet5O': did you mean resnet50"):
        find_checkpoint('resnet5O')


def test_an_unknown_model_without_torchvision(monkeypatch):
    monkeypatch.setattr(model_zoo, 'torchvision_names', list)
    with pytest.raises(ValueError, match=r"'resnet50'.*torchvision, which is missing"):
        find_checkpoint('resnet50')
