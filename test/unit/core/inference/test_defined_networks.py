"""Checkpoints of networks that are defined by data: in both engines, and from strangers."""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
from typing import Any

import cv2
from exports import export_here
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.cli.main import main
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference import export_cache, model_zoo
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.networks.defined.defined_network import DefinedNetwork
from nn_perception.core.networks.defined.definition import Definition, parse
from nn_perception.core.networks.defined.layers import ACTIVATIONS
from nn_perception.core.networks.defined.presets import PRESETS
import numpy as np
import pytest
import safetensors.numpy
import torch

GREY = Preprocessing(28, 1.0, 'linear', (33.3,), (78.6,))
DIGITS = tuple('0123456789')
LENET = PRESETS['lenet5'].define(10)


def weights_of(definition: Definition) -> dict[str, Any]:
    torch.manual_seed(0)
    return {name: v.numpy() for name, v in DefinedNetwork(definition).state_dict().items()}


def metadata_of(definition: Definition, **changes: Any) -> CheckpointMetadata:
    labels = DIGITS[: definition.outputs]
    metadata = CheckpointMetadata('defined', labels, GREY, 'random', definition=definition)
    return replace(metadata, **changes)


def write(path: Path, definition: Definition = LENET, **changes: Any) -> Path:
    write_checkpoint(path, weights_of(definition), metadata_of(definition, **changes))
    return path


@pytest.fixture(scope='module')
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Export in this process, which has imported torch already, into a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp('cache')
        patch.setenv('NN_PERCEPTION_CACHE', str(folder))
        patch.setattr(export_cache, 'run_subprocess', export_here)
        yield folder


@pytest.fixture(scope='module')
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp('defined') / 'lenet.safetensors')


def test_the_definition_is_read_back(file: Path) -> None:
    checkpoint = Checkpoint.read(file)
    assert checkpoint.definition == LENET
    assert (checkpoint.network, checkpoint.head_layer) == ('defined', 'linear8.linear')
    assert file.stat().st_size < 300_000


def test_both_engines_compute_what_the_network_does(file: Path, cache: Path) -> None:
    checkpoint = Checkpoint.read(file)
    batch = np.random.default_rng(0).normal(size=(3, 1, 28, 28)).astype(np.float32)
    torch.manual_seed(0)
    with torch.inference_mode():
        expected = DefinedNetwork(LENET).eval()(torch.from_numpy(batch)).numpy()
    for engine in ('onnxruntime', 'torch'):
        model = LoadedModel.open(checkpoint, RunOptions(engine=engine, device='cpu'))
        np.testing.assert_allclose(model(batch), expected, atol=1e-4)
        model.close()
    export = export_cache.find_export(checkpoint)
    assert export is not None
    assert export.name.startswith('defined-')


def test_layers_without_weights_are_part_of_the_identity(file: Path, tmp_path: Path) -> None:
    """Two networks with the same weights and other activations give other embeddings."""
    layers = LENET.layers
    other = Definition(LENET.input, (replace(layers[0], activation='tanh'), *layers[1:]))  # type: ignore[call-arg]
    one, two = (
        Checkpoint.read(path).without_head()
        for path in (file, write(tmp_path / 'tanh.safetensors', other))
    )
    assert one.backbone_sha256 != two.backbone_sha256
    assert export_cache.export_key(one) != export_cache.export_key(two)


def test_the_digit_reader_reads_with_ten_labels(file: Path, cache: Path) -> None:
    """The weights are random: what counts is that a digit is found and gets one of ten labels."""
    image = np.full((120, 160, 3), 230, np.uint8)
    cv2.putText(image, '7', (50, 95), cv2.FONT_HERSHEY_SIMPLEX, 3.0, (20, 20, 20), 7)
    reader = DigitReader.open(str(file), RunOptions(device='cpu'))
    reading = reader.read(image, min_score=0.0)
    assert reading.candidates > 0
    assert [digit.label in DIGITS for digit in reading.digits] == [True]
    assert reader.classify(np.zeros((2, 28, 28), np.float32)).shape == (2, 10)


def test_the_digit_reader_says_which_networks_it_cannot_use(tmp_path: Path) -> None:
    big = {'input': [1, 32, 32], 'layers': [{'type': 'flatten'}, {'type': 'linear', 'units': 10}]}
    path = write(tmp_path / 'a.safetensors', parse(big), preprocessing=replace(GREY, size=32))
    with pytest.raises(ValueError, match='its input has 32 x 32 pixels, but digits are cut out'):
        DigitReader.open(str(path))
    path = write(tmp_path / 'b.safetensors', labels=tuple('abcdefghij'))
    with pytest.raises(ValueError, match='its labels do not begin with 0 to 9'):
        DigitReader.open(str(path))
    # 400 candidates would take 10 GB.
    layers = [{'type': 'conv', 'filters': 4000, 'kernel': 1}, {'type': 'global_average_pool'}]
    wide = {'input': [1, 28, 28], 'layers': [*layers, {'type': 'linear', 'units': 10}]}
    path = write(tmp_path / 'c.safetensors', parse(wide))
    with pytest.raises(ValueError, match=r'layer 1 \(conv\) gives 3,136,000 values for each'):
        DigitReader.open(str(path))


