"""Who reaches the page, and who does not: a real server, and clients that mean no good."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import http.client
import json
import os
from pathlib import Path
import random
import time
from typing import Any

from guarded_app import guarded_app, GuardedApp, make_certificate
from patience import PATIENCE_S, wait_until
import pytest

pytest.importorskip('nicegui')
client = pytest.importorskip('websockets.sync.client')
exceptions = pytest.importorskip('websockets.exceptions')

NICEGUI = '/_nicegui_ws/socket.io/?EIO=4&transport=websocket'
TOKEN = 'only for this test'
WITH_TOKEN = {'Authorization': f'Bearer {TOKEN}'}
PATHS = ('/', '/ping', '/_nicegui_ws/socket.io/?EIO=4&transport=polling', '/favicon.ico')


@pytest.fixture(scope='module')
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedApp]:
    with guarded_app(tmp_path_factory.mktemp('app')) as served:
        yield served


@pytest.fixture(autouse=True)
def alive(app: GuardedApp) -> Iterator[None]:
    yield
    app.check_alive()


def open_socket(app: GuardedApp, path: str, origin: str | None = '', **options: Any) -> Any:
    """Open a WebSocket, as a page of the server unless another origin is given."""
    return client.connect(
        f'ws://127.0.0.1:{app.port}{path}',
        origin=app.url if origin == '' else origin,
        open_timeout=PATIENCE_S,
        close_timeout=5,
        compression=None,
        **options,
    )


@contextlib.contextmanager
def refused(status: int, word: str) -> Iterator[None]:
    """Expect that a handshake is answered with a sentence."""
    with pytest.raises(exceptions.InvalidStatus) as caught:
        yield
    response = caught.value.response
    assert response.status_code == status
    assert word in response.body.decode()


@pytest.mark.parametrize('path', PATHS)
@pytest.mark.parametrize('host', ['evil.example', '127.0.0.1.evil.example:80', 'a' * 200])
def test_a_foreign_host_gets_nothing(app: GuardedApp, path: str, host: str) -> None:
    status, text, headers = app.request('GET', path, headers={'Host': host})
    assert (status, text.count('\n')) == (421, 1)
    assert 'does not answer to the name' in text
    assert 'server' not in headers


@pytest.mark.parametrize('path', ['/viewer/socket', NICEGUI])
@pytest.mark.parametrize('origin', ['http://evil.example', 'http://127.0.0.1:1', 'null', None])
def test_a_foreign_page_opens_no_socket(app: GuardedApp, path: str, origin: str | None) -> None:
    with refused(403, 'page'), open_socket(app, path, origin):
        pass


def test_a_foreign_host_opens_no_socket(app: GuardedApp) -> None:
    with (
        refused(421, 'evil.example'),
        client.connect(
            f'ws://evil.example:{app.port}/viewer/socket',
            sock=app.connect(),
            origin=f'http://evil.example:{app.port}',
        ),
    ):
        pass


@pytest.mark.parametrize('origin', ['http://evil.example', 'null', ''])
def test_a_foreign_page_changes_nothing(app: GuardedApp, origin: str) -> None:
    headers = {'Origin': origin} if origin else {}
    status, text, _ = app.request('POST', '/body', b'x', headers)
    assert (status, text.count('\n')) == (403, 1)
    assert app.request('POST', '/body', b'x', app.own)[:2] == (200, '1')


def test_no_permission_for_other_origins(app: GuardedApp) -> None:
    asked = {'Origin': 'http://evil.example', 'Access-Control-Request-Method': 'POST'}
    for method in ('OPTIONS', 'GET'):
        status, _, headers = app.request(method, '/body', headers=asked)
        assert status in (403, 405)
        assert not [name for name in headers if name.lower().startswith('access-control')]


def test_long_polling_is_closed(app: GuardedApp) -> None:
    for method in ('GET', 'POST'):
        status, text, _ = app.request(method, PATHS[2], b'', app.own)
        assert (status, 'WebSockets only' in text) == (400, True)


def test_every_answer_carries_the_headers(app: GuardedApp) -> None:
    for path in ('/', '/ping', '/none', '/_nicegui/0/static/none'):
        _, _, headers = app.request('GET', path)
        assert headers['x-content-type-options'] == 'nosniff', path
        assert "frame-ancestors 'none'" in headers['content-security-policy']
        assert headers['cross-origin-resource-policy'] == 'same-origin'
        assert 'camera=(self)' in headers['permissions-policy']
        assert 'server' not in headers
    assert app.request('GET', '/ping')[2]['cache-control'] == 'no-store'


@pytest.mark.parametrize(
    'path',
    [
        '//evil.example/',
        '/%2e%2e/%2e%2e/etc/passwd',
        '/_nicegui/3/esm/x/..%2f..%2f..%2fetc%2fpasswd',
        '/%00',
        '/a%0d%0aSet-Cookie:x=1',
        '/%5cevil.example',
        '/docs',
        '/openapi.json',
        '/' + 'a' * 4000,
        '/?' + 'a' * 10_000,
        'http://evil.example/',
    ],
)
def test_strange_addresses_are_refused(app: GuardedApp, path: str) -> None:
    status, text, _ = app.request('GET', path)
    assert status in (400, 404, 414, 421)
    assert text.endswith('.\n')


@pytest.mark.parametrize(
    'content',
    [
        b'\x16\x03\x01\x02\x00\x01\x00',
        b'GET / HTTP/1.1\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n',
        b'GET / HTTP/1.0\r\n\r\n',
        b'GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n',
        b'G\x00T / HTTP/1.1\r\nHost: localhost\r\n\r\n',
        b'POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n',
        b'POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2'
        b'\r\n\r\n',
        b'POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: x\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: localhost\r\nX: ' + b'a' * 100_000 + b'\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: localhost\r\n' + b'A: b\r\n' * 20_000 + b'\r\n',
        b'GET /viewer/socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n'
        b'Upgrade: websocket\r\nOrigin: http://localhost\r\n\r\n',
    ],
)
def test_malformed_requests_are_refused(app: GuardedApp, content: bytes) -> None:
    with app.connect() as connection:
        with contextlib.suppress(OSError):
            connection.sendall(content)
        answer = b''
        with contextlib.suppress(OSError):
            while part := connection.recv(65536):
                answer += part
    assert answer[:12] in (*(b'HTTP/1.1 %d' % code for code in (400, 403, 426, 431)), b'')
    assert b'Traceback' not in answer


def test_large_bodies_are_refused(app: GuardedApp) -> None:
    headers = {**app.own, 'Content-Length': str(10**12)}
    status, text, _ = app.request('POST', '/body', b'x', headers)
    assert (status, text) == (413, 'The request is larger than 1 MB.\n')
    status, _, _ = app.request('POST', '/teach/upload', b'x', headers)
    assert status == 413


def test_large_bodies_of_unknown_size_are_refused(app: GuardedApp) -> None:
    before = app.memory_mb()
    chunk = bytes(1_000_000)
    status, _, _ = send_chunks(app, '/body', chunk, 400)
    assert status in (413, 0)
    assert app.memory_mb() - before < 30


def test_uploads_go_to_a_private_file(app: GuardedApp) -> None:
    before = app.memory_mb()
    status, text, _ = send_chunks(app, '/teach/upload', b'abcd' * 250_000, 50)
    assert (status, json.loads(text)) == (200, [50_000_000, '0o100600', '61626364'])
    assert app.memory_mb() - before < 80
    assert scratch_files(app) == []


def test_too_large_an_upload_is_refused(app: GuardedApp) -> None:
    status, text, _ = send_chunks(app, '/teach/upload', bytes(1_000_000), 80)
    assert status in (413, 0)
    assert status == 0 or 'larger than 61 MB' in text
    assert scratch_files(app) == []


def test_an_upload_that_is_broken_off_leaves_nothing(app: GuardedApp) -> None:
    with app.connect() as connection:
        connection.sendall(
            f'POST /teach/upload HTTP/1.1\r\nHost: 127.0.0.1:{app.port}\r\nOrigin: {app.url}\r\n'
            'Content-Length: 50000000\r\n\r\n'.encode()
        )
        connection.sendall(bytes(5_000_000))
        wait_until(lambda: scratch_files(app))
    wait_until(lambda: not scratch_files(app))


def send_chunks(app: GuardedApp, path: str, chunk: bytes, number: int) -> tuple[int, str, Any]:
    """Send a body without saying how long it is; status 0: the connection was closed."""
    try:
        return app.request('POST', path, iter([chunk] * number), app.own)
    except (OSError, http.client.HTTPException):
        return 0, '', None


def scratch_files(app: GuardedApp) -> list[Path]:
    return [path for path in app.log.parent.glob('nn_perception-scratch-*/*') if path.is_file()]


def test_large_messages_close_the_socket(app: GuardedApp) -> None:
    with open_socket(app, '/viewer/socket') as socket:
        socket.send('a' * 1_000_000)
        assert len(socket.recv(PATIENCE_S)) == 1_000_000
        socket.send('a' * 1_100_000)
        with pytest.raises(exceptions.ConnectionClosed) as closed:
            socket.recv(PATIENCE_S)
    assert closed.value.rcvd.code == 1009
    with open_socket(app, '/viewer/upload') as socket:
        socket.send(bytes(8_000_000))
        assert socket.recv(PATIENCE_S) == '8000000'
        with pytest.raises(exceptions.ConnectionClosed):
            socket.send(bytes(9_000_000))
            socket.recv(PATIENCE_S)


def test_messages_in_too_many_parts_close_the_socket(app: GuardedApp) -> None:
    with open_socket(app, '/viewer/socket') as socket, pytest.raises(exceptions.ConnectionClosed):
        socket.send('' for _ in range(100_000))
        socket.recv(PATIENCE_S)


def test_too_many_messages_close_the_socket(app: GuardedApp) -> None:
    with open_socket(app, '/viewer/socket') as socket:
        with pytest.raises(exceptions.ConnectionClosed) as closed:
            # Without waiting for each answer: a busy machine would not reach so many a second.
            for _ in range(3000):
                socket.send('a')
            while True:
                socket.recv(PATIENCE_S)
        assert closed.value.rcvd.code == 1008
        assert 'too many messages' in closed.value.rcvd.reason


@pytest.mark.parametrize('path', ['/viewer/socket', NICEGUI])
def test_a_thousand_random_messages(app: GuardedApp, path: str) -> None:
    before = app.memory_mb()
    source = random.Random(1)
    starts = ['', '4', '42', '40', '42["event",', '51-', '45', 'b', '2', '43', '0', '42[']
    sockets = sent = 0
    while sent < 1000:
        with contextlib.suppress(exceptions.ConnectionClosed), open_socket(app, path) as socket:
            sockets += 1
            while sent < 1000:
                sent += 1
                content = source.randbytes(source.randrange(300))
                start = source.choice(starts)
                socket.send(start + content.decode('latin-1') if sent % 2 else content)
                if sent % 20 == 0:
                    with contextlib.suppress(TimeoutError):
                        socket.recv(0.05)
    app.check_alive()
    # How many go out before a closed socket is noticed depends on the machine.
    assert sockets > (0 if path == '/viewer/socket' else 1)
    assert app.memory_mb() - before < 30


def test_binary_parts_are_not_collected(app: GuardedApp) -> None:
    """An event announces a billion attachments, which would be kept until all are there."""
    before = app.memory_mb()
    with open_socket(app, NICEGUI) as socket:
        socket.send('40')
        socket.send('51-999999999["event",{"_placeholder":true,"num":0}]')
        with pytest.raises(exceptions.ConnectionClosed):
            for _ in range(100):
                socket.send(bytes(900_000))
                time.sleep(0.01)
    assert app.memory_mb() - before < 30


def test_idle_connections_keep_nobody_out(app: GuardedApp) -> None:
    before = app.memory_mb()
    with contextlib.ExitStack() as stack:
        for number in range(600):
            connection = stack.enter_context(app.connect())
            if number % 2:
                connection.sendall(b'GET / HTTP/1.1\r\nHost: loc')
        app.check_alive()
        assert app.files() < 400
        assert app.memory_mb() - before < 40


@pytest.mark.long
def test_slow_headers_are_not_waited_for(app: GuardedApp) -> None:
    with app.connect() as connection:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 30:
                connection.sendall(b'G')
                time.sleep(0.5)
    assert 10 < time.monotonic() - began < 25


def test_the_log_has_sentences_and_no_control_characters(app: GuardedApp) -> None:
    app.request('GET', '/%1b%5b31m%0aERROR', headers={'Host': 'localhost'})
    app.request('GET', '/', headers={'Host': 'evil\x1b[31m'})
    log = app.log.read_text()
    assert 'refused' in log
    assert '\x1b' not in log
    lines = [line for line in log.splitlines() if 'refused' in line]
    assert len(lines) < 150
    assert os.path.getsize(app.log) < 2_000_000


def test_pages_that_nobody_shows_are_limited(app: GuardedApp) -> None:
    """Each is kept for a minute, in case that its browser is slow."""
    before = app.memory_mb()
    began = time.monotonic()
    codes = [app.request('GET', '/')[0] for _ in range(150)]
    codes += [app.request('GET', f'/none/{number}')[0] for number in range(50)]
    # A burst, and one a second.
    assert codes.count(200) + codes.count(404) <= 62 + time.monotonic() - began
    assert set(codes) <= {200, 404, 429}
    assert app.memory_mb() - before < 80
    # What pages that are open load goes on, and so does the client's next page, soon.
    assert app.request('GET', '/_nicegui/none')[0] == 404
    deadline = time.monotonic() + 60
    while app.request('GET', '/ping')[0] == 429 and time.monotonic() < deadline:
        time.sleep(0.5)


@pytest.fixture(scope='module')
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedApp]:
    with guarded_app(tmp_path_factory.mktemp('closed'), token=TOKEN) as served:
        yield served


@pytest.mark.parametrize('headers', [{}, {'Cookie': 'nn_perception=x'}], ids=['none', 'cookie'])
def test_without_the_token_nothing_is_there(closed: GuardedApp, headers: dict[str, str]) -> None:
    static = '/_nicegui/static/nicegui.js'
    for path in ('/', '/ping', '/none', static, '/favicon.ico', '/_nicegui_ws/none'):
        status, text, _ = closed.request('GET', path, headers=headers)
        assert (status, 'oken' in text or 'WebSockets' in text) in ((401, True), (400, True)), path
    for path in ('/body', '/teach/upload'):
        status, text, _ = closed.request('POST', path, b'x', {**closed.own, **headers})
        assert (status, 'A token is needed' in text) == (401, True)
    for path in ('/viewer/socket', NICEGUI):
        with refused(401, 'token'), open_socket(closed, path, additional_headers=headers):
            pass


def test_with_the_token_all_is_there(closed: GuardedApp) -> None:
    assert closed.request('GET', '/ping', headers=WITH_TOKEN)[:2] == (200, '"pong"')
    answer = closed.request('POST', '/body', b'x', {**closed.own, **WITH_TOKEN})
    assert answer[:2] == (200, '1')
    with open_socket(closed, '/viewer/socket', additional_headers=WITH_TOKEN) as socket:
        socket.send('a')
        assert socket.recv(PATIENCE_S) == 'a'


def test_the_token_does_not_excuse_a_foreign_page(closed: GuardedApp) -> None:
    headers = {**WITH_TOKEN, 'Origin': 'http://evil.example'}
    assert closed.request('POST', '/body', b'x', headers)[0] == 403
    assert closed.request('GET', '/', headers={**WITH_TOKEN, 'Host': 'evil.example'})[0] == 421


def test_tokens_cannot_be_tried_without_end(closed: GuardedApp) -> None:
    codes = [closed.request('GET', f'/?token=wrong{number}')[0] for number in range(15)]
    codes += [
        closed.request('GET', '/', headers={'Authorization': f'Bearer {number}'})[0]
        for number in range(5)
    ]
    assert codes[0] == 401
    assert codes[-1] == 429
    assert 'wrong1' not in closed.log.read_text()
    assert TOKEN not in closed.log.read_text()


def test_so_many_pages_may_be_open(tmp_path: Path) -> None:
    with guarded_app(tmp_path, max_clients=2) as small, contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(open_socket(small, NICEGUI)) for _ in range(2)]
        with refused(503, 'open already'), open_socket(small, NICEGUI):
            pass
        status, text, _ = small.request('GET', '/', headers={'Accept': 'text/html'})
        assert (status, 'pages are open already' in text) == (503, True)
        sockets[0].close()

        def another_may_come() -> bool:
            with contextlib.suppress(exceptions.InvalidStatus), open_socket(small, NICEGUI):
                return True
            return False

        wait_until(another_may_come)
        small.check_alive()


@pytest.mark.long
def test_strangers_cannot_take_all_connections_of_tls(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    options = {'certificate': str(certificate), 'key': str(key)}
    with guarded_app(tmp_path, **options) as served, contextlib.ExitStack() as stack:
        served.check_alive()
        before = served.memory_mb()
        for number in range(600):
            connection = stack.enter_context(served.connect())
            with contextlib.suppress(OSError):
                connection.sendall(b'GET / HTTP/1.1\r\n\r\n' if number % 3 else b'\x16\x03\x01')
        served.check_alive()
        assert served.files() < 200
        assert served.memory_mb() - before < 80
        time.sleep(17)
        assert served.files() < 100
        served.check_alive()
