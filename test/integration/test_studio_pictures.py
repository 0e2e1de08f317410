"""
The pictures of docs/studio.md show what the page shows: all views, light, dark, wide and narrow.

With ``NN_PERCEPTION_WRITE_PICTURES=docs/images`` the test writes them there.
"""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from browser import browser, FAKE_MEDIA, Watched
import cv2
import nn_perception
import numpy as np
from patience import PATIENCE_S, stretched
import pytest
from sound_page import clips_of, compose
from teach_page import add_class, best, card_of, until
from train_page import TrainPage

pytest.importorskip('nicegui')

SAMPLES = Path(nn_perception.__file__).parent / 'samples'
WIDE = {'width': 1280, 'height': 800}
NARROW = {'width': 390, 'height': 800}
JPEG_QUALITY = 85
# An empty page is one colour and a line of text.
LEAST_COLOURS = 500


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Serve the page without ROS."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'nn_perception.cli', 'studio', '--port', '0'],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'NN_PERCEPTION_DATA': str(tmp_path / 'data')},
    )
    assert process.stdout is not None
    yield process.stdout.readline().removeprefix('The page is at ').strip()
    process.send_signal(signal.SIGINT)
    assert process.wait(stretched(PATIENCE_S)) == 0
    process.stdout.close()


class Photographer:
    """Take pictures of a page, and check that they show something."""

    def __init__(self, page: Any, folder: Path) -> None:
        self.page = page
        self.folder = Path(os.environ.get('NN_PERCEPTION_WRITE_PICTURES') or folder)

    def take(self, name: str) -> None:
        path = self.folder / f'studio_{name}.jpg'
        self.page.evaluate('window.scrollTo(0, 0)')
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=path, type='jpeg', quality=JPEG_QUALITY)
        colours = np.unique(cv2.imread(str(path)).reshape(-1, 3), axis=0)
        assert len(colours) > LEAST_COLOURS


@pytest.mark.long
def test_all_views(address: str, tmp_path: Path, test_data: Path) -> None:
    watched = Watched()
    spoken = clips_of(test_data, 'stop', 40)[20:]
    microphone = compose(tmp_path / 'microphone.wav', spoken)
    flags = (*FAKE_MEDIA, f'--use-file-for-fake-audio-capture={microphone}')
    with browser(*flags) as chromium:
        page = chromium.new_page(viewport=WIDE, color_scheme='light')
        watched.watch(page)
        photographer = Photographer(page, tmp_path)
        show_live(page, address)
        photographer.take('live')
        show_digits(page, address)
        photographer.take('digits')
        show_train(page, address)
        photographer.take('train')
        show_layers(page, address)
        photographer.take('layers')
        show_character(page, address)
        photographer.take('character')
        show_teach(page, address, test_data / 'fewshot_trashnet')
        photographer.take('teach')
        show_sound(page, address, test_data)
        photographer.take('sound')
        page.emulate_media(color_scheme='dark')
        photographer.take('teach_dark')
        page.set_viewport_size(NARROW)
        show_digits(page, address)
        photographer.take('digits_phone')
        # Nothing is wider than a phone.
        for view in ('', 'digits', 'teach', 'sound', 'train', 'layers', 'character'):
            page.goto(address + view)
            page.wait_for_timeout(1000)
            width = page.evaluate('document.documentElement.scrollWidth')
            assert width <= NARROW['width'], view or 'live'
        watched.check()


def show_live(page: Any, address: str) -> None:
    """Show the clip of a person, with what is found in it."""
    page.goto(f'{address}?camera=samples:people&show=tags,poses')
    until(lambda: 'person' in (page.locator('canvas').first.get_attribute('aria-label') or ''))


def show_digits(page: Any, address: str) -> None:
    """Load an example, and wait until it is read."""
    page.goto(f'{address}digits')
    page.get_by_role('button', name='Example: 7').click()
    page.get_by_text('99.').first.wait_for()


def show_train(page: Any, address: str) -> None:
    """Train one network with two optimizers, and look at both."""
    page.goto(f'{address}train')
    train = TrainPage(page, Watched())
    page.get_by_text('samples to train with').wait_for()
    train.press('Compare optimizers')
    until(lambda: train.points('Accuracy by epoch') >= 12)


def show_layers(page: Any, address: str) -> None:
    """Look at the seven of the view Digits in all layers of LeNet-5."""
    page.goto(f'{address}layers?network=lenet5')
    page.get_by_text('7, 9').first.wait_for()
    page.get_by_role('button', name='Open all').click()
    # The layers open one after another.
    page.wait_for_timeout(3000)


def show_character(page: Any, address: str) -> None:
    """Let the people of a photograph move figures."""
    page.goto(f'{address}character')
    page.locator('input[type=file]').first.set_input_files(str(SAMPLES / 'skier.jpg'))
    page.get_by_text('in view').first.wait_for()
    until(lambda: 'Nobody' not in page.locator('.ch-status').inner_text())


def show_teach(page: Any, address: str, pictures: Path) -> None:
    """Teach three kinds of rubbish."""
    page.goto(f'{address}teach')
    for label in ('cardboard', 'glass', 'metal'):
        add_class(page, label)
        files = sorted(map(str, (pictures / label).iterdir()))[:20]
        card_of(page, label).locator('input[type=file]').first.set_input_files(files)
        card_of(page, label).get_by_text('20 pictures stored.').wait_for()
    train = page.get_by_role('button', name='Train', exact=True)
    until(train.is_enabled)
    train.click()
    page.get_by_text('Accuracy by class').wait_for()
    until(lambda: best(page))


def show_sound(page: Any, address: str, test_data: Path) -> None:
    """Teach two words, and hear one of them."""
    page.goto(f'{address}sound')
    for label in ('background', 'stop', 'yes'):
        if label != 'background':
            add_class(page, label)
        files = list(map(str, clips_of(test_data, label, 20)))
        card_of(page, label).locator('input[type=file]').first.set_input_files(files)
        card_of(page, label).get_by_text('stored').wait_for()
    train = page.get_by_role('button', name='Train', exact=True)
    until(train.is_enabled)
    train.click()
    page.get_by_text('Accuracy by class').wait_for()
    page.get_by_role('button', name="Browser's").click()
    until(lambda: best(page) == 'stop')
