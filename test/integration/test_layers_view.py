"""The view Layers in Chromium: networks, inputs, panels, and a run that trains meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any
import urllib.request

from browser import browser, FAKE_MEDIA, Watched
from layers_traffic import maps_of, Traffic
from live_page import live_page, LivePage
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.digits.single.pen_drawing import to_digit
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.training.inspection.inspectable import LookRequest
from nn_perception.training.inspection.models import ModelInspectors
import numpy as np
from patience import wait_until
import pytest

PATIENCE_MS = 120_000
# Shares of the pad.
SEVEN = ((0.35, 0.2), (0.65, 0.2), (0.45, 0.85))
# The scores of the page have been rounded on the way from the drawing to the network.
SAME = 2e-3


@pytest.fixture(scope='module')
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePage]:
    """Serve the page in a process of its own."""
    with live_page(tmp_path_factory.mktemp('page')) as page:
        yield page


@pytest.fixture(scope='module')
def page(served: LivePage) -> Iterator[Any]:
    """Open one page of Chromium for all tests, in which nothing goes wrong."""
    with browser(*FAKE_MEDIA) as chromium:
        watched = Watched()
        opened = chromium.new_context(viewport={'width': 1280, 'height': 900}).new_page()
        opened.set_default_timeout(PATIENCE_MS)
        watched.watch(opened)
        yield opened
        watched.check()


@pytest.fixture
def traffic(page: Any) -> Traffic:
    """Watch what the page and the server say."""
    return Traffic(page)


def open_view(page: Any, served: LivePage, query: str) -> None:
    page.goto(f'{served.url}layers?{query}')
    page.locator('.ly-view').wait_for()


def draw(page: Any, points: tuple[tuple[float, float], ...]) -> None:
    box = page.locator('.ly-pad canvas').bounding_box()
    places = [(box['x'] + x * box['width'], box['y'] + y * box['height']) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def row_of(page: Any, layer: str) -> list[str]:
    """Return the texts of the row of a layer in the table."""
    texts: list[str] = (
        page.locator(f'tr[data-layer="{layer}"]').locator('th, td').all_inner_texts()
    )
    return texts


def read_digit(served: LivePage, drawing: np.ndarray) -> dict[str, Any]:
    """Let the view Digits read a drawing."""
    height, width = drawing.shape
    address = f'{served.url}digits/read?mode=digit&width={width}&height={height}'
    request = urllib.request.Request(
        address, drawing.tobytes(), {'Origin': served.url.rstrip('/')}
    )

    def answer() -> dict[str, Any] | None:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read()) if response.status == 200 else None

    return dict(wait_until(answer, interval_s=0.1) or {})


def test_a_digit_from_the_pad(page: Any, traffic: Traffic, served: LivePage) -> None:
    open_view(page, served, 'network=lenet5&layers=none')
    traffic.look()
    draw(page, SEVEN)
    header, _ = traffic.look(lambda header: header['labels'][0] == '7')
    assert page.locator('[data-best]').inner_text().startswith('7, ')
    # Nothing is computed of layers that are closed.
    assert header['maps'] == []
    drawing = traffic.drawing()
    reader = DigitReader.open('lenet5', RunOptions(device='cpu', engine='onnxruntime'))
    expected = reader.classify(to_digit(drawing)[None])[0]
    reader.close()
    found = dict(zip(header['labels'], header['scores'], strict=True))
    assert [found[str(i)] for i in range(10)] == pytest.approx(expected[:10].tolist(), abs=SAME)
    # An output: its class and probability.
    last = page.locator('tr[data-layer]').last.get_attribute('data-layer')
    page.get_by_role('button', name=f'Open {last}').click()
    page.get_by_role('button', name=f'Values of {last}').click()
    page.get_by_role('button', name='Arithmetic of 7', exact=True).click()
    words = page.locator('[data-class]').inner_text()
    assert words == f'Class 7, probability {100 * header["scores"][0]:.1f} %'
    page.get_by_role('combobox', name='Network').click()
    page.get_by_role('option', name='digit_cnn').click()
    page.wait_for_url('**network=digit_cnn**')
    header, _ = traffic.look(lambda header: header['network'] == 'digit_cnn')
    networks = {one['name']: one['scores'] for one in read_digit(served, drawing)['networks']}
    found = dict(zip(header['labels'], header['scores'], strict=True))
    ranked = {str(i): score for i, score in enumerate(networks['cnn'][:10]) if str(i) in found}
    assert {label: found[label] for label in ranked} == pytest.approx(ranked, abs=SAME)


def test_an_open_layer(page: Any, traffic: Traffic, served: LivePage) -> None:
    open_view(page, served, 'network=lenet5&layers=none&input=pad')
    traffic.look()
    first = page.locator('tr[data-layer]').nth(1).get_attribute('data-layer')
    page.get_by_role('button', name=f'Open {first}').click()
    look = traffic.look(lambda header: header['maps'])
    assert [one['layer'] for one in look[0]['maps']] == [first]
    with_own = ModelInspectors()
    try:
        network = with_own.open('lenet5')
        own = network.look(LookRequest(traffic.drawing(), [first]))
        layer = next(one for one in network.layers() if one.name == first)
        element = (0, layer.shape[1] // 2, layer.shape[2] // 2)
        value, arithmetic = network.value(first, element), network.arithmetic(first, element)
        (region,) = network.region(first, element)
        network.close()
    finally:
        with_own.close()
    np.testing.assert_array_equal(maps_of(look)[first], own.maps[0].values)
    low, high = own.maps[0].low, own.maps[0].high
    assert (look[0]['maps'][0]['low'], look[0]['maps'][0]['high']) == (low, high)
    mean = low + own.maps[0].values.mean() / 255 * (high - low)
    traffic.wait(lambda: row_of(page, first)[4] != '–')
    cells = row_of(page, first)
    assert cells[2] == ' × '.join(map(str, layer.shape))
    assert cells[3] == f'{layer.parameters:,}'
    assert [float(cell) for cell in cells[4:7]] == pytest.approx([low, high, mean], rel=1e-3)

    # An element of the table: the arithmetic that made it.
    page.get_by_role('button', name=f'Values of {first}').click()
    page.get_by_role('button', name=f'Arithmetic of {", ".join(map(str, element))}').click()
    page.locator('[data-sum]').wait_for()
    asked = traffic.wait(
        lambda: next((one for one in traffic.texts if 'arithmetic' in one), None)
    )['arithmetic']
    assert asked['value'] == pytest.approx(arithmetic.value, rel=1e-6)
    np.testing.assert_allclose(asked['terms'][0]['kernel'], arithmetic.terms[0].kernel)
    total = sum(term['total'] for term in asked['terms']) + asked['bias']
    assert total == pytest.approx(arithmetic.value, rel=1e-4, abs=1e-6)
    assert f'bias {arithmetic.bias:.4g}' in page.locator('[data-sum]').inner_text()

    # The same by keyboard, in the scene.
    page.evaluate("() => document.querySelector('.ly-scene [tabindex]').focus()")
    page.keyboard.press('Home')
    page.keyboard.press('PageDown')
    page.keyboard.press('PageDown')
    page.keyboard.press('Shift+ArrowRight')
    answer = traffic.wait(lambda: next((one for one in traffic.texts if 'regions' in one), None))
    assert answer['regions'][0]['layer'] == region.layer
    assert np.isfinite(value)
    traffic.wait(lambda: 'value' in page.locator('[data-hover]').inner_text())
    page.get_by_role('button', name='Close all').click()
    traffic.look(lambda header: not header['maps'])


def test_where_the_network_looked(page: Any, traffic: Traffic, served: LivePage) -> None:
    open_view(page, served, 'network=efficientnet_lite0&input=example&value=cat')
    traffic.look()
    page.locator('.ly-seen .q-toggle').click()
    header, content = traffic.look(lambda header: header['attention'])
    page.wait_for_url('**attention=1**')
    height, width = header['attention']
    attention = np.frombuffer(content[-height * width :], np.uint8)
    assert attention.max() == 255
    tagger = Tagger.open('efficientnet_lite0')
    tags = tagger.tag(read_image(SAMPLES_FOLDER / 'cat.jpg'), top_k=1)
    tagger.close()
    assert header['labels'][0] == tags[0].label
    assert 'Bright where' in page.locator('.ly-seen').inner_text()
    # A picture of the user.
    page.get_by_role('button', name='Picture', exact=True).click()
    file = Path(SAMPLES_FOLDER / 'espresso.jpg')
    page.locator('.ly-input input[type=file]').set_input_files(str(file))
    header, _ = traffic.look(lambda header: header['picture'] > 0)
    assert 'espresso' in header['labels']
    page.locator('.ly-input input[type=file]').set_input_files(
        {'name': 'a.png', 'mimeType': 'image/png', 'buffer': b'no picture'}
    )
    sentence = page.locator('.ly-input .nn-problem')
    traffic.wait(lambda: 'no picture' in sentence.inner_text())


def test_live_cameras_and_a_hidden_tab(page: Any, traffic: Traffic, served: LivePage) -> None:
    open_view(page, served, 'network=lenet5&input=camera&value=samples:people')
    seen = len(traffic.looks)
    traffic.wait(lambda: len(traffic.looks) >= seen + 10)
    assert traffic.looks[-1][0]['maps']
    hide = """hidden => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(hide, True)
    traffic.wait(lambda: traffic.closed == traffic.opened)
    seen = len(traffic.looks)

    def encodes_nothing() -> bool:
        before = served.encoded()
        page.wait_for_timeout(500)
        return served.encoded() == before

    # The camera is not watched any more.
    traffic.wait(encodes_nothing)
    assert len(traffic.looks) == seen
    page.evaluate(hide, False)
    traffic.wait(lambda: len(traffic.looks) > seen)
    page.get_by_role('combobox', name='Camera').click()
    page.get_by_role('option', name='Webcam of this browser').click()
    traffic.look(lambda header: header['picture'] > 0)
    page.get_by_role('button', name='Examples').click()
    traffic.look(lambda header: header['picture'] == 0)


