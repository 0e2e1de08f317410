"""The view Sound in Chromium, with a fake microphone; data and models of this machine."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import json
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any
import urllib.request

from browser import browser, FAKE_MEDIA, Watched
from nn_perception.core.audio.samples import SAMPLE_RATE_HZ
from nn_perception.studio.sound.spectrogram import log_mel
import numpy as np
from patience import HANGS_S
import pytest
from sound_page import clips_of, compose, Microphone, SECTION_S, SECTIONS, shown_tags
from teach_page import add_class, card_of, count_of, until

SERVER = Path(__file__).parents[1] / 'support' / 'sound_server.py'
TAUGHT = {'yes': 'alpha', 'stop': 'beta'}


@contextlib.contextmanager
def serving(folder: Path, *sounds: Path) -> Iterator[str]:
    """Serve the page in a process of its own; :returns: its address."""
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(folder), *map(str, sounds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip().rstrip('/')
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(HANGS_S)
        process.stdout.close()


def post(address: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Send a request as the page does."""
    origin = '/'.join(address.split('/')[:3])
    request = urllib.request.Request(address, body, {'Origin': origin})
    with urllib.request.urlopen(request, timeout=HANGS_S) as response:
        return response.status, json.loads(response.read())


def test_record_train_tell_apart_and_roll_back(tmp_path: Path, test_data: Path) -> None:
    heard = [clip for label in SECTIONS for clip in clips_of(test_data, label, SECTION_S)]
    microphone_file = compose(tmp_path / 'microphone.wav', heard)
    robot = compose(tmp_path / 'robot.wav', clips_of(test_data, 'go', 3))
    flags = (*FAKE_MEDIA, f'--use-file-for-fake-audio-capture={microphone_file}')
    with serving(tmp_path, robot) as url, browser(*flags) as chromium:
        page = chromium.new_page(viewport={'width': 1400, 'height': 1000})
        watched = Watched()
        watched.watch(page)
        sockets = []
        page.on('websocket', lambda one: sockets.append(one.url))
        page.goto(f'{url}/sound')
        card_of(page, 'background').get_by_text('none of them').wait_for()
        assert not any('/sound/socket' in one for one in sockets)
        card_of(page, 'background').get_by_role('button', name='Record 20 s').click()
        page.get_by_text('Choose a microphone before you record.').wait_for()

        for label in TAUGHT.values():
            add_class(page, label)
        check_robot(page)
        page.get_by_role('button', name="Browser's").click()
        microphone = Microphone(page)
        until(lambda: shown_tags(page))
        check_recordings(page, microphone)
        check_uploads(page, test_data)
        check_trim(page)
        check_training(page, microphone)
        check_refusals(url)
        page.get_by_role('button', name='Off').click()
        until(lambda: not shown_tags(page))
        check_modules(page)
        check_small(page)
        check_no_microphone(page)
        watched.check()


def check_robot(page: Any) -> None:
    """The robot's microphone is heard, and recorded for a fixed time."""
    page.get_by_role('button', name="Robot's").click()
    page.get_by_label("The robot's microphone").select_option(label='robot.wav')
    until(lambda: shown_tags(page))
    card = add_class(page, 'gamma')
    card.get_by_role('button', name='Record 1 s').click()
    # What somebody types stays there, whatever else of the card changes.
    name = card.get_by_role('textbox')
    name.fill('delta')
    until(lambda: count_of(page, 'gamma') == 1)
    assert name.input_value() == 'delta'
    name.press('Escape')
    assert name.input_value() == 'gamma'
    card.get_by_label('More for gamma').click()
    card.get_by_role('button', name='Delete the class').click()
    page.get_by_role('button', name='Delete', exact=True).last.click()
    card.wait_for(state='detached')


def check_recordings(page: Any, microphone: Microphone) -> None:
    """Clips are recorded while a button is held, by mouse and keyboard, and for a fixed time."""
    microphone.wait_for('background')
    hold = card_of(page, 'background').get_by_role('button', name='Hold to record')
    hold.hover()
    page.mouse.down()
    until(lambda: count_of(page, 'background') >= 3)
    page.mouse.up()

    microphone.wait_for('yes')
    card_of(page, 'alpha').get_by_role('button', name='Record 2 s').click()
    until(lambda: count_of(page, 'alpha') == 2)
    card_of(page, 'alpha').get_by_role('button', name='Record 1 s').click()
    until(lambda: count_of(page, 'alpha') == 3)

    microphone.wait_for('stop')
    card_of(page, 'beta').get_by_role('button', name='Hold to record').focus()
    page.keyboard.down('Space')
    until(lambda: count_of(page, 'beta') >= 2)
    page.keyboard.up('Space')
    until(lambda: count_of(page, 'beta') >= 3)


def check_uploads(page: Any, test_data: Path) -> None:
    """Sound files are stored, and what is none is said."""
    files = card_of(page, 'background').locator('input[type=file]').first
    before = count_of(page, 'background')
    files.set_input_files([str(clip) for clip in clips_of(test_data, 'background', 12)[8:]])
    until(lambda: count_of(page, 'background') == before + 4)
    files.set_input_files([{'name': 'a.wav', 'mimeType': 'audio/wav', 'buffer': b'no sound'}])
    card_of(page, 'background').get_by_text('a.wav').wait_for()


