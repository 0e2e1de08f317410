"""The view Live in Chromium: cameras, a webcam, dropped pictures and bags, with real networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
from pathlib import Path
import time
from typing import Any

from browser import browser, fake_webcam, Watched
import cv2
from live_page import live_page, LivePage
from nn_perception.core.files.folders import SAMPLES_FOLDER
from nn_perception.core.imaging.image_files import read_image
import numpy as np
from patience import wait_until
import pytest

# The sample video is slower than it is, as the processor has other things to do.
PAUSE_S = 0.2


@pytest.fixture(scope='module')
def webcam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an MJPEG that Chromium plays as a webcam: a cup of espresso."""
    image = cv2.resize(read_image(SAMPLES_FOLDER / 'espresso.jpg'), (640, 480))
    path = tmp_path_factory.mktemp('webcam') / 'espresso.mjpeg'
    path.write_bytes(cv2.imencode('.jpg', image)[1].tobytes() * 10)
    return path


@pytest.fixture(scope='module')
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePage]:
    """Serve the page in a process of its own."""
    with live_page(tmp_path_factory.mktemp('page'), pause_s=PAUSE_S) as page:
        yield page


@pytest.fixture(scope='module')
def chromium(webcam: Path) -> Iterator[Any]:
    """Run Chromium with a webcam."""
    with browser(*fake_webcam(str(webcam))) as started:
        yield started


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """Open a page in which nothing goes wrong."""
    watched = Watched()
    opened = chromium.new_page()
    watched.watch(opened)
    yield opened
    opened.close()
    watched.check()


def wait_for_words(page: Any, words: str) -> None:
    """Wait until what was found is said."""
    page.wait_for_function(
        """words => [...document.querySelectorAll('[aria-live=polite]')]
        .some((one) => one.textContent.includes(words))""",
        arg=words,
    )


def stays(value: Callable[[], Any], seconds: float) -> bool:
    """Tell whether something stays the same for some seconds."""
    before = value()
    time.sleep(seconds)
    return bool(value() == before)


def pixel(page: Any, x: float, y: float) -> list[int]:
    """Return the colour of the canvas at a place, in shares of its size."""
    found: list[int] = page.evaluate(
        """([x, y]) => {
        const canvas = document.querySelector('.nn-canvas');
        const copy = new OffscreenCanvas(canvas.width, canvas.height);
        const context = copy.getContext('2d', { willReadFrequently: true });
        context.drawImage(canvas, 0, 0);
        return [...context.getImageData(x * copy.width, y * copy.height, 1, 1).data];
        }""",
        [x, y],
    )
    return found


def test_a_camera_of_the_server(page: Any, served: LivePage) -> None:
    page.goto(served.url + '?camera=samples:people&show=poses')
    wait_for_words(page, 'person')
    for figure in ('ms old', '768 × 432', 'poses'):
        page.locator('.nn-figures', has_text=figure).wait_for()
    # Only what is shown is computed.
    assert 'tags' not in page.locator('.nn-figures').inner_text()
    check_freeze_and_save(page)
    check_that_a_hidden_page_costs_nothing(page, served)


def check_freeze_and_save(page: Any) -> None:
    page.get_by_role('switch', name='Freeze').click()
    # Frames move this pixel until the page has heard of it.
    wait_until(lambda: stays(lambda: pixel(page, 0.5, 0.5), 10 * PAUSE_S))
    before = pixel(page, 0.5, 0.5)
    with page.expect_download() as plain:
        page.get_by_role('button', name='Save picture').click()
    with page.expect_download() as drawn:
        page.get_by_role('button', name='Save with results').click()
    with page.expect_download() as found:
        page.get_by_role('button', name='Save JSON').click()
    image, overlay = (
        cv2.imdecode(np.fromfile(one.value.path(), np.uint8), cv2.IMREAD_COLOR)
        for one in (plain, drawn)
    )
    assert image.shape == overlay.shape == (432, 768, 3)
    assert (image != overlay).any()
    line = json.loads(Path(found.value.path()).read_text())
    assert line.keys() == {'file', 'people'}
    assert len(line['people'][0]['keypoints']) == 17
    time.sleep(0.5)
    assert pixel(page, 0.5, 0.5) == before
    page.get_by_role('switch', name='Freeze').click()


