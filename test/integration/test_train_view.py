"""The view Train in Chromium, with runs in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import re
import signal
import time
from typing import Any

from browser import browser
from live_page import live_page, LivePage
from module_page import module_page
from nn_perception.training.runs.records import RunState
from nn_perception.training.runs.store.run_store import RunStore
from patience import stretched
import pytest
from slow_training import slow_training
from small_runs import endless
from train_page import open_train, TrainPage, until

SHOWN_S, PAUSE_S, RATE_S = 1.5, 0.5, 1.0
FEW_EPOCHS, MANY_EPOCHS = 2, 2000
# The page does not import torch.
MEMORY_MB = 200


class Session:
    """The page, a browser, and the runs as others see them."""

    def __init__(self, folder: Path, served: LivePage, chromium: Any) -> None:
        self.folder, self.served, self.chromium = folder, served, chromium
        self.runs = RunStore(folder / 'nn_perception' / 'runs')

    @contextlib.contextmanager
    def tab(self, query: str = '') -> Iterator[TrainPage]:
        """Open the view in a new tab; what it must not do is checked at the end."""
        opened = open_train(self.chromium, f'{self.served.url}train{query}')
        try:
            yield opened
            opened.watched.check()
        finally:
            opened.page.close()

    def only_run(self) -> Any:
        (found,) = self.runs.list()
        return found

    def clean(self) -> None:
        for found in self.runs.list():
            self.runs.delete(found.name)


@pytest.fixture(scope='module')
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patched:
        yield from start(tmp_path_factory, patched)


def start(
    tmp_path_factory: pytest.TempPathFactory, patched: pytest.MonkeyPatch
) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp('train')
    for collection in ('MNIST', 'FASHION_MNIST'):
        patched.setenv(f'NN_PERCEPTION_{collection}', str(folder / 'nowhere'))
    with slow_training(folder / 'slow'), live_page(folder) as served, browser() as chromium:
        session = Session(folder, served, chromium)
        try:
            yield session
        finally:
            session.clean()


@pytest.fixture(autouse=True)
def _clean(session: Session) -> Iterator[None]:
    yield
    session.clean()


def check_pause_and_rate(session: Session, tab: TrainPage) -> None:
    run = session.only_run()
    began_s = time.monotonic()
    tab.fill('Learning rate', '0.0625', panel='Selected run')
    until(lambda: run.status().rates.learning_rate == 0.0625)
    assert time.monotonic() - began_s < stretched(RATE_S)
    began_s = time.monotonic()
    tab.press('Pause')
    until(lambda: run.status().state is RunState.PAUSED)
    assert time.monotonic() - began_s < stretched(PAUSE_S)
    tab.wait_for_state('Paused')


def check_rates(session: Session, tab: TrainPage) -> None:
    run = session.only_run()
    tab.fill('Batch size', '48', panel='Selected run')
    until(lambda: run.status().rates.batch_size == 48)
    region = tab.page.get_by_role('region', name='Selected run')
    region.get_by_role('combobox', name='Optimizer').click()
    tab.page.get_by_role('option', name='Adadelta').click()
    until(lambda: run.status().rates.optimizer == 'adadelta')
    # What is wrong gives its sentence, and changes nothing.
    tab.fill('Learning rate', 'fast', panel='Selected run')
    region.get_by_text('The learning rate is a number').wait_for()
    tab.fill('Momentum', '1', panel='Selected run')
    region.get_by_text('The momentum is at least 0 and below 1.').wait_for()
    rates = run.status().rates
    assert (rates.learning_rate, rates.momentum) == (0.0625, 0.9)
    # A field that is left acts too.
    weight_decay = region.get_by_role('textbox', name='Weight decay')
    weight_decay.fill('0.01')
    weight_decay.blur()
    until(lambda: run.status().rates.weight_decay == 0.01)


def check_step_and_reset(session: Session, tab: TrainPage) -> None:
    run = session.only_run()
    step = run.status().step
    tab.press('One step')
    until(lambda: tab.number('Step') == step + 1)
    assert run.status().step == step + 1
    tab.press('Resume')
    tab.wait_for_state('Training')
    until(lambda: tab.number('Step') > step + 5)
    tab.press('Pause')
    tab.wait_for_state('Paused')
    tab.press('Reset')
    tab.page.get_by_role('dialog').get_by_role('button', name='Reset').click()
    until(lambda: run.status().step < step)
    # The graph begins anew, too.
    until(lambda: tab.number('Step') < step)


def test_a_malformed_network_is_a_sentence(session: Session) -> None:
    with session.tab() as tab:
        tab.choose_little_data(1)
        tab.page.get_by_text('Network as text').click()
        text = tab.page.get_by_role('textbox', name='Network as JSON')
        layers = tab.page.get_by_role('region', name='Layers of the network')
        preset = text.input_value()
        assert '48,120' in layers.inner_text()
        panel = tab.page.get_by_role('region', name='New run')
        for wrong, words in (
            (preset.replace('"max_pool"', '"maxpool"', 1), 'did you mean max_pool?'),
            (preset[:-1], 'not JSON'),
            (preset.replace('"units": 10}', '"units": 7}'), '10 classes'),
        ):
            text.fill(wrong)
            panel.get_by_text(words).wait_for()
            assert not layers.is_visible()
        tab.press('Start')
        tab.page.get_by_role('alert').get_by_text('10 classes').wait_for()
        assert session.runs.list() == ()
        # Too large: the figures are there before anything is built.
        text.fill(re.sub('"units": (120|84)', '"units": 16384', preset))
        panel.get_by_text('MB are allowed').wait_for()
        tab.press('Back to the preset')
        until(lambda: text.input_value() == preset)
        # Another preset has a text of its own.
        panel.get_by_role('combobox', name='Network').click()
        tab.page.get_by_role('option', name="ConvNetJS's network").click()
        until(lambda: '"filters": 8' in text.input_value())
        layers.get_by_text('16 x 4 x 4').wait_for()


def test_data_and_recipes_say_what_they_need(session: Session) -> None:
    with session.tab() as tab:
        panel = tab.page.get_by_role('region', name='New run')
        panel.get_by_text('3,000 samples to train with').wait_for()
        check_that_it_fits(tab)
        panel.get_by_role('combobox', name='Data').click()
        tab.page.get_by_role('option', name='Fashion-MNIST').click()
        panel.get_by_text('dataset-fashion-mnist').wait_for()
        assert panel.get_by_role('button', name='Download it').is_visible()
        tab.press('Start')
        tab.page.get_by_role('alert').get_by_text('dataset-fashion-mnist').wait_for()
        assert session.runs.list() == ()
        # The recipe of the command comes with its settings.
        panel.get_by_text('Settings', exact=True).click()
        panel.locator('.q-field--disabled').get_by_text('Recipe').wait_for()
        panel.get_by_role('combobox', name='Network').click()
        tab.page.get_by_role('option', name='CNN of the digit reader').click()
        panel.get_by_role('combobox', name='Recipe').click()
        tab.page.get_by_role('option', name='train-digits').click()
        rate = panel.get_by_role('textbox', name='Learning rate')
        until(lambda: rate.input_value() == '0.1')
        assert panel.get_by_role('textbox', name='Batch size').input_value() == '128'


@pytest.mark.long
def test_two_runs_are_compared_in_one_graph(session: Session) -> None:
    with session.tab() as tab:
        tab.choose_little_data(1)
        tab.press('Compare optimizers')
        until(lambda: len(tab.names()) == 2)
        settings = [run.settings for run in session.runs.list()]
        assert {one.rates.optimizer for one in settings} == {'momentum', 'adam'}
        assert len({one.seed for one in settings}) == 1
        until(lambda: all(run.status().state is RunState.FINISHED for run in session.runs.list()))
        graph = tab.graph('Loss by epoch')
        until(lambda: tab.points('Loss by epoch') == 4)
        graph.get_by_text('As a table').click()
        until(lambda: graph.locator('tbody tr').count() == 4)
        heads = set(graph.locator('tbody th').all_inner_texts())
        assert {head.rpartition(', ')[0] for head in heads} == set(tab.names())
        both = tab.points('Loss by batch')
        tab.page.get_by_role('checkbox', name='In the graph: LeNet-5, Adam').click()
        until(lambda: tab.points('Loss by epoch') == 2)
        assert tab.points('Loss by batch') < both
        check_views(tab)
        # The address keeps what is shown.
        tab.page.reload()
        until(lambda: tab.points('Loss by epoch') == 2)
        check_deletion(session, tab)


def check_views(tab: TrainPage) -> None:
    graph = tab.graph('Loss by batch')
    points = tab.points('Loss by batch')
    graph.get_by_text('As a table').click()
    tab.page.get_by_role('combobox', name='Axis').click()
    tab.page.get_by_role('option', name='seconds of training').click()
    graph.get_by_role('columnheader', name='seconds of training').wait_for()
    for name in ('Smooth', 'Log scale'):
        tab.page.get_by_role('switch', name=name).click()
    tab.press('Clear graph')
    until(lambda: tab.points('Loss by batch') == 0)
    tab.press('Show all')
    until(lambda: tab.points('Loss by batch') == points)


def check_deletion(session: Session, tab: TrainPage) -> None:
    tab.press('More: LeNet-5, Adam')
    tab.page.get_by_role('menuitem', name='Delete').click()
    dialog = tab.page.get_by_role('dialog')
    dialog.get_by_role('button', name='Cancel').click()
    tab.press('More: LeNet-5, Adam')
    tab.page.get_by_role('menuitem', name='Delete').click()
    dialog.get_by_role('button', name='Delete').click()
    until(lambda: tab.names() == ['LeNet-5, SGD with momentum'])
    assert len(session.runs.list()) == 1


def check_that_a_run_which_fails_begins_again(tab: TrainPage) -> None:
    tab.wait_for_state('Failed')
    assert 'Reset the run with a smaller learning rate' in tab.state()
    tab.fill('Learning rate', '0.01', panel='Selected run')
    tab.fill('Weight decay', '0', panel='Selected run')
    tab.press('Reset')
    tab.page.get_by_role('dialog').get_by_role('button', name='Reset').click()
    tab.wait_for_state('Finished')


@pytest.mark.long
def test_an_edited_network_is_saved_and_goes_on(session: Session, tmp_path: Path) -> None:
    with session.tab() as tab:
        tab.choose_little_data(FEW_EPOCHS)
        # It does not learn with these.
        tab.fill('Learning rate', '100')
        tab.fill('Weight decay', '1')
        tab.page.get_by_text('Network as text').click()
        text = tab.page.get_by_role('textbox', name='Network as JSON')
        text.fill(text.input_value().replace('"filters": 6', '"filters": 4'))
        layers = tab.page.get_by_role('region', name='Layers of the network')
        layers.get_by_text('4 x 28 x 28').wait_for()
        tab.press('Start')
        check_that_a_run_which_fails_begins_again(tab)
        title = 'LeNet-5, edited, SGD with momentum'
        assert tab.names() == [title]
        about = tab.page.get_by_role('region', name='Details of the run')
        about.get_by_text('4 x 28 x 28').wait_for()
        step = session.only_run().status().step
        tab.press(f'More: {title}')
        with tab.page.expect_download() as download:
            tab.page.get_by_role('menuitem', name='Save a snapshot').click()
        assert download.value.suggested_filename == 'LeNet-5-edited-SGD-with-momentum.safetensors'
        stored = tmp_path / 'snapshot.safetensors'
        download.value.save_as(stored)
        wrong = tmp_path / 'wrong.safetensors'
        wrong.write_bytes(stored.read_bytes()[:100])
        chooser = tab.page.locator('.nn-snapshot input[type=file]')
        chooser.set_input_files(wrong)
        tab.page.locator('.nn-snapshot').get_by_text('not a snapshot').wait_for()
        assert len(session.runs.list()) == 1
        chooser.set_input_files(stored)
        until(lambda: len(tab.names()) == 2)
        until(lambda: tab.number('Step') == step)
        until(lambda: tab.points('Accuracy by epoch') == 4 * FEW_EPOCHS)
        # Once more as many epochs.
        tab.press('Continue')
        until(lambda: tab.number('Step') == 2 * step)
        tab.wait_for_state('Finished')


def test_lines_are_smoothed_cut_and_cleared(session: Session) -> None:
    program = """async () => {
        const { Lines, smoothed, cut } = await import("/train/modules/lines.js");
        const lines = new Lines();
        const feed = (from, x, y) => lines.feed([{ id: "a", name: "A", from, x, y }]);
        const points = () => lines.shown()[0].points;
        const found = {};
        feed(0, [1, 2, 3], [9, 8, null]);
        feed(2, [3, 4], [7, 6]);
        found.fed = points();
        lines.clear();
        feed(4, [5], [5]);
        found.cleared = points();
        feed(0, [1], [9]);
        found.reset = points();
        found.smoothed = smoothed([[1, 1], [2, null], [3, 2]], 0.5);
        found.cut = cut([1, 2, 3, 4, 5].map((x) => [x, x]), 3);
        return found;
    }"""
    with module_page() as url:
        page = session.chromium.new_page()
        page.goto(url)
        found = page.evaluate(program)
        page.close()
    assert found['fed'] == [[1, 9], [2, 8], [3, 7], [4, 6]]
    assert found['cleared'] == [[5, 5]]
    # A run that begins anew is shown whole.
    assert found['reset'] == [[1, 9]]
    # (0.5 * 0.5 * 1 + 0.5 * 2) / (0.5 * 0.5 + 0.5)
    assert found['smoothed'] == [[1, 1], [2, None], [3, pytest.approx(5 / 3)]]
    assert found['cut'] == [[1, 1], [3, 3], [5, 5]]


def check_that_it_fits(tab: TrainPage) -> None:
    size = tab.page.viewport_size
    for width in (360, 1600):
        tab.page.set_viewport_size({'width': width, 'height': 800})
        assert tab.page.evaluate('document.documentElement.scrollWidth') <= width
    tab.page.set_viewport_size(size)


def test_a_preset_trains_at_once_is_steered_and_outlives_the_page(session: Session) -> None:
    with session.tab() as tab:
        tab.choose_little_data(MANY_EPOCHS)
        # With the keyboard; all else is on its way.
        tab.page.get_by_role('button', name='Start', exact=True).press('Enter')
        run = until(lambda: next(iter(session.runs.list()), None))
        until(lambda: run.status().step > 0)
        # How long the process takes to its first step is its own affair.
        began_s = time.monotonic()
        until(lambda: tab.points('Loss by batch') > 0)
        assert time.monotonic() - began_s < stretched(SHOWN_S)
        tab.wait_for_state('Training')
        assert tab.page.locator('.nn-run-title').inner_text() == 'LeNet-5, SGD with momentum'
        until(lambda: tab.points('Accuracy by epoch') > 1)
        assert tab.points('Training accuracy') == pytest.approx(
            tab.points('Loss by batch'), abs=20
        )
        losses = ('Loss', 'L2 loss (weight decay)')
        speeds = ('Examples a second', 'Forward', 'Backward and update')
        for name in ('Examples seen', *speeds, *losses):
            assert tab.number(name) > 0, name
        assert 0 <= tab.number('Validation accuracy') <= 100
        check_pause_and_rate(session, tab)
        # Paused, it costs nothing.
        check_rates(session, tab)
        check_step_and_reset(session, tab)
        assert session.served.memory_mb() < MEMORY_MB
        tab.press('Resume')
        tab.wait_for_state('Training')
        query = tab.page.evaluate('location.search')
    check_that_it_outlives_tabs_and_its_process(session, query)


def check_that_it_outlives_tabs_and_its_process(session: Session, query: str) -> None:
    run = session.only_run()
    step = run.status().step
    # Nobody looks, and it trains.
    until(lambda: run.status().step > step)
    with session.tab(query) as tab:
        until(lambda: tab.number('Step') > step)
        check_that_a_hidden_page_asks_nothing(tab)
        kill_process_of(session, run.name)
        tab.wait_for_state('Ended')
        assert 'has ended unexpectedly' in tab.state()
        assert session.served.process.poll() is None
        tab.press('Continue')
        tab.wait_for_state('Training')
        step = int(tab.number('Step'))
        until(lambda: tab.number('Step') > step)


@pytest.mark.long
def test_another_server_finds_a_run(session: Session) -> None:
    """The page is gone without a word, and comes back with the run."""
    run = session.runs.start(endless(title='Endless'))
    with session.tab() as tab:
        until(lambda: tab.number('Step') > 0)
        query = tab.page.evaluate('location.search')
    session.served.process.kill()
    session.served.process.wait()
    step = run.status().step
    with live_page(session.folder) as served:
        tab = open_train(session.chromium, f'{served.url}train{query}')
        until(lambda: tab.number('Step') > step)
        tab.watched.check()
        tab.page.close()


def kill_process_of(session: Session, name: str) -> None:
    """Kill the process of a run, which works in the folder of the run."""
    folder = session.runs.folder / name
    for entry in Path('/proc').iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / 'cwd').readlink() == folder:
                os.kill(int(entry.name), signal.SIGKILL)
                return
    raise AssertionError('no process works in the folder of the run')


def check_that_a_hidden_page_asks_nothing(tab: TrainPage) -> None:
    """A page that is hidden stays as it is while the run goes on."""
    say = """state => {
        Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    tab.page.evaluate(say, 'hidden')

    def stays() -> bool:
        before = tab.number('Step')
        tab.page.wait_for_timeout(1000)
        return tab.number('Step') == before

    # What was asked for before may still come.
    until(stays)
    step = tab.number('Step')
    tab.page.evaluate(say, 'visible')
    until(lambda: tab.number('Step') > step)
