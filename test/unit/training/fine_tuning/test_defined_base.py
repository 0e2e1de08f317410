"""Fine-tuning of a network that is defined by data: the definition gets a new last layer."""

from pathlib import Path

from exports import export_here
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference import export_cache
from nn_perception.core.inference.checkpoint import Checkpoint, CheckpointMetadata
from nn_perception.core.inference.checkpoint_writing import write_checkpoint
from nn_perception.core.inference.load_network import load_network
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.networks.defined.defined_network import DefinedNetwork
from nn_perception.core.networks.defined.definition import parse
from nn_perception.core.networks.defined.layers import Linear
from nn_perception.training.datasets.labelled_frames import read_frames
from nn_perception.training.fine_tuning.fine_tune import fine_tune
from nn_perception.training.fine_tuning.settings import FineTuneSettings
from nn_perception.training.model_store.relabel import add_relabelled, StoredModel
from nn_perception.training.model_store.store import ModelStore
import numpy as np
from numpy.typing import NDArray
from PIL import Image
import pytest
import torch

COLOURS = {'blue': (20, 40, 220), 'red': (220, 40, 20)}
DEFINITION = parse(
    {
        'input': [3, 12, 12],
        'layers': [
            {'type': 'conv', 'filters': 8, 'kernel': 3, 'activation': 'relu'},
            {'type': 'global_average_pool'},
            {'type': 'linear', 'units': 4, 'bias': False},
        ],
    }
)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / 'base.safetensors'
    torch.manual_seed(0)
    preprocessing = Preprocessing(12, 1.0, 'linear', (127.0,) * 3, (64.0,) * 3)
    write_checkpoint(
        path,
        {name: v.numpy() for name, v in DefinedNetwork(DEFINITION).state_dict().items()},
        CheckpointMetadata('defined', 'abcd', preprocessing, '1', definition=DEFINITION),
    )
    return path


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for label in COLOURS:
        (tmp_path / 'frames' / label).mkdir(parents=True)
        for number in range(12):
            image = Image.fromarray(noisy(label, random))
            image.save(tmp_path / 'frames' / label / f'{number}.png')
    return tmp_path / 'frames'


def noisy(label: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """Make a picture of a colour, red first."""
    pixels = np.full((24, 24, 3), COLOURS[label], np.int64)
    pixels += random.integers(-20, 20, pixels.shape)
    return pixels.clip(0, 255).astype(np.uint8)


def test_it_becomes_a_tagger_with_other_labels(
    base: Path, frames: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path))
    monkeypatch.setattr(export_cache, 'run_subprocess', export_here)
    found = read_frames(frames).frames
    model = fine_tune(found, str(base), FineTuneSettings(seed=1))
    checkpoint = model.write(tmp_path / 'tuned.safetensors')
    assert checkpoint.definition is not None
    assert checkpoint.definition.layers == (*DEFINITION.layers[:2], Linear(2))
    assert model.report['accuracy'] == 1.0
    # The whole network has the new head as well.
    assert load_network(checkpoint).linear3.linear.weight.shape == (2, 8)  # type: ignore[union-attr]
    tagger = Tagger.open(str(checkpoint.path), RunOptions(device='cpu'))
    red = noisy('red', np.random.default_rng(1))[..., ::-1]  # blue first
    assert tagger.tag(red)[0].label == 'red'

    store = ModelStore(tmp_path / 'store')
    version = store.add('colours', checkpoint.path, model.report, 'ab' * 32)
    renamed = add_relabelled(StoredModel(store, 'colours'), version, 'red', 'scarlet')
    relabelled = Checkpoint.read(renamed.checkpoint)
    assert relabelled.labels == ('blue', 'scarlet')
    assert relabelled.definition == checkpoint.definition