def check_that_a_hidden_page_costs_nothing(page: Any, served: LivePage) -> None:
    hide = """hidden => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(hide, True)
    wait_until(lambda: stays(served.encoded, 1.0))
    before = served.encoded()
    page.evaluate(hide, False)
    wait_until(lambda: served.encoded() > before)


def test_the_address_keeps_what_is_shown(page: Any, served: LivePage) -> None:
    page.goto(served.url + '?camera=samples:people&show=poses')
    page.get_by_role('switch', name='Tags').click()
    page.wait_for_url('**/?camera=samples:people&show=tags,poses')
    page.reload()
    assert page.get_by_role('switch', name='Tags').is_checked()
    assert not page.get_by_role('switch', name='Digits').is_checked()
    page.get_by_role('combobox', name='Camera').click()
    page.get_by_role('option', name='Sample photographs').click()
    page.wait_for_url('**/?camera=samples:photographs&show=tags,poses')


def test_a_webcam_and_another_source(page: Any, served: LivePage) -> None:
    page.add_init_script(
        """const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
            window.stream = await open(wanted);
            return window.stream;
        };
        """
    )
    page.goto(served.url + '?camera=webcam&show=tags')
    wait_for_words(page, 'espresso')
    page.locator('.nn-figures', has_text='640 × 480').wait_for()
    assert page.evaluate('window.stream.active')
    # Another source lets go of the webcam.
    page.get_by_role('combobox', name='Camera').click()
    page.get_by_role('option', name='Sample video with people').click()
    page.wait_for_function('() => !window.stream.active')
    assert page.evaluate("window.stream.getTracks().every((one) => one.readyState === 'ended')")


def test_a_refused_webcam_says_what_to_do(page: Any, served: LivePage) -> None:
    page.add_init_script(
        """navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException('no', 'NotAllowedError'); };"""
    )
    page.goto(served.url + '?camera=webcam')
    sentence = page.locator('.nn-view-sentence')
    sentence.wait_for()
    page.wait_for_function(
        "() => document.querySelector('.nn-view-sentence').textContent.includes('does not let')"
    )
    assert 'allow the camera' in sentence.inner_text()


def test_pictures_of_the_user(page: Any, served: LivePage, tmp_path: Path) -> None:
    page.goto(served.url + '?show=tags,digits,poses')
    files = [str(SAMPLES_FOLDER / 'skier.jpg'), str(SAMPLES_FOLDER / 'digits' / 'board.jpg')]
    page.locator('input[aria-label="Pictures or a video"]').set_input_files(files)
    wait_for_words(page, 'one person')
    page.get_by_role('button', name='Next picture').click()
    page.get_by_text('2 of 2').wait_for()
    wait_for_words(page, 'no people')
    # What is no picture is refused with a sentence.
    wrong = tmp_path / 'wrong.png'
    wrong.write_bytes(b'no picture')
    page.locator('input[aria-label="Pictures or a video"]').set_input_files(str(wrong))
    page.get_by_text('wrong.png is no picture that this browser can show.').first.wait_for()


def test_a_video_on_the_server(page: Any, served: LivePage) -> None:
    page.goto(served.url + '?show=poses')
    clip = SAMPLES_FOLDER / 'people' / 'walking.mp4'
    page.locator('input[aria-label="A bag"]').set_input_files(str(clip))
    page.wait_for_url('**/?camera=upload:*')
    wait_for_words(page, 'person')


def test_a_wrong_bag_is_refused_with_a_sentence(
    chromium: Any, served: LivePage, tmp_path: Path
) -> None:
    # The browser writes an error of its own on the console for each refused request.
    page = chromium.new_page()
    page.goto(served.url)
    wrong = tmp_path / 'wrong.mcap'
    wrong.write_bytes(b'no bag')
    page.locator('input[aria-label="A bag"]').set_input_files(str(wrong))
    page.get_by_text('wrong.mcap cannot be played').first.wait_for()
    page.close()


@pytest.mark.long
def test_a_threshold_is_changed(page: Any, served: LivePage) -> None:
    page.goto(served.url + '?camera=samples:photographs&show=tags')
    wait_for_words(page, '%')
    page.get_by_text('Tags: thresholds').click()
    page.get_by_role('slider', name='min score').first.focus()
    page.keyboard.press('End')
    page.get_by_text('min score: 1', exact=True).wait_for()
    page.wait_for_function(
        """() => ![...document.querySelectorAll('[aria-live=polite]')]
        .some((one) => one.textContent.includes('%'))""",
    )
    page.keyboard.press('Home')
    wait_for_words(page, '%')


def test_a_phone_has_room_for_it(chromium: Any, served: LivePage) -> None:
    page = chromium.new_page(viewport={'width': 360, 'height': 740})
    page.goto(served.url + '?camera=samples:people&show=tags')
    wait_for_words(page, '%')
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    page.close()


@pytest.mark.long
def test_the_page_survives_a_restart_of_the_server(
    chromium: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    page = chromium.new_page()
    folder = tmp_path_factory.mktemp('restart')
    with live_page(folder) as first:
        page.goto(first.url + '?camera=samples:people&show=poses')
        wait_for_words(page, 'person')
        port = first.port
    page.get_by_text('The server does not answer').first.wait_for()
    with live_page(folder, port=port):
        wait_for_words(page, 'person')
        page.wait_for_function(
            "() => !/ 0 frames/.test(document.querySelector('.nn-figures').textContent)"
        )
    page.close()