@pytest.mark.long
def test_layers_of_a_run_that_trains(page: Any, traffic: Traffic, served: LivePage) -> None:
    open_view(page, served, 'network=lenet5')
    page.get_by_role('button', name='Train a new LeNet-5').click()
    page.locator('.ly-run').wait_for()
    page.wait_for_url('**network=run**')
    first = traffic.look(lambda header: header['network'].startswith('run:') and header['maps'])
    step = int(page.locator('[data-batch]').inner_text().replace(',', ''))
    traffic.wait(lambda: int(page.locator('[data-batch]').inner_text().replace(',', '')) > step)
    later = traffic.look(lambda header: header['maps'])
    name = first[0]['maps'][1]['layer']
    assert (maps_of(first)[name] != maps_of(later)[name]).any()
    page.get_by_role('button', name='Stop', exact=True).click()
    start = page.get_by_role('button', name='Start', exact=True)
    traffic.wait(start.is_enabled)
    assert float(page.locator('[data-loss]').inner_text()) > 0
    assert page.locator('[data-accuracy]').inner_text().endswith('%')
    page.get_by_role('button', name='Reset', exact=True).click()
    traffic.wait(lambda: int(page.locator('[data-batch]').inner_text().replace(',', '')) <= step)
    page.get_by_role('button', name='Test samples', exact=True).click()
    traffic.look(lambda header: header['picture'] == 0)
    page.get_by_role('button', name='Next test sample').click()
    page.wait_for_url('**value=1**')


def test_the_page_never_imports_torch(served: LivePage) -> None:
    libraries = Path(f'/proc/{served.process.pid}/maps').read_text()
    assert 'libtorch' not in libraries