def every_layer() -> Definition:
    """Define a network for grey images with every type of layer and every activation."""
    conv = {'type': 'conv', 'filters': 8, 'kernel': 3, 'groups': 2}
    layers: list[dict[str, Any]] = [
        {'type': 'conv', 'filters': 8, 'kernel': 5, 'stride': 2, 'padding': 2, 'batch_norm': True},
        *(conv | {'padding': 1, 'activation': name} for name in ACTIVATIONS),
        {'type': 'average_pool', 'size': 3, 'stride': 2},
        {'type': 'batch_norm'},
        {'type': 'max_pool', 'size': 2},
        {'type': 'conv', 'filters': 6, 'kernel': 2},
        {'type': 'global_average_pool'},
        {'type': 'activation', 'activation': 'tanh'},
        {'type': 'linear', 'units': 7, 'batch_norm': True, 'activation': 'elu'},
        {'type': 'batch_norm'},
        {'type': 'dropout', 'rate': 0.5},
        {'type': 'linear', 'units': 10},
    ]
    return parse({'input': [1, 28, 28], 'layers': layers})


def test_the_tagger_gives_grey_pictures_to_a_network_of_all_layers(
    tmp_path: Path, cache: Path
) -> None:
    labels = [f'garment {index}' for index in range(10)]
    path = write(tmp_path / 'fashion.safetensors', every_layer(), labels=labels)
    tagger = Tagger.open(str(path), RunOptions('onnxruntime', 'cpu'))
    photo = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    assert sorted(tag.label for tag in tagger.tag(photo, top_k=10)) == labels
    grey = GREY([photo])
    assert grey.shape == (1, 1, 28, 28)
    with torch.inference_mode():
        logits = load_network(tagger.checkpoint)(torch.from_numpy(grey))
    np.testing.assert_allclose(tagger.scores(photo), logits.softmax(1)[0], atol=1e-5)


def test_models_lists_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model_zoo, 'WEIGHTS_FOLDER', file.parent)
    (entry,) = model_zoo.list_models()[:1]
    assert (entry.name, entry.labels, entry.error) == ('lenet', 10, '')
    assert main(['models']) == 0
    assert 'lenet' in capsys.readouterr().out


def test_a_network_without_a_linear_layer_at_its_end_has_no_embedding(tmp_path: Path) -> None:
    layers = [{'type': 'conv', 'filters': 10, 'kernel': 3}, {'type': 'global_average_pool'}]
    path = write(tmp_path / 'a.safetensors', parse({'input': [1, 28, 28], 'layers': layers}))
    checkpoint = Checkpoint.read(path)
    with pytest.raises(ValueError, match='has no classification layer, so it has no embedding'):
        checkpoint.without_head()


def strings(**changes: str | None) -> dict[str, str]:
    """Return the metadata of a file with changes; None leaves a key out."""
    metadata = metadata_of(LENET).to_strings(LENET.head) | changes
    return {key: value for key, value in metadata.items() if value is not None}


TEXT = LENET.to_text()
DEEP = '[' * 5000
BAD_METADATA: list[tuple[dict[str, str | None], str]] = [
    ({'definition': None}, "its network is 'defined', but it lacks a definition"),
    ({'network': 'digit_cnn'}, "its network is 'digit_cnn', but it has a definition"),
    ({'definition': DEEP}, 'the definition of its network is wrong: .* nested too deeply'),
    ({'definition': TEXT + ' ' * 20_000}, 'at most 20,000 characters'),
    ({'definition': TEXT.replace('max_pool', 'pool')}, r'layer 2: there is no type .pool.'),
    (
        {'definition': TEXT.replace('84', '85')},
        'the tensor linear7.linear.weight is F32 of the sh',
    ),
    (
        {'definition': TEXT.replace('"units":10', '"units":9')},
        'each of the 10 classes, but outputs 9',
    ),
    (
        {'definition': TEXT.replace('"conv","filters":16', '"conv","filters":15')},
        'the tensor conv3',
    ),
    ({'head': 'conv1.conv.weight'}, 'it has 10 labels, but conv1.conv.weight'),
    ({'labels': json.dumps(list('abc'))}, 'for each of the 3 classes, but outputs 10'),
    (
        {'preprocessing': json.dumps(replace(GREY, size=32).to_json())},
        'its network needs 1 x 28 x 28 values, but its preprocessing gives 1 x 32 x 32',
    ),
]


@pytest.mark.parametrize(('changes', 'words'), BAD_METADATA, ids=[w[:40] for _, w in BAD_METADATA])
def test_metadata_of_a_stranger(
    changes: dict[str, str | None], words: str, tmp_path: Path
) -> None:
    path = tmp_path / 'a.safetensors'
    path.write_bytes(safetensors.numpy.save(weights_of(LENET), strings(**changes)))
    with pytest.raises(ValueError, match=words) as caught:
        Checkpoint.read(path)
    assert len(str(caught.value)) < 600 + len(str(path))


def test_tensors_of_a_stranger(tmp_path: Path) -> None:
    """A definition without its weights would cost more memory than the file has bytes."""
    path, weights = tmp_path / 'a.safetensors', weights_of(LENET)
    cases = [
        ({'linear6.linear.weight': None}, 'the tensor linear6.linear.weight is missing'),
        ({'more': np.zeros(3, np.float32)}, 'the tensor more is not part of the definition'),
        (
            {'conv1.conv.bias': np.zeros(6)},
            r'the tensor conv1.conv.bias is F64 of the shape \[6\]',
        ),
    ]
    for changes, words in cases:
        changed = {name: v for name, v in (weights | changes).items() if v is not None}
        path.write_bytes(safetensors.numpy.save(changed, strings()))
        with pytest.raises(ValueError, match=words):
            Checkpoint.read(path)
