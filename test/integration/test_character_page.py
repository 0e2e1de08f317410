"""The view Character in Chromium: people of pictures and videos, drawings, keypoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any
import urllib.error
import urllib.request

from browser import browser, fake_webcam, Watched
import cv2
from hostile_svg import REFUSED
import nn_perception
from nn_perception.studio.character.figures import FOLDER, TITLES
from nn_perception.studio.character.svg.limits import MAX_BYTES
import numpy as np
from patience import HANGS_S, wait_until
import pytest

pytest.importorskip('nicegui')

SAMPLES = Path(nn_perception.__file__).parent / 'samples'
SERVER = """
import sys
from nn_perception.studio.local.backend import LocalBackend
from nn_perception.studio.local.perception import Perception
from nn_perception.studio.options import StudioOptions
from nn_perception.studio.server import StudioServer
from nn_perception.studio.studio import Studio
perception = Perception()
server = StudioServer(Studio(LocalBackend(perception), StudioOptions(port=0), perception))
server.start()
print(server.url, flush=True)
sys.stdin.read()
server.stop()
"""
STAGE = "document.querySelector('.ch-stage canvas').stage"
# The folder in which to write the picture for docs/character.md.
PICTURES = os.environ.get('NN_PERCEPTION_WRITE_PICTURES', '')


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the page in a process of its own, without ROS."""
    process = subprocess.Popen(
        [sys.executable, '-c', SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'NN_PERCEPTION_DATA': str(folder), 'XDG_DATA_HOME': str(folder)},
    )
    assert process.stdin and process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        try:
            process.wait(HANGS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.fixture(scope='module')
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp('data')) as address:
        yield address


@pytest.fixture(scope='module')
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Run Chromium with a webcam before which a skier stands."""
    skier = cv2.resize(cv2.imread(str(SAMPLES / 'skier.jpg')), (640, 480))
    video = tmp_path_factory.mktemp('webcam') / 'skier.mjpeg'
    video.write_bytes(cv2.imencode('.jpg', skier)[1].tobytes() * 10)
    with browser(*fake_webcam(str(video))) as started:
        yield started


@pytest.fixture(scope='module')
def watched_page(chromium: Any, url: str) -> Iterator[tuple[Any, Watched]]:
    """Open the view once for all tests: that takes longer than what most of them do."""
    watched = Watched()
    opened = chromium.new_page(viewport={'width': 1280, 'height': 860})
    watched.watch(opened)
    opened.goto(f'{url}character')
    opened.get_by_role('radio', name='Astronaut').wait_for()
    yield opened, watched
    opened.close()


@pytest.fixture
def page(watched_page: tuple[Any, Watched]) -> Iterator[Any]:
    """Show the view; nothing may be written on the console or asked of another machine."""
    opened, watched = watched_page
    yield opened
    watched.check()


@pytest.fixture(scope='module')
def three_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph with three people: the skier who ships, three times."""
    skier = cv2.imread(str(SAMPLES / 'skier.jpg'))
    height, width = skier.shape[:2]
    part = skier[:, int(0.4 * width) : int(0.95 * width)]
    path = tmp_path_factory.mktemp('pictures') / 'three.jpg'
    cv2.imwrite(str(path), np.hstack([part, part[:, ::-1], part]))
    assert height == part.shape[0]
    return path


def status(page: Any) -> str:
    return str(page.locator('.ch-status').inner_text())


def wait_for_status(page: Any, words: str) -> None:
    page.locator('.ch-status', has_text=words).wait_for()


def choose_file(page: Any, label: str, *files: Any) -> None:
    page.get_by_label(label, exact=True).set_input_files(list(files))


def worn(page: Any) -> list[int]:
    """Return the number of the figure of each person."""
    found: list[int] = page.evaluate(
        f"""[...{STAGE}.cast.people.values()].filter((person) => person.presence === 1)
        .map((person) => {STAGE}.cast.figures.indexOf(person.figure))"""
    )
    return found


