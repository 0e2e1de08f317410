from dataclasses import replace
from pathlib import Path
import shlex

from nn_perception.studio.train.details.use_it import checkpoint_path, commands, proposed_name
import pytest
from small_runs import SETTINGS


def test_checkpoints_are_written_into_the_data_folder(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv('NN_PERCEPTION_DATA', str(tmp_path))
    assert checkpoint_path(' my net ') == tmp_path / 'checkpoints' / 'my net.safetensors'


@pytest.mark.parametrize('name', ['', '../x', 'a/b', '.hidden', 'con', '-rf', 'x' * 65, 'a\nb'])
def test_names_are_checked(name: str) -> None:
    with pytest.raises(ValueError, match='cannot be the name of a checkpoint'):
        checkpoint_path(name)


@pytest.mark.parametrize('title', ['LeNet-5, SGD with momentum', '', '../..', 'ä' * 80])
def test_the_proposed_name_is_accepted(title: str) -> None:
    checkpoint_path(proposed_name(replace(SETTINGS, title=title)))


@pytest.mark.parametrize(
    ('data', 'node', 'verb'),
    [
        ('mnist', 'digit_reader', 'digits'),
        ('generated_digits', 'digit_reader', 'digits'),
        ('fashion_mnist', 'tagger', 'tag'),
        ('dataset:screws', 'tagger', 'tag'),
    ],
)
def test_the_commands_survive_a_shell(data: str, node: str, verb: str) -> None:
    path = Path("/tmp/my folder/$HOME it's.safetensors")
    ros, files = map(shlex.split, commands(replace(SETTINGS, data=data), path).values())
    assert ros[:4] == ['ros2', 'run', 'nn_perception', node]
    assert ros[-1] == f'model:={path}'
    assert files == ['nn_perception', verb, '--model', str(path), 'PICTURE']
