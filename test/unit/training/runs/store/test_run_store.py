"""Runs in processes of their own: started, steered, watched, ended, found again."""

from __future__ import annotations

from dataclasses import replace

from nn_perception.training.runs.records import Rates, RunState
from nn_perception.training.runs.run import Run, Runs
from nn_perception.training.runs.store.run_store import RunStore
from patience import wait_until
import pytest
from small_runs import endless, SETTINGS, wait_for, wait_for_steps


@pytest.fixture(scope='module')
def run(store: RunStore) -> Run:
    """A run that goes on until it is told otherwise."""
    return store.start(endless())


def test_it_trains_pauses_and_steps(store: RunStore, run: Run) -> None:
    runs: Runs = store
    assert run.status().state in (RunState.STARTING, RunState.RUNNING)
    wait_for_steps(run, 5)
    assert [each.name for each in runs.list()] == [run.name]
    run.pause()
    paused = run.status()
    assert paused.state is RunState.PAUSED
    assert run.status() == paused
    run.step()
    assert run.status().step == paused.step + 1
    assert run.status().examples == paused.examples + 32
    history = run.history()
    assert history.examples[0] == 32
    assert len(history.loss) == paused.step + 1
    assert history.epochs[:2] == (1, 2)
    assert all(0.0 <= share <= 1.0 for share in history.validation_accuracy)
    run.resume()
    wait_for_steps(run, paused.step + 3)


def test_rates_act_and_wrong_ones_are_named(run: Run) -> None:
    rates = Rates('adamw', 0.002, batch_size=16)
    run.set_rates(rates)
    status = run.status()
    assert (status.rates, status.steps_per_epoch) == (rates, 100 // 16)
    with pytest.raises(ValueError, match='learning rate must be above 0'):
        run.set_rates(Rates(learning_rate=0.0))
    with pytest.raises(ValueError, match='optimizer must be one of'):
        run.set_rates(Rates('newton'))
    assert run.status().rates == rates


def test_another_store_finds_and_steers_it(store: RunStore, run: Run) -> None:
    other = RunStore(store.folder)
    found = other.find(run.name)
    found.pause()
    assert run.status().state is RunState.PAUSED
    assert found.settings == run.settings
    other.close()  # it did not start the run
    run.resume()
    assert run.status().state is RunState.RUNNING


def test_an_ended_run_answers_from_what_is_stored_and_goes_on(store: RunStore, run: Run) -> None:
    run.end()
    ended = run.status()
    assert (ended.state, ended.message) == (RunState.ENDED, '')
    assert len(run.history().loss) > 0
    evaluation = run.evaluate()
    assert sum(map(sum, evaluation.confusion)) == 500
    assert run.predictions([3])[0].index == 3
    with pytest.raises(RuntimeError, match='has ended; continue'):
        run.test_picture(0)
    run.resume()
    wait_for_steps(run, ended.step + 2)
    assert run.status().rates == ended.rates


def test_it_finishes_and_more_epochs_go_on(store: RunStore) -> None:
    run = store.start(SETTINGS)
    wait_for(run, RunState.FINISHED)
    assert run.status().epoch == 2
    run.set_epochs(3)
    wait_until(lambda: run.status().epoch == 3)
    wait_for(run, RunState.FINISHED)
    store.delete(run.name)
    with pytest.raises(ValueError, match='There is no run'):
        store.find(run.name)


@pytest.mark.parametrize(
    ('settings', 'sentence'),
    [
        (replace(SETTINGS, epochs=0), 'epochs must be 1 to'),
        (replace(SETTINGS, recipe='magic'), 'recipe must be plain or train-digits'),
        (replace(SETTINGS, title=''), 'title must have'),
        (replace(SETTINGS, network={'input': [1, 28, 28], 'layers': []}), 'layer'),
        (replace(SETTINGS, rates=Rates(batch_size=0)), 'batch size must be'),
    ],
)
def test_wrong_settings_start_nothing(store: RunStore, settings: object, sentence: str) -> None:
    before = len(store.list())
    with pytest.raises(ValueError, match=sentence):
        store.start(settings)  # type: ignore[arg-type]
    assert len(store.list()) == before