def check_trim(page: Any) -> None:
    """A part of a clip replaces it."""
    before = count_of(page, 'alpha')
    card_of(page, 'alpha').get_by_role('button', name='Show all').click()
    listbox = page.get_by_role('listbox')
    listbox.wait_for()
    until(lambda: listbox.get_by_role('option').count() == before)
    editor = page.get_by_role('region', name='The clip')
    canvas = editor.get_by_role('img')
    # A column for each 64 of the 16,000 samples.
    until(lambda: canvas.evaluate('canvas => canvas.width') == 243)
    editor.get_by_role('button', name='Play').click()
    start = editor.get_by_label('Start')
    start.focus()
    page.keyboard.press('PageUp')
    editor.get_by_text('Start: 0.10 s').wait_for()
    editor.get_by_role('button', name='Keep only this part').click()
    editor.get_by_text('Only this part is kept.').wait_for()
    assert count_of(page, 'alpha') == before
    page.get_by_role('button', name='Close').first.click()
    listbox.wait_for(state='hidden')


def check_training(page: Any, microphone: Microphone) -> None:
    """What was recorded is told apart, also after a second training and going back."""
    train = page.get_by_role('button', name='Train', exact=True)
    rows = page.get_by_role('region', name='Versions').locator('tbody tr')
    for count in (1, 2):
        until(train.is_enabled)
        train.click()
        until(lambda wanted=count: rows.count() == wanted)
    page.get_by_text('Accuracy by class').wait_for()
    first = rows.last.get_by_role('rowheader').inner_text()
    page.get_by_role('button', name='Roll back').click()
    page.locator('tr.nn-current', has_text=first).wait_for()
    for label, taught in TAUGHT.items():
        assert microphone.best_in(label, TAUGHT.values()) == taught


def check_refusals(url: str) -> None:
    """What no page of ours sends costs nothing."""
    status, said = post(f'{url}/sound/frames?label=alpha', b'no sound')
    assert status == 200
    assert said['detail']
    for body in (b'', b'[]', b'{"id": "a", "label": "alpha", "start": 0.5, "end": 0.2}'):
        status, said = post(f'{url}/sound/trim', body)
        assert status == 200
        assert said['detail']


def check_modules(page: Any) -> None:
    """Sound of other rates is converted, its level judged, and its picture that of the server."""
    found = page.evaluate(
        """async () => {
        const { Resampler } = await import("nn-sound/resampler.js");
        const { Level } = await import("nn-sound/level.js");
        const { Mel } = await import("nn-sound/mel.js");
        const { encodeWav, decodeWav } = await import("nn-sound/wav.js");
        const tone = (hz, rate, count) => Float32Array.from(
          { length: count }, (_, at) => 0.5 * Math.sin(2 * Math.PI * hz * at / rate));
        const converted = (hz, rate) => {
          const [resampler, all] = [new Resampler(rate, 16000), []];
          const samples = tone(hz, rate, rate);
          for (let at = 0; at < rate; at += 1000) {
            all.push(...resampler.push(samples.subarray(at, at + 1000)));
          }
          const middle = all.slice(2000, -2000);
          const power = middle.reduce((sum, x) => sum + x * x, 0) / middle.length;
          return [all.length, Math.sqrt(power)];
        };
        const hint = (value) => {
          const level = new Level();
          for (let n = 0; n < 20; n++) level.push(new Int16Array(2048).fill(value));
          return level.hint;
        };
        const samples = Int16Array.from(tone(1000, 16000, 16000), (x) => 32768 * x);
        const again = decodeWav(await encodeWav(samples).arrayBuffer());
        const columns = new Mel(256).push(samples);
        return {
          kept: [44100, 48000, 22050].map((rate) => converted(1000, rate)),
          gone: converted(11000, 48000)[1],
          hints: [0, 32767, 500].map(hint),
          same: again.length === samples.length && again.every((x, at) => x === samples[at]),
          band: columns[5].indexOf(Math.max(...columns[5])),
        };
      }"""
    )
    for count, level in found['kept']:
        assert abs(count - SAMPLE_RATE_HZ) < 200
        assert level == pytest.approx(0.5 / np.sqrt(2.0), rel=0.02)
    assert found['gone'] < 0.005
    muted, clipped, well = found['hints']
    assert 'muted' in muted
    assert 'too loud' in clipped
    assert well == ''
    assert found['same']
    at = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    tone = (0.5 * np.sin(2.0 * np.pi * 1000.0 * at)).astype(np.float32)
    assert abs(found['band'] - int(log_mel(tone)[5].argmax())) <= 1


def check_small(page: Any) -> None:
    """The view, and the way to all others, fits on any screen."""
    views = page.locator('.nn-views')
    for width in (360, 768, 1024):
        page.set_viewport_size({'width': width, 'height': 740})
        until(lambda limit=width: page.evaluate('document.documentElement.scrollWidth') <= limit)
        until(lambda: views.evaluate('one => one.scrollWidth <= one.clientWidth'))
    page.set_viewport_size({'width': 1400, 'height': 1000})


def check_no_microphone(page: Any) -> None:
    """What to do is said when the browser gives no microphone."""
    for name, words in (
        ('NotAllowedError', 'allow the microphone, and choose it again'),
        ('NotFoundError', 'Plug it in and choose it again'),
    ):
        page.evaluate(
            """name => { navigator.mediaDevices.getUserMedia =
              () => Promise.reject(new DOMException("no", name)); }""",
            name,
        )
        page.get_by_role('button', name="Browser's").click()
        page.get_by_text(words).wait_for()
        page.get_by_role('button', name='Off').click()
        page.get_by_text(words).wait_for(state='detached')
