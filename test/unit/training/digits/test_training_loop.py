"""The loop on samples that are learned in seconds: it learns, stops, and goes on unchanged."""

from __future__ import annotations

from dataclasses import replace

from nn_perception.training.digits.training_loop import (
    evaluate,
    normalised,
    one_cycle,
    train,
    TrainingSettings,
)
from nn_perception.training.digits.training_state import read_settings, TrainingState
import pytest
import torch

SETTINGS = TrainingSettings(network='digit_mlp', epochs=2, batch_size=32, learning_rate=0.05)


@pytest.fixture(autouse=True)
def one_thread():
    """Use one thread, since more only wait for each other with so little to do."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Bars:
    """Eleven classes: a bar at eleven heights, in noise."""

    def __init__(self, count: int = 320) -> None:
        self.count = count

    def steps(self, batch_size):
        return self.count // batch_size

    def batch(self, epoch, step, batch_size):
        generator = torch.Generator().manual_seed(1000 * epoch + step)
        labels = torch.randint(0, 11, (batch_size,), generator=generator)
        images = 0.3 * torch.rand(batch_size, 1, 28, 28, generator=generator)
        images[torch.arange(batch_size), 0, 2 * labels + 2] += 0.7
        return images, labels


def new_state(settings=SETTINGS):
    return TrainingState(
        settings.network, 11, weight_decay=settings.weight_decay, seed=settings.seed
    )


def continue_training(state, settings=SETTINGS, stop_after=10**9):
    """Train until finished, or for some steps; return whether it is finished, steps and epochs."""
    steps, epochs = [], []
    done = train(
        state,
        settings,
        Bars(),
        Bars().batch(99, 0, 110),
        on_step=lambda *done: steps.append(done),
        on_epoch=epochs.append,
        stopping=lambda: len(steps) >= stop_after,
    )
    return done, steps, epochs


def weights(state):
    return torch.cat([values.float().flatten() for values in state.average.state_dict().values()])


def test_learns():
    state = new_state()
    done, steps, epochs = continue_training(state, replace(SETTINGS, epochs=4))
    assert done
    assert len(steps) == 40
    assert (steps[0], steps[-1]) == ((0, 1, 10), (3, 10, 10))
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4]
    assert epochs[-1].train_loss < epochs[0].train_loss
    assert epochs[-1].validation_accuracy > 0.95
    assert 0.0 < epochs[0].seconds < epochs[-1].seconds
    assert state.history == epochs
    images, labels = Bars().batch(5, 0, 50)
    assert (evaluate(state.average, images).argmax(1) == labels.numpy()).mean() > 0.9


@pytest.mark.parametrize('precision', ['float32', 'bfloat16'])
@pytest.mark.parametrize('stops', [[1], [9, 1, 4], [10], [19]])
def test_resumes_bit_for_bit(tmp_path, stops, precision):
    settings = replace(SETTINGS, precision=precision)
    whole = new_state()
    continue_training(whole, settings)
    path = tmp_path / 'state.safetensors'
    for number, stop_after in enumerate(stops):
        part = new_state()
        if number:
            part.load(path)
        done, steps, _ = continue_training(part, settings, stop_after)
        assert (done, len(steps)) == (False, stop_after)
        part.save(path, {'seed': 0})
    last = new_state(replace(SETTINGS, seed=7))  # nothing of it may remain
    last.load(path)
    assert continue_training(last, settings)[0]
    assert torch.equal(weights(last), weights(whole))
    assert [epoch.train_loss for epoch in last.history] == [e.train_loss for e in whole.history]


def test_a_finished_training_does_not_change():
    state = new_state()
    continue_training(state)
    before = weights(state)
    assert continue_training(state) == (True, [], [])
    assert torch.equal(weights(state), before)


def test_bfloat16_learns_and_keeps_float32_weights():
    half = replace(SETTINGS, precision='bfloat16')
    exact, rounded = new_state(), new_state(half)
    continue_training(exact)
    continue_training(rounded, half)
    assert all(values.dtype == torch.float32 for values in rounded.network.parameters())
    assert (weights(exact) != weights(rounded)).any()
    assert rounded.history[-1].validation_loss == pytest.approx(
        exact.history[-1].validation_loss, rel=0.1
    )


def test_the_seed_determines_the_result():
    results = []
    for seed in (0, 0, 1):
        state = new_state(replace(SETTINGS, seed=seed))
        continue_training(state, replace(SETTINGS, seed=seed), stop_after=3)
        results.append(weights(state))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_a_learning_rate_that_is_too_high():
    settings = replace(SETTINGS, learning_rate=1e30)
    with pytest.raises(ArithmeticError, match='a smaller learning rate may help'):
        continue_training(new_state(settings), settings)


def test_the_average_follows_weights_and_statistics():
    state = new_state()
    before = weights(state)
    for values in state.network.state_dict().values():
        values.add_(1)
    state.average_weights(0.998)
    # In the beginning it follows fast: 2 / 11 of the first average stay.
    expected = before + (1 - 2 / 11)
    counters = [
        v.numel() for v in state.average.state_dict().values() if not v.is_floating_point()
    ]
    assert len(counters) == 2
    close = torch.isclose(weights(state), expected, atol=1e-6)
    assert int((~close).sum()) == len(counters)  # these are counted, not averaged


def test_one_cycle_rises_and_falls():
    rates = [one_cycle(i / 100) for i in range(101)]
    assert rates[0] == pytest.approx(0.05)
    assert max(rates) == rates[20] == 1.0
    assert rates[:21] == sorted(rates[:21])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[100] == pytest.approx(0.0, abs=1e-12)


def test_normalises_as_the_checkpoint_says():
    values = torch.tensor([0.0, 33.3184 / 255, (33.3184 + 78.5675) / 255])
    torch.testing.assert_close(
        normalised(values), torch.tensor([-33.3184 / 78.5675, 0.0, 1.0]), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'network': 'resnet'}, "must be digit_cnn or digit_mlp, got 'resnet'"),
        ({'epochs': 0}, 'epochs must be at least 1'),
        ({'batch_size': 1}, 'batch_size must be at least 2'),
        ({'learning_rate': 0.0}, 'learning_rate must be above 0'),
        ({'learning_rate': float('nan')}, 'got nan'),
        ({'seed': -1}, 'seed must not be negative'),
        ({'precision': 'float16'}, "must be float32 or bfloat16, got 'float16'"),
    ],
)
def test_invalid_settings(change, reason):
    with pytest.raises(ValueError, match=reason):
        replace(SETTINGS, **change)


def test_a_state_contains_what_it_depends_on(tmp_path):
    path = tmp_path / 'state.safetensors'
    new_state().save(path, {'seed': 3, 'limit': None})
    assert read_settings(path) == {'seed': 3, 'limit': None}


@pytest.mark.parametrize(
    'damage', [lambda content: b'', lambda content: content[:200], lambda content: content[:-9]]
)
def test_a_damaged_state_is_rejected(tmp_path, damage):
    path = tmp_path / 'state.safetensors'
    new_state().save(path, {})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match='is not a state of a training'):
        read_settings(path)


def test_the_state_of_another_network_is_rejected(tmp_path):
    path = tmp_path / 'state.safetensors'
    new_state(replace(SETTINGS, network='digit_cnn')).save(path, {})
    with pytest.raises(ValueError, match='is not a state of this training'):
        new_state().load(path)
