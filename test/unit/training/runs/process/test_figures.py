"""What a run says of its network, against an independent computation with the same weights."""

from __future__ import annotations

from typing import Any

from nn_perception.core.networks.defined.defined_network import DefinedNetwork
from nn_perception.core.networks.defined.definition import parse
from nn_perception.training.inspection.inspectable import LookRequest
from nn_perception.training.runs.data.catalog import open_data
from nn_perception.training.runs.data.samples import RunData
from nn_perception.training.runs.records import RunState
from nn_perception.training.runs.run import Run
from nn_perception.training.runs.store.run_store import RunStore
import numpy as np
from numpy.typing import NDArray
import pytest
import safetensors.numpy
from small_runs import endless, NETWORK, wait_for, wait_for_steps
import torch
from torch.nn import functional

# Values in 8 bits are this exact, relative to their range.
EIGHT_BITS = 0.5 / 255 + 1e-5
# Without dropout, a batch gives the same values in training as in use.
PLAIN = NETWORK | {'layers': [each for each in NETWORK['layers'] if each['type'] != 'dropout']}


@pytest.fixture(scope='module')
def data() -> RunData:
    return open_data('generated_digits', 0, 100)


@pytest.fixture(scope='module')
def run(store: RunStore) -> Run:
    """A run that is paused after some steps."""
    started = store.start(endless(network=PLAIN))
    wait_for_steps(started, 5)
    started.pause()
    wait_for(started, RunState.PAUSED)
    return started


def network_of(run: Run) -> DefinedNetwork:
    network = DefinedNetwork(parse(run.settings.network))
    stored = safetensors.numpy.load(run.save_snapshot())
    weights = {
        name.removeprefix('network.'): torch.from_numpy(values)
        for name, values in stored.items()
        if name.startswith('network.')
    }
    network.load_state_dict(weights)
    return network


def after_first(network: DefinedNetwork, hidden: torch.Tensor) -> torch.Tensor:
    """Compute the logits from the output of the first layer."""
    for layer in list(network)[1:]:
        hidden = layer(hidden)
    return hidden


def probabilities_of(run: Run, data: RunData) -> NDArray[np.float64]:
    with torch.no_grad():
        logits = network_of(run)(data.inputs(data.test.images)).double().numpy()
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = exponents / exponents.sum(axis=1, keepdims=True)
    return shares


def test_evaluation(run: Run, data: RunData) -> None:
    shares, truth = probabilities_of(run, data), data.test.labels
    predicted = shares.argmax(axis=1)
    expected = np.zeros((10, 10), int)
    np.add.at(expected, (truth, predicted), 1)
    found = run.evaluate()
    assert np.array(found.confusion).tolist() == expected.tolist()
    assert found.accuracy == pytest.approx((predicted == truth).mean())
    assert found.step == run.status().step
    wrong = np.flatnonzero(predicted != truth)
    assert set(found.worst) == set(wrong[np.argsort(-shares[wrong].max(axis=1))][:100].tolist())
    sureness = shares.max(axis=1)[list(found.worst)]
    assert (np.diff(sureness) <= 1e-6).all()
    row, column = np.unravel_index(int((expected - np.diag(np.diag(expected))).argmax()), (10, 10))
    cell = np.flatnonzero((truth == row) & (predicted == column))
    assert run.examples(int(row), int(column), 3) == tuple(cell[:3].tolist())


def test_predictions(run: Run, data: RunData) -> None:
    shares = probabilities_of(run, data)
    for found in run.predictions(range(40)):
        best = np.argsort(-shares[found.index])[:3]
        assert found.top == tuple(best.tolist())
        assert found.scores == pytest.approx(shares[found.index][best], abs=1e-5)
        assert found.truth == data.test.labels[found.index]
    assert run.test_picture(7).tolist() == data.test.images[7].tolist()
    for indices in ([500], [-1]):
        with pytest.raises(ValueError, match='There are test samples 0 to 499'):
            run.predictions(indices)


def test_before_training(run: Run) -> None:
    before = run.evaluate(before_training=True)
    assert before.step == 0
    assert before.accuracy < run.evaluate().accuracy


