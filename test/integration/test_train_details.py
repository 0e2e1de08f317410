"""The tabs about a run in Chromium: what they show is what the run says, computed otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
import os
from pathlib import Path
import re
import signal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from browser import browser
import cv2
from live_page import live_page, LivePage
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.inspection.records import Maps
from nn_perception.training.inspection.inspectable import LookRequest
from nn_perception.training.runs.records import Prediction, RunState
from nn_perception.training.runs.run import Run
from nn_perception.training.runs.store.run_store import RunStore
import numpy as np
from numpy.typing import NDArray
import pytest
from safetensors.numpy import load_file
from small_runs import endless, SETTINGS, wait_for
from train_page import open_train, TrainPage, until

TEST_SAMPLES, SHOWN = 500, 20
HIDDEN_MS, WATCHED_MS = 700, 2000
WORDS = re.compile(r'(?:map|filter) (\d+), row (\d+), column (\d+): (\S+)')


class Details:
    """A finished run, and the page that shows it."""

    def __init__(self, folder: Path, served: LivePage, chromium: Any) -> None:
        self.folder, self.served, self.chromium = folder, served, chromium
        self.runs = RunStore(folder / 'nn_perception' / 'runs')
        self.run: Run = self.runs.start(replace(SETTINGS, title='Small', epochs=3, limit=400))
        wait_for(self.run, RunState.FINISHED)
        self.tab: TrainPage = open_train(chromium, f'{served.url}train')
        self.tab.page.locator('.nn-run-name').wait_for()

    @property
    def page(self) -> Any:
        return self.tab.page

    def open(self, title: str, wait_for: str) -> Any:
        """Open a tab, and return what it shows."""
        self.page.get_by_role('tab', name=title).click()
        found = self.page.locator(wait_for)
        try:
            until(found.is_visible)
        except TimeoutError as error:
            region = self.page.get_by_role('region', name='Details of the run')
            raise AssertionError(f'{region.inner_text()} {self.run.status()}') from error
        return found

    def predictions(self) -> tuple[Prediction, ...]:
        """Return what the run says about all test samples."""
        return self.run.predictions(range(TEST_SAMPLES))

    def close(self) -> None:
        self.tab.page.close()
        for found in self.runs.list():
            self.runs.delete(found.name)


@pytest.fixture(scope='module')
def details(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Details]:
    folder = tmp_path_factory.mktemp('details')
    with live_page(folder) as served, browser() as chromium:
        opened = Details(folder, served, chromium)
        try:
            yield opened
        finally:
            opened.close()


@pytest.fixture(autouse=True)
def _nothing_forbidden(details: Details) -> Iterator[None]:
    yield
    details.tab.watched.check()


def test_the_numbers_of_layers_are_those_of_their_tensors(
    details: Details, tmp_path: Path
) -> None:
    layers = details.open('Layers', '.nn-layers')
    for layer in details.run.layers():
        row = layers.locator(f'tbody[data-layer="{layer.name}"] tr').first
        cells = row.locator('td').all_inner_texts()[:3]
        assert cells == [
            layer.title or layer.kind,
            ' x '.join(map(str, layer.shape)),
            f'{layer.parameters:,}',
        ]
    conv = next(layer.name for layer in details.run.layers() if layer.kind == 'conv')
    place = layers.locator(f'tbody[data-layer="{conv}"]')
    place.get_by_role('button', name=conv).click()
    details.run.write_checkpoint(tmp_path / 'small.safetensors')
    stored = load_file(tmp_path / 'small.safetensors')
    (weight,) = (values for values in stored.values() if values.ndim == 4)
    check_row(place.locator('tr[data-tensor="weight"]'), weight)
    bars = place.locator('tr[data-tensor="weight"] svg').get_attribute('aria-label')
    counts = [int(count) for count in str(bars).partition(': ')[2].split(', ')]
    assert counts == np.histogram(weight, 32)[0].tolist()
    check_maps(details, place, conv, weight)


def check_row(row: Any, values: NDArray[np.float32]) -> None:
    row.wait_for()
    cells = row.locator('td').all_inner_texts()
    assert cells[1] == ' x '.join(map(str, values.shape))
    numbers = [float(cell) for cell in cells[4:7]]
    assert numbers == pytest.approx([values.min(), values.max(), values.mean()], rel=1e-3)
    zeros = int((values == 0).sum())
    assert cells[7:10] == [f'{zeros} of {values.size}', '0', '0']


def check_maps(details: Details, place: Any, layer: str, weight: NDArray[np.float32]) -> None:
    """Keys go from value to value, and the values are those of the run."""
    for tensor in ('activations', 'gradients', 'weights', 'weight_gradients'):
        figure = place.locator(f'figure[data-tensor="{tensor}"]')
        figure.locator('canvas[data-step]').wait_for()
        found = details.run.maps(layer, tensor, 0)
        exact = weight if tensor == 'weights' else real(found)
        check_values(figure, exact.reshape(-1, *exact.shape[-2:]), found)
    # Another sample has other activations, but the same weights.
    figure = place.locator('figure[data-tensor="activations"]')
    details.page.get_by_label('Test sample', exact=True).fill('3')
    details.page.get_by_label('Test sample', exact=True).blur()
    found = details.run.maps(layer, 'activations', 3)
    legend = figure.locator('.nn-maps-legend span')
    until(lambda: float(legend.first.inner_text()) == pytest.approx(found.low, rel=1e-3))
    check_values(figure, real(found), found)
    # Ten at once.
    ten = details.page.get_by_role('checkbox', name='Ten samples')
    ten.check()
    until(lambda: figure.count() == 10)
    assert figure.last.locator('figcaption').inner_text().startswith('Activations, sample 12')
    figure.last.locator('canvas[data-step]').wait_for()
    ten.uncheck()
    until(lambda: figure.count() == 1)


def real(maps: Maps) -> NDArray[np.float64]:
    return maps.low + maps.values / 255 * (maps.high - maps.low)


def check_values(figure: Any, exact: NDArray[Any], maps: Maps) -> None:
    canvas = figure.locator('canvas')
    canvas.blur()
    canvas.focus()
    for key in ('', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowLeft'):
        if key:
            canvas.press(key)
        words = WORDS.fullmatch(figure.locator('.nn-maps-value').inner_text())
        assert words
        at, row, column = map(int, words.groups()[:3])
        step = (maps.high - maps.low) / 255
        shown = float(words[4])
        assert shown == pytest.approx(exact[at, row, column], abs=step, rel=1e-3)
    assert (at, row, column) == (0, 1, 1)
    # The mouse finds the same value, and the colours differ where values do.
    box = canvas.bounding_box()
    canvas.blur()
    side = box['height'] / exact.shape[-2] if len(exact) == 2 else 0
    if side:
        canvas.hover(position={'x': 1.5 * side, 'y': 1.5 * side})
        words = WORDS.fullmatch(figure.locator('.nn-maps-value').inner_text())
        assert words
        assert words.groups()[:3] == ('0', '1', '1')
    colours = len(np.unique(pixels(canvas).reshape(-1, 4), axis=0))
    assert colours > 2


def pixels(canvas: Any) -> NDArray[np.uint8]:
    """Return what a canvas shows, uint8 RGBA, ``(H, W, 4)``."""
    height, width, values = canvas.evaluate(
        """one => {
            const copy = new OffscreenCanvas(one.width, one.height);
            const context = copy.getContext("2d", { willReadFrequently: true });
            context.drawImage(one, 0, 0);
            const image = context.getImageData(0, 0, one.width, one.height);
            return [one.height, one.width, [...image.data]];
        }"""
    )
    return np.array(values, np.uint8).reshape(height, width, 4)


def test_samples_are_right_or_wrong(details: Details) -> None:
    samples = details.open('Test samples', '.nn-samples')
    predictions = details.predictions()
    check_samples(samples, predictions[:SHOWN])
    right = [one.top[0] == one.truth for one in predictions]
    details.tab.press('Next 20')
    samples.get_by_text('Test samples 20 to 39').wait_for()
    check_samples(samples, predictions[SHOWN : 2 * SHOWN])
    share = 100 * np.mean(right[: 2 * SHOWN])
    assert samples.locator('[data-accuracy]').inner_text() == (
        f'{share:.1f} % right: {sum(right[: 2 * SHOWN])} of the last 40 looked at'
    )
    # The last ones come before the first ones.
    details.tab.press('Previous 20')
    samples.get_by_text('Test samples 0 to 19').wait_for()
    details.tab.press('Previous 20')
    samples.get_by_text('Test samples 480 to 499').wait_for()
    details.tab.press('Next 20')
    samples.get_by_text('Test samples 0 to 19').wait_for()


def check_samples(place: Any, predictions: Sequence[Prediction]) -> None:
    examples = place.locator('.nn-example')
    until(lambda: examples.count() == len(predictions))
    for figure, one in zip(examples.all(), predictions, strict=True):
        check_sample(figure, one)


def check_sample(figure: Any, one: Prediction) -> None:
    assert figure.get_attribute('data-index') == str(one.index)
    mark = 'right' if one.top[0] == one.truth else 'wrong'
    assert figure.locator('.nn-mark-of').get_attribute('aria-label') == mark
    assert figure.locator('.nn-truth').inner_text() == str(one.truth)
    assert figure.locator('.nn-top-label').all_inner_texts() == [str(at) for at in one.top]
    shown = [float(text[:-2]) for text in figure.locator('.nn-top-score').all_inner_texts()]
    assert shown == pytest.approx([100 * score for score in one.scores], abs=0.06)
    picture = figure.locator('img')
    until(lambda: picture.evaluate('one => one.complete && one.naturalWidth') == 28)


def test_the_evaluation_equals_one_by_hand(details: Details) -> None:
    view = details.open('Evaluation', '.nn-evaluation')
    predictions = details.predictions()
    counts = np.zeros((10, 10), int)
    for one in predictions:
        counts[one.truth, one.top[0]] += 1
    side = view.locator('[data-side="now"]')
    shown = [
        [int(cell) for cell in row.locator('td').all_inner_texts()]
        for row in side.locator('.nn-matrix tbody tr').all()
    ]
    assert shown == counts.tolist()
    assert sum(map(sum, shown)) == TEST_SAMPLES
    share = 100 * np.trace(counts) / TEST_SAMPLES
    assert f'{share:.1f} % of {TEST_SAMPLES} test samples' in view.inner_text()
    for at, row in enumerate(side.locator('.nn-class-bars tbody tr').all()):
        accuracy, right, total = row.locator('td').all_inner_texts()
        assert (int(right), int(total)) == (counts[at, at], counts[at].sum())
        assert accuracy.strip() == f'{100 * counts[at, at] / counts[at].sum():.1f} %'
    check_cell(view, side, predictions, counts)
    check_worst(view, predictions)
    before = details.run.evaluate(before_training=True)
    other = view.locator('[data-side="before"]')
    assert other.locator('h3').inner_text() == f'Before training: {100 * before.accuracy:.1f} %'
    assert 100 * before.accuracy < share
    first = other.locator('.nn-matrix tbody tr').first.locator('td').all_inner_texts()
    assert first == [str(count) for count in before.confusion[0]]


def check_cell(
    view: Any, side: Any, predictions: Sequence[Prediction], counts: NDArray[Any]
) -> None:
    """Choose the mistake that is made most often, by keyboard."""
    wrong = counts - np.diag(np.diag(counts))
    truth, said = map(int, np.unravel_index(wrong.argmax(), wrong.shape))
    cell = side.locator('.nn-matrix tbody tr').nth(truth).locator('td').nth(said)
    button = cell.get_by_role('button')
    assert button.get_attribute('title') == button.get_attribute('aria-label')
    assert f'truth {truth}, prediction {said}: {counts[truth, said]}' in str(
        button.get_attribute('title')
    )
    button.focus()
    button.press('Enter')
    examples = view.get_by_role('region', name='Examples of a cell')
    examples.get_by_text(f'truth {truth}, prediction {said}').wait_for()
    expected = [one for one in predictions if (one.truth, one.top[0]) == (truth, said)]
    check_samples(examples, expected[:40])


def check_worst(view: Any, predictions: Sequence[Prediction]) -> None:
    """The worst mistakes are wrong, and the surest of it."""
    wrong = sorted((one for one in predictions if one.top[0] != one.truth), key=_score)
    figures = view.get_by_role('region', name='Worst mistakes').locator('.nn-example').all()
    assert len(figures) == min(len(wrong), 20)
    by_index = {one.index: one for one in predictions}
    shown = [by_index[int(figure.get_attribute('data-index'))] for figure in figures]
    assert [_score(one) for one in shown] == pytest.approx(
        [_score(one) for one in wrong[: len(shown)]], abs=1e-5
    )
    for figure, one in zip(figures[:3], shown, strict=False):
        check_sample(figure, one)


def _score(one: Prediction) -> float:
    return -one.scores[0]


def test_a_picture_of_ones_own_is_read(details: Details, tmp_path: Path) -> None:
    own = details.open('Try it', '.nn-own')
    own.get_by_text('Nothing is drawn yet.').wait_for()
    picture = np.full((200, 160, 3), 250, np.uint8)
    cv2.putText(picture, '4', (40, 150), cv2.FONT_HERSHEY_SIMPLEX, 5, (90, 20, 10), 12)
    path = tmp_path / 'four.png'
    cv2.imwrite(str(path), picture)
    own.locator('input[type=file]').set_input_files(path)
    own.locator('[data-answer]').wait_for()
    look = details.run.look(LookRequest(np.ascontiguousarray(picture[..., ::-1])))
    check_answer(own, look)
    wrong = tmp_path / 'wrong.png'
    wrong.write_bytes(path.read_bytes()[:60])
    own.locator('input[type=file]').set_input_files(wrong)
    own.locator('.nn-problem').filter(has_text='The picture').wait_for()
    details.tab.press('Back to the pad')
    check_drawing(details, own)


def check_answer(own: Any, look: Any) -> None:
    best = f'{look.labels[0]}, {100 * look.scores[0]:.1f} %'
    assert own.locator('[data-answer]').inner_text() == best
    assert own.locator('.nn-top-label').all_inner_texts() == list(look.labels[:3])
    shown = pixels(own.locator('.nn-seen canvas'))
    assert shown.shape[:2] == look.seen.shape[:2]
    assert np.array_equal(shown[..., :3], look.seen)


def check_drawing(details: Details, own: Any) -> None:
    """The drawing of the pad is read after each stroke."""
    box = own.locator('.nn-own-pad canvas').bounding_box()
    mouse = details.page.mouse
    x, y = box['x'] + box['width'] / 2, box['y'] + 30
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, y + box['height'] - 60, steps=5)
    with details.page.expect_request('**/train/details/look?*') as sent:
        mouse.up()
    query = parse_qs(urlsplit(sent.value.url).query)
    size = int(query['height'][0]), int(query['width'][0])
    drawing = np.frombuffer(sent.value.post_data_buffer, np.uint8).reshape(size)
    look = details.run.look(LookRequest(drawing))
    until(lambda: own.locator('[data-answer]').count() == 1)
    check_answer(own, look)
    details.tab.press('Clear')
    own.get_by_text('Nothing is drawn yet.').wait_for()


def test_the_run_becomes_a_checkpoint(details: Details, tmp_path: Path) -> None:
    use = details.open('Use it', '.nn-use')
    field = use.get_by_role('textbox', name='Name of the checkpoint')
    assert field.input_value() == 'Small'
    folder = details.folder / 'nn_perception' / 'checkpoints'
    field.fill('../outside')
    details.tab.press('Write it')
    use.get_by_text('cannot be the name of a checkpoint').wait_for()
    assert not folder.exists()
    field.fill('my digits')
    details.tab.press('Write it')
    use.get_by_text('Written after step').wait_for()
    path = folder / 'my digits.safetensors'
    commands = use.locator('code').all_inner_texts()
    assert commands == [
        f"ros2 run nn_perception digit_reader --ros-args -p 'model:={path}'",
        f"nn_perception digits --model '{path}' PICTURE",
    ]
    with details.page.expect_download() as download:
        details.tab.press('Download')
    download.value.save_as(tmp_path / 'downloaded.safetensors')
    assert (tmp_path / 'downloaded.safetensors').read_bytes() == path.read_bytes()
    check_checkpoint(details.run, path)
    # Nothing is replaced without a question.
    written = path.stat().st_mtime_ns
    details.tab.press('Write it')
    details.page.get_by_role('dialog').get_by_role('button', name='Cancel').click()
    assert path.stat().st_mtime_ns == written


def check_checkpoint(run: Run, path: Path) -> None:
    """The checkpoint says about a test sample what the run says."""
    # An export would take a process of its own.
    model = LoadedModel.open(str(path), RunOptions(engine='torch', device='cpu'))
    preprocessing = model.checkpoint.preprocessing
    (prediction,) = run.predictions([7])
    values = run.test_picture(7).astype(np.float32)
    batch = (values - preprocessing.mean[0]) / preprocessing.std[0]
    logits = model(batch[None, None].astype(np.float32))[0].astype(float)
    scores = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert model.checkpoint.labels == tuple('0123456789')
    assert tuple(np.argsort(-scores)[:3]) == prediction.top
    assert np.sort(scores)[::-1][:3] == pytest.approx(prediction.scores, abs=1e-4)


def test_the_walk_through_points_to_what_it_speaks_of(details: Details) -> None:
    page = details.page
    details.tab.press('Walk-through')
    walk = page.get_by_role('complementary', name='Walk-through')
    steps = int(walk.get_by_text('Step 1 of').inner_text().rpartition(' ')[2])
    pointed = page.locator('.nn-walk-target')
    for step in range(1, steps + 1):
        walk.get_by_text(f'Step {step} of {steps}').wait_for()
        assert walk.locator('[aria-live=polite] p').count() == 3
        page.keyboard.press('ArrowRight')
        if step < steps:
            pointed.wait_for()
            assert walk.locator('[role=status]').inner_text() == ''
    # The last one speaks of the last tab.
    page.locator('.nn-use.nn-walk-target').wait_for()
    page.keyboard.press('ArrowLeft')
    walk.get_by_text(f'Step {steps - 1} of {steps}').wait_for()
    details.tab.press('Show me')
    until(lambda: page.evaluate('!!document.activeElement.closest(".nn-own")'))
    walk.get_by_role('button', name='Next').press('Escape')
    page.get_by_role('button', name='Walk-through', exact=True).wait_for()


@pytest.mark.parametrize('width', [360, 1600])
def test_the_tabs_fit(details: Details, width: int) -> None:
    page = details.page
    size = page.viewport_size
    page.set_viewport_size({'width': width, 'height': 800})
    for title, wanted in (
        ('Layers', '.nn-layers'),
        ('Test samples', '.nn-samples'),
        ('Evaluation', '.nn-evaluation'),
        ('Try it', '.nn-own'),
        ('Use it', '.nn-use'),
    ):
        details.open(title, wanted)
        assert page.evaluate('document.documentElement.scrollWidth') <= width, title
    page.set_viewport_size(size)


@pytest.mark.long
def test_a_run_that_trains_is_asked_while_somebody_looks(details: Details) -> None:
    run = details.runs.start(endless(title='Endless'))
    page = details.page
    page.get_by_role('button', name=re.compile('^Endless')).click()
    layers = details.open('Layers', '.nn-layers')
    conv = next(layer.name for layer in run.layers() if layer.kind == 'conv')
    layers.get_by_role('button', name=conv).click()
    canvas = layers.locator('figure[data-tensor="weights"] canvas[data-step]')
    canvas.wait_for()
    step = canvas.get_attribute('data-step')
    until(lambda: canvas.get_attribute('data-step') != step)
    asked: list[str] = []
    page.on('request', lambda one: asked.append(one.url))

    def asked_for() -> int:
        return sum('/train/details/maps' in url and 'tensor=weights' in url for url in asked)

    page.wait_for_timeout(WATCHED_MS)
    # Twice a second at most.
    assert 1 <= asked_for() <= 2 * WATCHED_MS / 1000 + 1
    hide(page, 'hidden')
    page.wait_for_timeout(HIDDEN_MS)
    asked.clear()
    page.wait_for_timeout(HIDDEN_MS)
    assert asked == []
    with page.expect_request('**/train/details/maps?*'):
        hide(page, 'visible')
    check_sudden_end(details, run)


def hide(page: Any, state: str) -> None:
    page.evaluate(
        """state => {
            Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


def check_sudden_end(details: Details, run: Run) -> None:
    """The process dies: the tabs say so, and the page goes on."""
    for entry in Path('/proc').iterdir():
        if entry.name.isdigit() and _works_in(entry, details.runs.folder / run.name):
            os.kill(int(entry.name), signal.SIGKILL)
    details.tab.wait_for_state('Ended')
    place = details.page.get_by_role('tabpanel')
    place.locator('.nn-problem').filter(has_text='ended').first.wait_for()
    details.open('Try it', '.nn-own')
    use = details.open('Use it', '.nn-use')
    for button in ('Write it', 'Download'):
        details.tab.press(button)
        use.locator('.nn-problem').filter(has_text='ended').wait_for()
    details.page.get_by_role('button', name=re.compile('^Small')).click()
    details.open('Test samples', '.nn-samples').locator('.nn-example').first.wait_for()
    assert details.served.process.poll() is None


def _works_in(entry: Path, folder: Path) -> bool:
    try:
        return (entry / 'cwd').readlink() == folder
    except OSError:
        return False
