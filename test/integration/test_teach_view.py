"""The view Teach in Chromium, with the dataset and the model store of this machine."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import hashlib
import io
import json
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time
from typing import Any
import urllib.error
import urllib.parse
import urllib.request
import zipfile

from browser import browser, FAKE_MEDIA, Watched
import cv2
import numpy as np
from patience import HANGS_S, stretched, wait_until
import pytest
from teach_page import add_class, best, card_of, count_of, drawing, picture, until

SERVER = Path(__file__).parents[1] / 'support' / 'teach_server.py'
OPENS_S = 2.0
MEMORY_MB = 250


class Server:
    """The page, in a process of its own."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(SERVER), str(folder), str(port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url
        self.port = urllib.parse.urlsplit(self.url).port or 0

    @property
    def memory_mb(self) -> float:
        status = Path(f'/proc/{self.process.pid}/status').read_text()
        found = re.search(r'VmRSS:\s+(\d+) kB', status)
        assert found
        return int(found[1]) / 1024

    def post(self, path: str, body: bytes) -> tuple[int, str]:
        """Send a request as the page does."""
        request = urllib.request.Request(
            self.url.rstrip('/') + path, body, {'Origin': self.url.rstrip('/')}
        )
        try:
            with urllib.request.urlopen(request, timeout=HANGS_S) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def show(self, image: np.ndarray) -> None:
        """Let the camera see something else."""
        cv2.imwrite(str(self.folder / 'new.png'), image)
        os.replace(self.folder / 'new.png', self.folder / 'camera.png')

    def stop(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(HANGS_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[Server]:
    server = Server(folder, port)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope='module')
def chromium() -> Iterator[Any]:
    """Run Chromium with a webcam."""
    with browser(*FAKE_MEDIA) as started:
        yield started


def open_view(chromium: Any, server: Server) -> tuple[Any, Watched]:
    page = chromium.new_page(viewport={'width': 1400, 'height': 1000})
    watched = Watched()
    watched.watch(page)
    page.goto(f'{server.url}teach')
    return page, watched


def add_pictures(page: Any, label: str, kind: str, count: int) -> None:
    card = card_of(page, label)
    card.locator('input[type=file]').first.set_input_files(
        [picture(kind, n) for n in range(count)]
    )
    card.get_by_text(f'{count} pictures stored.').wait_for()
    until(lambda: count_of(page, label) == count)


def test_teach_train_and_roll_back(chromium: Any, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        page, watched = open_view(chromium, server)
        train = page.get_by_role('button', name='Train', exact=True)
        page.get_by_text('Training needs two classes').wait_for()
        assert train.is_disabled()

        add_class(page, 'stripes')
        add_class(page, 'ball')
        add_pictures(page, 'stripes', 'stripes', 12)
        add_pictures(page, 'ball', 'ball', 12)
        wrong = {'name': 'notes.txt', 'mimeType': 'text/plain', 'buffer': b'no picture'}
        card_of(page, 'ball').locator('input[type=file]').first.set_input_files([wrong])
        card_of(page, 'ball').get_by_text('contains no pictures').wait_for()

        server.show(drawing('stripes', 99))
        until(train.is_enabled)
        train.click()
        page.get_by_text('Accuracy by class').wait_for()
        until(lambda: best(page) == 'stripes')
        assert 'unknown' in page.locator('.nn-bar-name').all_inner_texts()
        until(lambda: page.locator('.nn-nearest li').count() == 3)
        assert 'stripes' in page.locator('.nn-nearest li').first.inner_text()

        check_confusion(page)
        check_rename_and_roll_back(page)
        check_deletion(page)
        check_downloads(server)

        # Everything is there again after a reload, and for a second browser.
        page.reload()
        other, _ = open_view(chromium, server)
        for one in (page, other):
            card_of(one, 'stripes').wait_for()
            one.get_by_text('Accuracy by class').wait_for()
        watched.check()
        page.close()
        other.close()


def check_confusion(page: Any) -> None:
    cell = page.locator('.nn-confusion td button').first
    count = int(cell.inner_text())
    cell.focus()
    page.keyboard.press('Enter')
    listbox = page.get_by_role('listbox')
    listbox.wait_for()
    until(lambda: page.get_by_role('option').count() == count)
    page.keyboard.press('Escape')
    listbox.wait_for(state='hidden')


def check_downloads(server: Server) -> None:
    def download(kind: str) -> bytes:
        with urllib.request.urlopen(f'{server.url}teach/download/{kind}') as response:
            return bytes(response.read())

    with zipfile.ZipFile(io.BytesIO(download('dataset?label=stripes'))) as archive:
        assert sum(name.endswith('.png') for name in archive.namelist()) == 12
    with zipfile.ZipFile(io.BytesIO(download('zip'))) as archive:
        names = {Path(name).name for name in archive.namelist()}
    assert {'model.onnx', 'checkpoint.safetensors', 'use_onnx.py'} <= names
    (version,) = (server.folder / 'models' / 'taught').glob('active')
    assert download('checkpoint') == (version / 'checkpoint.safetensors').read_bytes()


def check_rename_and_roll_back(page: Any) -> None:
    rows = page.get_by_role('region', name='Versions').locator('tbody tr')
    until(lambda: rows.count() == 1)
    name = card_of(page, 'stripes').get_by_role('textbox')
    name.fill('zebra')
    name.press('Enter')
    card_of(page, 'zebra').wait_for()
    until(lambda: best(page) == 'zebra')
    until(lambda: rows.count() == 2)
    page.get_by_role('button', name='Roll back').click()
    until(lambda: best(page) == 'stripes')
    # The frames keep their new label; give them the old one.
    name = card_of(page, 'zebra').get_by_role('textbox')
    name.fill('stripes')
    name.press('Enter')
    card_of(page, 'stripes').wait_for()


def check_deletion(page: Any) -> None:
    before = count_of(page, 'ball')
    card_of(page, 'ball').get_by_role('button', name=re.compile('Show all')).click()
    listbox = page.get_by_role('listbox')
    listbox.wait_for()
    until(lambda: page.get_by_role('option').count() == before)
    listbox.focus()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('Delete')
    until(lambda: page.get_by_role('option').count() == before - 1)
    # Several are deleted only after a question.
    page.keyboard.press('Space')
    page.keyboard.press('ArrowRight')
    page.keyboard.press('Space')
    page.keyboard.press('Delete')
    page.get_by_text('Delete 2 frames?').wait_for()
    page.get_by_role('button', name='Delete', exact=True).last.click()
    until(lambda: page.get_by_role('option').count() == before - 3)
    page.get_by_role('button', name='Close').first.click()
    listbox.wait_for(state='hidden')
    until(lambda: count_of(page, 'ball') == before - 3)


def hold(page: Any, label: str, least: int) -> int:
    """Hold the button of a class until some frames are stored; :returns: their number."""
    card_of(page, label).get_by_role('button', name='Hold to record').hover()
    page.mouse.down()
    until(lambda: count_of(page, label) >= least)
    page.mouse.up()

    def stays() -> int:
        count = count_of(page, label)
        page.wait_for_timeout(1500)
        return count if count_of(page, label) == count else 0

    # The frames that were on their way when the button was let go are stored still.
    return int(wait_until(stays))


@pytest.mark.long
def test_hold_to_record(chromium: Any, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.show(drawing('ball', 1))
        page, watched = open_view(chromium, server)
        page.get_by_alt_text("What the robot's camera sees").wait_for()
        add_class(page, 'ball')
        by_mouse = hold(page, 'ball', 3)
        button = card_of(page, 'ball').get_by_role('button', name='Hold to record')
        button.focus()
        page.keyboard.down('Space')
        until(lambda: count_of(page, 'ball') > by_mouse + 2)
        page.keyboard.up('Space')

        add_class(page, 'browser')
        page.get_by_role('button', name="This browser's camera").click()
        page.get_by_label("What this browser's camera sees").wait_for()
        hold(page, 'browser', 3)
        watched.check()

        # A browser that is gone while its button is held does not record for ever.
        page.get_by_role('button', name="Robot's camera").click()
        page.get_by_alt_text("What the robot's camera sees").wait_for()
        card_of(page, 'ball').get_by_role('button', name='Hold to record').hover()
        page.mouse.down()
        before = count_of(page, 'ball')
        until(lambda: count_of(page, 'ball') > before)
        page.close()
        other, _ = open_view(chromium, server)
        card_of(other, 'ball').get_by_role('button', name='Hold to record').wait_for()
        other.close()


def test_a_killed_server_loses_nothing_and_the_page_goes_on(chromium: Any, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.show(drawing('ball', 1))
        page, _ = open_view(chromium, server)
        page.get_by_alt_text("What the robot's camera sees").wait_for()
        add_class(page, 'ball')
        card_of(page, 'ball').get_by_role('button', name='Hold to record').hover()
        page.mouse.down()
        until(lambda: count_of(page, 'ball') >= 3)
        seen = count_of(page, 'ball')
        server.stop(signal.SIGKILL)
        page.get_by_text('The server cannot be reached.').first.wait_for()
        page.mouse.up()
    with serving(tmp_path, server.port):
        until(lambda: page.get_by_alt_text("What the robot's camera sees").is_visible())
        until(lambda: count_of(page, 'ball') >= seen)
    page.close()


def packed(path: Path, **members: bytes) -> bytes:
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path.read_bytes()


def test_hostile_uploads_are_refused_in_words(tmp_path: Path) -> None:
    good = picture('ball', 1)['buffer']
    with serving(tmp_path) as server:
        slip = packed(tmp_path / 'slip.zip', **{'../../ball/1.png': good, '/etc/1.png': good})
        status, words = server.post('/teach/upload?name=slip.zip', slip)
        assert (status, 'leads out of the archive' in words) == (200, True)
        bomb = packed(tmp_path / 'bomb.zip', **{'ball/1.png': bytes(200_000_000)})
        status, words = server.post('/teach/upload?name=bomb.zip', bomb)
        assert 'pictures do not shrink that much' in words
        assert 'bomb.zip' in words
        assert 'scratch' not in words
        for body, why in ((b'', 'not a zip file'), (b'PK\x05\x06' + bytes(18), 'no pictures')):
            status, words = server.post('/teach/upload?name=file', body)
            assert (status, why in words) == (200, True)
        status, words = server.post('/teach/upload?label=../../x&name=a.zip', slip)
        assert 'is not allowed' in words
        for path in ('/teach/frames?label=ball', '/teach/look'):
            status, words = server.post(path, b'<svg onload="alert(1)"/>')
            assert 'The picture' in words
        # The server says so and closes the connection, perhaps before the client has sent all.
        with contextlib.suppress(urllib.error.URLError):
            assert server.post('/teach/frames?label=ball', bytes(40_000_000))[0] == 413
        datasets = tmp_path / 'datasets'
        assert [path for path in datasets.rglob('*') if path.suffix == '.png'] == []
        assert server.post('/teach/frames?label=ball', good)[0] == 200


def build_dataset(folder: Path, count: int) -> None:
    """Write a dataset of tiny pictures with two labels."""
    lines = []
    for label in ('ball', 'stripes'):
        (folder / label).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        label = 'ball' if number % 2 else 'stripes'
        image = rng.integers(0, 256, (6, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
        content = cv2.imencode('.png', image)[1].tobytes()
        file = f'{label}/{number}_{number}.png'
        (folder / file).write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        entry = {'file': file, 'label': label, 'stamp': number, 'topic': '', 'sha256': sha256}
        lines.append(json.dumps(entry) + '\n')
    (folder / 'manifest.jsonl').write_text(''.join(lines))


@pytest.mark.long
def test_thousands_of_frames(chromium: Any, tmp_path: Path, record_property: Any) -> None:
    many = 10_000
    build_dataset(tmp_path / 'datasets' / 'default', many)
    with serving(tmp_path) as server:
        # The first page also compiles what all pages share.
        warm, _ = open_view(chromium, server)
        card_of(warm, 'ball').wait_for()
        warm.close()
        page = chromium.new_page(viewport={'width': 1400, 'height': 1000})
        began_s = time.monotonic()
        page.goto(f'{server.url}teach')
        page.locator('.nn-strip img').first.wait_for()
        opened_s = time.monotonic() - began_s
        record_property('opened_s', opened_s)
        assert opened_s < stretched(OPENS_S)
        assert count_of(page, 'ball') == many // 2

        requests: list[str] = []
        page.on('request', lambda request: requests.append(request.url))
        card_of(page, 'ball').get_by_role('button', name=re.compile('Show all')).click()
        page.get_by_role('option').first.wait_for()
        listbox = page.get_by_role('listbox')
        listbox.focus()
        page.keyboard.press('End')
        page.get_by_role('option', name=f'ball, frame {many // 2}', exact=True).wait_for()
        assert page.get_by_role('option').count() < 300
        pictures = sum('/teach/thumbnail' in url for url in requests)
        assert 0 < pictures < 600
        record_property('memory_mb', server.memory_mb)
        assert server.memory_mb < MEMORY_MB
        page.close()