def keypoints_file(*frames: dict[str, Any]) -> dict[str, Any]:
    content = {'format': 'nn_perception keypoints', 'version': 1, 'width': 640, 'height': 480}
    data = json.dumps({**content, 'frames': list(frames)}).encode()
    return {'name': 'saved.json', 'mimeType': 'application/json', 'buffer': data}


def test_three_people_are_three_figures(page: Any, three_people: Path) -> None:
    """A still picture with three people, found by the network, shows three figures."""
    choose_file(page, 'Pictures or a video', three_people)
    wait_for_status(page, '3 people are in view.')
    wait_until(lambda: len(set(worn(page))) == 3, interval_s=0.1)
    # They are drawn: the picture changes where the people are, and nowhere else.
    changed = page.evaluate(
        f"""(() => {{
          const stage = {STAGE};
          const pixels = (figures) => {{
            stage.options.figures = figures;
            stage.draw();
            const {{width, height}} = stage.canvas;
            const copy = new OffscreenCanvas(width, height).getContext('2d');
            copy.drawImage(stage.canvas, 0, 0);
            return copy.getImageData(0, 0, width, height).data;
          }};
          const [a, b] = [pixels(true), pixels(false)];
          let count = 0;
          for (let i = 0; i < a.length; i += 4) count += a[i] !== b[i] || a[i + 1] !== b[i + 1];
          stage.options.figures = true;
          stage.draw();
          return count / (a.length / 4);
        }})()"""
    )
    assert 0.05 < changed < 0.6
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / 'character.jpg', type='jpeg', quality=82)


def test_people_of_a_camera_move_figures(page: Any) -> None:
    """The sample video is a camera of the server: its people move figures."""
    page.get_by_label('Camera or file').click()
    page.get_by_role('option', name='Sample video with people').click()
    page.locator('.ch-status', has_text='in view.').filter(has_not_text='Nobody').wait_for()
    places = set()

    def several() -> bool:
        places.add(
            page.evaluate(
                f"""JSON.stringify([...{STAGE}.cast.people.values()].map(({{pose}}) =>
                pose && Object.values(pose.joints).map(({{x, y}}) => [x, y])))"""
            )
        )
        return len(places) > 3

    wait_until(several, interval_s=0.1)


def test_webcam(page: Any) -> None:
    """Somebody before the webcam moves a figure, mirrored as in a mirror."""
    page.get_by_label('Camera or file').click()
    page.get_by_role('option', name='Webcam of this browser').click()
    wait_for_status(page, 'One person is in view.')
    assert page.evaluate(f'{STAGE}.options.mirrored') is True
    # The camera goes off with the next source.
    choose_file(page, 'Pictures or a video', SAMPLES / 'dahlia.jpg')
    wait_for_status(page, 'Nobody is in view.')
    assert page.evaluate(f'{STAGE}.options.mirrored') is False


def test_another_picture(page: Any, three_people: Path) -> None:
    """Several pictures can be turned over; people of one do not stay in the next."""
    choose_file(page, 'Pictures or a video', three_people, SAMPLES / 'dahlia.jpg')
    wait_for_status(page, '3 people are in view.')
    page.get_by_role('button', name='Next picture').click()
    wait_for_status(page, 'Nobody is in view.')
    page.get_by_role('button', name='Previous picture').click()
    wait_for_status(page, '3 people are in view.')


def test_refused_drawing(page: Any) -> None:
    """A drawing with a script is refused with a sentence, and what was there stays."""
    data = (FOLDER / 'girl.svg').read_bytes().replace(b'<title>', b'<script>1</script><title>')
    file = {'name': 'evil.svg', 'mimeType': 'image/svg+xml', 'buffer': data}
    before = page.get_by_role('radio').count()
    assert before > len(TITLES)
    choose_file(page, 'Drawing of a figure', file)
    page.get_by_role('alert').filter(has_text='scripts are never run').wait_for()
    assert page.get_by_role('radio').count() == before