def of_maps(run: Run, layer: str, tensor: str, index: int) -> tuple[Any, float]:
    maps = run.maps(layer, tensor, index)
    span = maps.high - maps.low
    return maps.low + maps.values / 255 * span, EIGHT_BITS * span


def test_maps_of_a_test_sample(run: Run, data: RunData) -> None:
    network = network_of(run)
    hidden = network[0](data.batch(data.test, [7]))
    hidden.retain_grad()
    loss = functional.cross_entropy(
        after_first(network, hidden), torch.tensor([data.test.labels[7]])
    )
    loss.backward()  # type: ignore[no-untyped-call]
    layer = next(each for each in run.layers() if each.kind == 'activation').name
    for tensor, expected in (('activations', hidden), ('gradients', hidden.grad)):
        assert expected is not None
        values, error = of_maps(run, layer, tensor, 7)
        np.testing.assert_allclose(values, expected.detach()[0].numpy(), atol=error)
    with pytest.raises(ValueError, match='There is no layer'):
        run.maps('conv9', 'activations', 0)
    with pytest.raises(ValueError, match='has no weights'):
        run.maps(layer, 'weights', 0)
    with pytest.raises(ValueError, match='The maps of a layer are'):
        run.maps(layer, 'biases', 0)


def test_gradients_and_statistics_of_the_last_batch(run: Run, data: RunData) -> None:
    network, before = network_of(run), run.status()
    run.step()
    after = run.status()
    assert after.step == before.step + 1
    # The samples of a step depend on seed, epoch and step only.
    order = np.random.default_rng([0, 1, before.epoch]).permutation(100)
    used = (before.step - before.epoch * 3) * 32
    chosen = order[used : used + 32]
    inputs, labels = data.batch(data.training, chosen), data.training.labels[chosen]
    functional.cross_entropy(network(inputs), torch.from_numpy(labels)).backward()  # type: ignore[no-untyped-call]
    layer = next(each for each in run.layers() if each.kind == 'conv').name
    values, error = of_maps(run, layer, 'weight_gradients', 0)
    gradient = network[0].conv.weight.grad  # type: ignore[union-attr]
    assert isinstance(gradient, torch.Tensor)
    np.testing.assert_allclose(values, gradient.numpy(), atol=error)
    statistics = {each.layer: each.tensors for each in run.statistics()}
    found = statistics[layer]['weight.grad']
    assert found.minimum == pytest.approx(float(gradient.min()), abs=1e-5)
    assert found.maximum == pytest.approx(float(gradient.max()), abs=1e-5)
    now = network_of(run)
    hidden = now[0].conv(inputs)  # type: ignore[union-attr, operator]
    hidden.retain_grad()
    rest = after_first(now, now[0].activation(hidden))  # type: ignore[union-attr, operator]
    functional.cross_entropy(rest, torch.from_numpy(labels)).backward()  # type: ignore[no-untyped-call]
    for name, expected in (('activations', hidden), ('gradients', hidden.grad)):
        found = statistics[layer][name]
        assert found.shape == tuple(expected.shape)
        assert found.minimum == pytest.approx(expected.min().item(), abs=1e-5)
        assert found.mean == pytest.approx(expected.mean().item(), abs=1e-5)
        assert sum(found.histogram) == expected.numel()


def test_looks(run: Run, data: RunData) -> None:
    layers = run.layers()
    assert layers[0].kind == 'input'
    look = run.look(LookRequest(data.test.images[3], [layers[1].name]))
    shares = probabilities_of(run, data)[3]
    assert look.labels[0] == str(shares.argmax())
    assert look.scores[0] == pytest.approx(shares.max(), abs=1e-5)
    arithmetic = run.arithmetic(layers[1].name, (1, 3, 4))
    expected = network_of(run)[0].conv(data.batch(data.test, [3]))[0, 1, 3, 4]  # type: ignore[union-attr, operator]
    assert arithmetic.value == pytest.approx(expected.item(), abs=1e-5)
    assert run.value(layers[1].name, (1, 3, 4)) == pytest.approx(expected.item(), abs=1e-5)
    assert run.region(layers[1].name, (1, 3, 4))[0].first == (0, 3, 4)
    run.reset()
    assert run.status().step == 0
    assert run.history().loss == ()
    again = run.look(LookRequest(None, [layers[1].name]))
    assert again.scores != look.scores
