"""A run with the recipe of the command gives the weights that the command gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nn_perception.cli.main import main
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.networks.defined.presets import PRESETS
from nn_perception.training.runs.checks import TRAIN_DIGITS, TRAIN_DIGITS_RATES
from nn_perception.training.runs.data.catalog import open_data
from nn_perception.training.runs.records import Rates, RunSettings, RunState
from nn_perception.training.runs.store.run_store import RunStore
import numpy as np
import pytest
from small_runs import wait_for
import torch

SETTINGS = RunSettings(
    'The digit reader',
    PRESETS['mlp'].define().to_json(),
    data='mnist',
    recipe=TRAIN_DIGITS,
    rates=TRAIN_DIGITS_RATES,
    epochs=2,
    seed=3,
    limit=300,
)


def write_idx(path: Path, values: np.ndarray) -> None:
    header = bytes((0, 0, 8, values.ndim)) + np.array(values.shape, '>u4').tobytes()
    path.write_bytes(header + values.astype(np.uint8).tobytes())


@pytest.fixture(scope='module')
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small MNIST of drawn digits."""
    folder = Path(tmp_path_factory.mktemp('mnist'))
    data = open_data('generated_digits')
    for part, samples in (('train', data.training), ('t10k', data.test)):
        write_idx(folder / f'{part}-images-idx3-ubyte', samples.images[:600])
        write_idx(folder / f'{part}-labels-idx1-ubyte', samples.labels[:600])
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('NN_PERCEPTION_MNIST', str(folder))
        yield folder
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


@pytest.mark.long
def test_the_run_gives_the_weights_of_the_command(
    mnist: Path, store: RunStore, tmp_path: Path
) -> None:
    run = store.start(SETTINGS)
    run.pause()
    run.step()
    run.step()
    continued = store.start(SETTINGS, run.save_snapshot())
    run.statistics()
    run.resume()
    words = f'train-digits --network mlp --epochs 2 --seed 3 --limit 300 --data {mnist}'
    assert main([*words.split(), '--output', str(tmp_path / 'command'), '--json']) == 0
    expected = Checkpoint.read(tmp_path / 'command' / 'digit_mlp.safetensors')
    for number, each in enumerate((run, continued)):
        wait_for(each, RunState.FINISHED)
        path = tmp_path / f'{number}.safetensors'
        each.write_checkpoint(path)
        found = Checkpoint.read(path)
        assert (found.network, found.labels) == (expected.network, expected.labels)
        assert found.preprocessing == expected.preprocessing
        weights = found.weights()
        assert weights.keys() == expected.weights().keys()
        for name, values in expected.weights().items():
            np.testing.assert_array_equal(weights[name], values, name)
    assert run.history().epochs == (1, 2)
    assert len(run.evaluate().confusion) == 11
    with pytest.raises(ValueError, match='keeps its batch size'):
        run.set_rates(Rates('nesterov', 0.1, 0.9, 64, 5e-4))