def test_keyboard(page: Any) -> None:
    """Figures are chosen with the arrow keys."""
    page.get_by_role('radio', name='Each their own').focus()
    page.keyboard.press('ArrowRight')
    assert page.get_by_role('radio', name='Girl').get_attribute('aria-checked') == 'true'
    assert page.evaluate(f'{STAGE}.choice') == 'girl'
    page.keyboard.press('ArrowLeft')
    assert page.evaluate(f'{STAGE}.choice') == 'all'


def test_views(page: Any) -> None:
    """Each switch reaches the stage."""
    for label in ('Keypoints', 'Skeleton', 'Curves'):
        page.get_by_role('switch', name=label).click()
        assert page.evaluate(f'{STAGE}.options.{label.lower()}') is True
    page.get_by_label('Smoothness').fill('0.8')
    assert page.evaluate(f'{STAGE}.options.smoothness') == 0.8


def test_own_drawing(page: Any) -> None:
    """A drawing of the user is chosen at once, and everybody wears it."""
    choose_file(page, 'Drawing of a figure', FOLDER / 'fox.svg')
    page.get_by_role('radio', name='fox', exact=True).wait_for()
    chosen = page.get_by_role('radio', name='fox', exact=True)
    assert chosen.get_attribute('aria-checked') == 'true'
    assert page.evaluate(f'{STAGE}.cast.figures.length') == 1


def test_record_and_play(page: Any, three_people: Path) -> None:
    """What was recorded is saved as a video and as keypoints, which can be played."""
    choose_file(page, 'Pictures or a video', three_people)
    wait_for_status(page, '3 people are in view.')
    page.get_by_role('button', name='Record', exact=True).click()
    choose_file(page, 'Pictures or a video', three_people)
    wait_for_status(page, '3 people are in view.')
    page.wait_for_timeout(1200)
    page.get_by_role('button', name='Stop').click()
    contents = {}
    for label in ('Video', 'Keypoints'):
        with page.expect_download() as download:
            page.get_by_role('link', name=label).click()
        contents[label] = Path(download.value.path()).read_bytes()
    assert contents['Video'].startswith(b'\x1a\x45\xdf\xa3')
    saved = json.loads(contents['Keypoints'])
    assert len(saved['frames'][0]['people']) == 3
    page.reload()
    page.get_by_role('radio', name='Astronaut').wait_for()
    file = {'name': 'a.json', 'mimeType': 'application/json', 'buffer': contents['Keypoints']}
    choose_file(page, 'Saved keypoints', file)
    wait_for_status(page, '3 people are in view.')


def test_broken_keypoints(page: Any) -> None:
    """A file that is something else is refused with a sentence."""
    choose_file(page, 'Saved keypoints', keypoints_file({'time_ms': 0, 'people': [{}]}))
    page.get_by_role('alert').filter(has_text='Frame 1 is not understood').wait_for()


def test_fits_a_phone(page: Any) -> None:
    """Nothing is wider than a small screen."""
    page.set_viewport_size({'width': 360, 'height': 740})
    page.wait_for_function('document.documentElement.scrollWidth <= 360')


def post(url: str, data: bytes) -> dict[str, Any]:
    request = urllib.request.Request(f'{url}character/figure', data=data)
    request.add_header('Origin', url.rstrip('/'))
    with urllib.request.urlopen(request, timeout=HANGS_S) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_route_refuses(url: str) -> None:
    """The route answers each hostile drawing with a sentence, and goes on to serve."""
    for name, data, sentence in REFUSED:
        if len(data) > MAX_BYTES:
            with pytest.raises(urllib.error.HTTPError) as caught:
                post(url, data)
            assert caught.value.code == 413
        elif sentence:
            answer = post(url, data)
            assert list(answer) == ['error'], name
            assert sentence in answer['error'], name
    assert len(REFUSED) >= 60


def test_route_serves(url: str) -> None:
    model = post(url, (FOLDER / 'fox.svg').read_bytes())
    assert set(model) == {'joints', 'bounds', 'shapes'}
