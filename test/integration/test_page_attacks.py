"""Attacks on the routes, the WebSockets and the elements of the page itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import html
import io
import json
from pathlib import Path
import random
import re
import stat
import struct
import time
from typing import Any
import zipfile

from guarded_app import guarded_app, GuardedApp
from image_bombs import REFUSED
from patience import PATIENCE_S, stretched
import pytest

pytest.importorskip('nicegui')
client = pytest.importorskip('websockets.sync.client')
exceptions = pytest.importorskip('websockets.exceptions')

VIEWS = ('/', '/digits', '/teach', '/sound', '/train', '/layers', '/character')
BIG = 200_000
# As arguments of events, each a JSON text.
ARGUMENTS: tuple[list[str | None], ...] = (
    [],
    [None],
    ['null', 'null', 'null'],
    ['1e308', '-1', '[]'],
    ['"../../etc/passwd"'],
    ['{"value": {"value": {"value": []}}}'],
    ['{"__proto__": {"a": 1}, "constructor": null}'],
    ['"<script>alert(1)</script>"'],
    [json.dumps('\x00\x1b[31m\n' * 10)],
    [json.dumps('a' * BIG)],
    [json.dumps([1] * 5000)],
    ['true', '"' + '\\u0000' * 50 + '"'],
    ['[[[[[[[[[[[[1]]]]]]]]]]]]'],
    ['9007199254740993'],
)


@pytest.fixture(scope='module')
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedApp]:
    with guarded_app(tmp_path_factory.mktemp('page'), real=True) as served:
        yield served


@pytest.fixture(autouse=True)
def alive(page: GuardedApp) -> Iterator[None]:
    before = page.memory_mb()
    yield
    page.check_alive()
    assert page.memory_mb() - before < 250
    assert '\x1b' not in page.log.read_text()


def packed(*members: tuple[Any, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w', how) as archive:
        for name, content in members:
            archive.writestr(name, content, how)
    return stream.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def many(number: int) -> bytes:
    """An archive whose directory claims more members than there are bytes for."""
    content = packed(('a/1.png', b'x'))
    end = content.rfind(b'PK\x05\x06')
    return content[: end + 8] + struct.pack('<HH', number, number) + content[end + 12 :]


# Made where they are needed: every process of pytest imports this.
ARCHIVES: dict[str, Callable[[], bytes]] = {
    'parent': lambda: packed(('../../outside.png', b'x'), ('..\\outside.png', b'x')),
    'absolute': lambda: packed(('/tmp/outside.png', b'x'), ('C:/outside.png', b'x')),
    'link': lambda: packed((link('a/outside.png'), b'/etc/passwd'), (link('b'), b'/')),
    'bomb': lambda: packed(('a/1.png', bytes(100_000_000))),
    'many bombs': lambda: packed(*((f'a/{number}.png', bytes(5_000_000)) for number in range(40))),
    'nested': lambda: packed(('a/1.zip', packed(('a/1.png', bytes(10_000_000))))),
    'no zip': lambda: random.Random(1).randbytes(100_000),
    'empty': lambda: b'',
    'cut off': lambda: packed(('a/1.png', random.Random(1).randbytes(50_000)))[:20_000],
    'claims': lambda: many(65_000),
    'names': lambda: packed(('a' * 60_000 + '/1.png', b'x'), ('\x1b[31m/\n.png', b'x')),
    'no pictures': lambda: packed(
        *((f'a/{number}.png', b'<svg onload=x>') for number in range(200))
    ),
}


@pytest.mark.parametrize('kind', ARCHIVES)
def test_archives_of_strangers(page: GuardedApp, kind: str) -> None:
    outside = set(page.log.parent.parent.rglob('outside*'))
    began = time.monotonic()
    answer = page.request(
        'POST', f'/teach/upload?label=a&name={kind.replace(" ", "")}', ARCHIVES[kind](), page.own
    )
    assert 200 <= answer[0] < 500, answer
    assert json.loads(answer[1])
    assert 'Traceback' not in answer[1]
    assert time.monotonic() - began < stretched(20)
    assert set(page.log.parent.parent.rglob('outside*')) == outside
    assert not Path('/tmp/outside.png').exists()
    assert not list(page.log.parent.glob('nn_perception-scratch-*/*'))


@pytest.mark.parametrize(
    'path', ['/teach/frames?label=a', '/teach/look', '/live/upload?name=a.mp4']
)
@pytest.mark.parametrize('kind', ['random', 'empty', 'text', 'svg'])
def test_pictures_that_are_none(page: GuardedApp, path: str, kind: str) -> None:
    content = {
        'random': random.Random(2).randbytes(200_000),
        'empty': b'',
        'text': b'../../etc/passwd\n' * 100,
        'svg': b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    }[kind]
    status, text, _ = page.request('POST', path, content, page.own)
    assert 200 <= status < 500, text
    assert json.loads(text)


DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'width="10" height="10">{}</svg>'
)
DRAWINGS = {
    'script': DRAWING.format('<script>evil()</script>'),
    'foreign object': DRAWING.format('<foreignObject><iframe src="//evil"/></foreignObject>'),
    'reference': DRAWING.format('<image xlink:href="http://evil.example/evil.png"/>'),
    'file': DRAWING.format('<use href="file:///etc/passwd#evil"/>'),
    'handler': DRAWING.format('<path d="M0 0L1 1" onclick="evil()" onload="evil()"/>'),
    'link': DRAWING.format('<a href="javascript:evil()"><path d="M0 0L1 1"/></a>'),
    'style': DRAWING.format('<style>@import "http://evil.example/evil.css";</style>'),
    'paint': DRAWING.format('<path d="M0 0L1 1" fill="url(http://evil.example/evil)"/>'),
    'entity': '<!DOCTYPE svg [<!ENTITY evil SYSTEM "file:///etc/passwd">]>'
    + DRAWING.format('<text>&evil;</text>'),
    'laughs': '<!DOCTYPE svg [<!ENTITY a "evil evil">'
    + ''.join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 12))
    + ']>'
    + DRAWING.format('<text>&a11;</text>'),
    'deep': DRAWING.format('<g>' * 50_000 + '</g>' * 50_000),
    'numbers': DRAWING.format(f'<path d="M0 0{"L1e308 -1e308" * 20_000}"/>'),
}


@pytest.mark.parametrize('kind', DRAWINGS)
def test_drawings_of_strangers(page: GuardedApp, kind: str) -> None:
    began = time.monotonic()
    status, text, _ = page.request('POST', '/character/figure', DRAWINGS[kind].encode(), page.own)
    assert status in (200, 400, 413)
    model = json.loads(text)
    assert status == 200 or model['error'].endswith('.')
    assert status != 200 or 'evil' not in text
    assert 'root:' not in text
    assert time.monotonic() - began < stretched(10)


@pytest.mark.parametrize('kind', REFUSED)
def test_pictures_that_are_bombs(page: GuardedApp, kind: str) -> None:
    status, text, _ = page.request('POST', '/teach/frames?label=a', REFUSED[kind][0], page.own)
    # A status of an error would be an error on the console of a page with a wrong picture.
    assert status in (200, 413), text
    assert status == 413 or json.loads(text)['detail'].startswith('The picture '), text


@pytest.mark.parametrize(
    'path',
    [
        '/teach/thumbnail?id=../../../etc/passwd&hash=x',
        '/teach/thumbnail?id=%00&hash=%0d%0aX:1',
        '/teach/thumbnail',
        '/teach/frames?limit=999999999999999999999&offset=-1',
        '/teach/frames?label=../..&limit=x',
        '/teach/download/..%2f..%2fetc%2fpasswd',
        '/teach/download/%7Bkind%7D?version=../..',
        '/viewer/..%2f..%2fsetup.py',
        '/_nicegui/3.18.0/esm/nn-viewer/%2e%2e/page.py',
        '/_nicegui/3.18.0/components/..%2f..%2fserver.py',
        '/_nicegui/client/none/upload/1',
    ],
)
def test_paths_that_lead_outside(page: GuardedApp, path: str) -> None:
    status, text, _ = page.request('GET', path)
    assert 400 <= status < 500 or (status == 200 and text.startswith('{')), (status, text[:200])
    assert 'root:' not in text
    assert 'from __future__' not in text


def test_names_of_uploads_are_no_paths(page: GuardedApp) -> None:
    for name in ('../../a.mp4', '/etc/passwd', 'a%00.mp4', '%1b%5b31m.mp4', 'a' * 5000):
        status, text, _ = page.request('POST', f'/live/upload?name={name}', b'x' * 100, page.own)
        assert 400 <= status < 500, (name, text)


def test_a_thousand_random_messages_to_the_viewer(page: GuardedApp) -> None:
    source = random.Random(3)
    starts = ['', '{"watch":', '{"camera":"', '{"ack":', '[', '{"number":', 'null']
    sent = refused = 0
    while sent < 1000:
        try:
            with open_socket(page, source.choice(('/viewer/socket', '/viewer/upload'))) as socket:
                for _ in range(50):
                    sent += 1
                    content = source.randbytes(source.randrange(400))
                    start = source.choice(starts)
                    socket.send(start + content.decode('latin-1') if sent % 2 else content)
                while True:
                    socket.recv(timeout=stretched(PATIENCE_S))
        except exceptions.ConnectionClosed:
            refused += 1
    assert refused >= 20
    page.check_alive()


def open_socket(page: GuardedApp, path: str) -> Any:
    return client.connect(
        f'ws://127.0.0.1:{page.port}{path}', origin=page.url, compression=None, close_timeout=5
    )


@pytest.mark.parametrize(
    'view', [VIEWS[0], *(pytest.param(one, marks=pytest.mark.long) for one in VIEWS[1:])]
)
def test_events_that_no_browser_sends(page: GuardedApp, view: str) -> None:
    """A client may send any arguments to any element of its own page."""
    logged = page.log.stat().st_size
    status, text, _ = page.request('GET', view)
    assert status == 200
    client_id = re.search(r"'client_id': '([0-9a-f-]{36})'", text)
    described = re.search(r'parseElements\(String\.raw`(.*?)`\)', text, re.DOTALL)
    assert client_id
    assert described
    events = [
        (int(number), listener['listener_id'], arguments)
        for number, element in json.loads(html.unescape(described[1])).items()
        for listener in element.get('events', [])
        for arguments in ARGUMENTS
    ]
    assert len(events) > 50
    random.Random(4).shuffle(events)
    query = (
        f'client_id={client_id[1]}&next_message_id=0&implicit_handshake=true&document_id=d'
        '&tab_id=t&old_tab_id=null&EIO=4&transport=websocket'
    )
    with open_socket(page, f'/_nicegui_ws/socket.io/?{query}') as socket:
        socket.send('40')
        for element, listener, arguments in events[:500]:
            event = {'id': element, 'client_id': client_id[1], 'listener_id': listener}
            socket.send('42' + json.dumps(['event', {**event, 'args': arguments}]))
            time.sleep(0.008)
        for event in ({'id': 10**9}, {'listener_id': 'none'}, {'client_id': 'none'}):
            full = {'id': 4, 'client_id': client_id[1], 'listener_id': 'x', 'args': [], **event}
            socket.send('42' + json.dumps(['event', full]))
    assert page.request('GET', view)[0] == 200
    assert page.log.stat().st_size - logged < 200_000
