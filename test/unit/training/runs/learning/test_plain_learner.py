"""The same seed gives the same weights, whatever happens in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
import json
from typing import Any

from nn_perception.core.networks.defined.presets import PRESETS
from nn_perception.training.runs.data.catalog import open_data
from nn_perception.training.runs.data.samples import RunData
from nn_perception.training.runs.learning.curves import Curves, MAX_POINTS
from nn_perception.training.runs.learning.plain_learner import PlainLearner
from nn_perception.training.runs.process.training import Training
from nn_perception.training.runs.records import OPTIMIZERS, Rates, RunState
import numpy as np
import pytest
import safetensors.torch
from small_runs import SETTINGS
import torch

RATES = Rates(learning_rate=0.01, batch_size=32)


@pytest.fixture(scope='module')
def data() -> RunData:
    return open_data('generated_digits', 0, 100)


def training_of(data: RunData, rates: Rates = RATES, **changes: Any) -> Training:
    settings = replace(SETTINGS, rates=rates, **changes)
    made = Training(settings, lambda now: PlainLearner(settings, now, data))
    made.resume()
    return made


def trained(training: Training, steps: int) -> Training:
    for _ in range(steps):
        training.advance()
    assert training.status.message == ''
    return training


def assert_same(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert torch.equal(values, other[name]), name


def tensors_of(training: Training) -> dict[str, torch.Tensor]:
    return safetensors.torch.load(training.snapshot())


@pytest.mark.parametrize('optimizer', OPTIMIZERS)
def test_a_snapshot_goes_on_as_if_nothing_had_happened(data: RunData, optimizer: str) -> None:
    rates = replace(RATES, optimizer=optimizer)
    without = trained(training_of(data, rates), 5)
    stopped = trained(training_of(data, rates), 2)
    resumed = training_of(data, rates)
    resumed.load(stopped.snapshot(), stored=True)
    trained(resumed, 3)
    assert_same(tensors_of(without), tensors_of(resumed))
    assert resumed.curves.history().loss == without.curves.history().loss
    assert resumed.status.examples == without.status.examples


def test_networks_with_batch_norm_go_on_too(data: RunData) -> None:
    network = PRESETS['mlp'].define().to_json()
    without = trained(training_of(data, network=network), 4)
    resumed = training_of(data, network=network)
    resumed.load(trained(training_of(data, network=network), 3).snapshot(), stored=True)
    assert_same(tensors_of(without), tensors_of(trained(resumed, 1)))


def test_looks_and_pauses_change_nothing(data: RunData) -> None:
    without = trained(training_of(data), 4)
    watched = training_of(data)
    for _ in range(4):
        watched.pause()
        batch = watched.learner.last_batch()
        torch.manual_seed(1)
        watched.learner.network(batch.inputs).sum().backward()
        watched.learner.network.eval()
        watched.learner.initial_network()
        watched.resume()
        watched.step_once()
    assert_same(tensors_of(without), tensors_of(watched))


def test_another_optimizer_keeps_the_weights(data: RunData) -> None:
    training = trained(training_of(data), 2)
    before = tensors_of(training)
    training.set_rates(Rates('adam', 0.001, batch_size=32))
    after = tensors_of(training)
    assert [name for name in after if name.startswith('optimizer.')] == []
    assert_same({n: v for n, v in before.items() if n.startswith('network.')}, after)
    trained(training, 1)


def test_rmsprop_gets_a_momentum_later(data: RunData) -> None:
    training = trained(training_of(data, Rates('rmsprop', 0.001, momentum=0.0)), 2)
    training.set_rates(Rates('rmsprop', 0.001, momentum=0.9))
    trained(training, 2)


def test_biases_do_not_decay(data: RunData) -> None:
    training = training_of(data, Rates('sgd', 1e-30, batch_size=32, weight_decay=1.0))
    groups = training.learner._optimizer.param_groups  # type: ignore[attr-defined]
    assert [group['weight_decay'] for group in groups] == [1.0, 0.0]
    assert all(p.ndim == 1 for p in groups[1]['params'])


def test_a_reset_begins_with_the_same_weights(data: RunData) -> None:
    training = training_of(data)
    first = tensors_of(trained(training, 3))
    training.reset()
    assert training.status.step == 0
    assert_same(first, tensors_of(trained(training, 3)))


def test_a_loss_that_is_no_number_is_said(data: RunData) -> None:
    training = training_of(data, Rates('sgd', 1000.0, 0.0, 32, weight_decay=1.0), epochs=1000)
    for _ in range(60):
        if training.is_running:
            training.advance()
    assert training.status.state is RunState.FAILED
    assert 'The loss became' in training.status.message
    assert 'smaller learning rate' in training.status.message
    with pytest.raises(RuntimeError, match='The loss became'):
        training.snapshot()
    training.set_rates(RATES)
    training.reset()
    assert training.status.state is RunState.RUNNING
    trained(training, 2)


def test_curves_are_thinned() -> None:
    curves = Curves()
    for number in range(1, 5001):
        curves.add_batch(float(number), 1, 2)
        curves.finish_batch(2 * number, 0.1 * number)
    history = curves.history()
    assert 1000 <= len(history.loss) <= MAX_POINTS
    assert np.mean(history.loss) == pytest.approx(2500, rel=0.01)
    assert history.examples[-1] <= 10_000
    assert np.all(np.diff(history.examples) > 0)
    assert Curves.from_json(curves.to_json()).to_json() == curves.to_json()


def test_damaged_snapshots_are_rejected(data: RunData) -> None:
    content = trained(training_of(data), 2).snapshot()
    whole = safetensors.torch.load(content)
    metadata = metadata_of(content)
    training = training_of(data)
    before = tensors_of(training)
    name = next(name for name in whole if name.startswith('network.'))
    broken = [
        content[:-4],
        b'',
        safetensors.torch.save(whole, metadata | {'format': 'other'}),
        safetensors.torch.save(whole, metadata | {'progress': '{"epoch": -1}'}),
        safetensors.torch.save(whole, metadata | {'curves': '{}'}),
        safetensors.torch.save({**whole, name: whole[name][:1]}, metadata),
        safetensors.torch.save({n: v for n, v in whole.items() if n != name}, metadata),
        safetensors.torch.save({**whole, name: torch.full_like(whole[name], torch.nan)}, metadata),
    ]
    for each in broken:
        with pytest.raises(ValueError, match='snapshot'):
            training.load(each, stored=False)
    assert_same(before, tensors_of(training))


def metadata_of(content: bytes) -> dict[str, str]:
    length = int.from_bytes(content[:8], 'little')
    found: dict[str, str] = json.loads(content[8 : 8 + length])['__metadata__']
    return found


def test_batch_sizes_that_change_within_an_epoch(data: RunData) -> None:
    network = PRESETS['mlp'].define().to_json()
    training = trained(training_of(data, replace(RATES, batch_size=33), network=network), 2)
    with pytest.raises(ValueError, match='batch norm needs the statistics of 2 images'):
        training.set_rates(replace(RATES, batch_size=1))
    training.set_rates(replace(RATES, batch_size=11))
    trained(training, 1)
    training.set_rates(replace(RATES, batch_size=1000))
    trained(training, 2)  # what is left of the epoch, and then all samples at once
    assert training.status.epoch == 2
    assert training.status.steps_per_epoch == 1


def test_the_l2_loss_is_that_of_the_weights_that_decay(data: RunData) -> None:
    training = trained(training_of(data, replace(RATES, weight_decay=0.01)), 1)
    weights = [p.detach().numpy() for p in training.learner.network.parameters() if p.ndim > 1]
    expected = 0.5 * 0.01 * sum(float(np.square(each, dtype=float).sum()) for each in weights)
    assert training.status.l2_loss == pytest.approx(expected, rel=1e-5)
    assert trained(training_of(data, replace(RATES, weight_decay=0.0)), 1).status.l2_loss == 0.0
