"""The order of the checks, the caps, and clients that are slow or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from nn_perception.studio.access.guard import Guard
from nn_perception.studio.access.limits import bodies, sockets, table
from nn_perception.studio.options import StudioOptions
import pytest

ORIGIN = 'http://localhost'
OWN = {'host': 'localhost', 'origin': ORIGIN}
ALLOWED = StudioOptions(max_clients=2)


def http(method: str = 'GET', path: str = '/', **headers: str) -> dict[str, Any]:
    return scope('http', path, headers, method=method, scheme='http')


def websocket(path: str = '/viewer/socket', **headers: str) -> dict[str, Any]:
    extensions = {'websocket.http.response': {}}
    return scope('websocket', path, headers, scheme='ws', extensions=extensions)


def scope(kind: str, path: str, headers: dict[str, str], **more: Any) -> dict[str, Any]:
    given = {**OWN, **{name.replace('_', '-'): value for name, value in headers.items()}}
    return {
        'type': kind,
        'path': path,
        'query_string': b'',
        'client': ('10.0.0.1', 5),
        'headers': [(name.encode(), value.encode()) for name, value in given.items() if value],
        **more,
    }


class Client:
    """Sends what it is given, then waits; keeps what it gets."""

    def __init__(self, messages: Iterable[dict[str, Any]] = ()) -> None:
        self.got: list[dict[str, Any]] = []
        self._messages = iter(messages)

    async def receive(self) -> dict[str, Any]:
        for message in self._messages:
            return message
        await asyncio.sleep(60)
        raise AssertionError('nobody should wait so long')

    async def send(self, message: dict[str, Any]) -> None:
        self.got.append(message)

    @property
    def status(self) -> int:
        return self.got[0]['status']

    @property
    def text(self) -> str:
        return b''.join(message.get('body', b'') for message in self.got[1:]).decode()


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    return {'type': 'http.request', 'body': body, 'more_body': more}


async def read_all(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the size of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        if message['type'] == 'http.disconnect':
            raise ConnectionError('the client is gone')
        size += len(message['body'])
        more = message['more_body']
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': str(size).encode()})


async def echo(scope: Any, receive: Any, send: Any) -> None:
    await send({'type': 'websocket.accept'})
    while (message := await receive())['type'] != 'websocket.disconnect':
        await send({**message, 'type': 'websocket.send'})


def run(guard: Guard, scope: dict[str, Any], messages: Iterable[Any] = ()) -> Client:
    client = Client(messages)
    asyncio.run(guard(scope, client.receive, client.send))
    return client


def test_what_is_allowed_passes() -> None:
    client = run(Guard(read_all, ALLOWED), http('POST'), [part(b'abc', True), part(b'd')])
    assert (client.status, client.text) == (200, '4')


def test_the_host_is_checked_before_all() -> None:
    async def never(*_: Any) -> None:
        pytest.fail('the application must not see this')

    guard = Guard(never, StudioOptions(token='secret'))
    evil = {'host': 'evil.example', 'origin': 'null', 'authorization': 'Bearer wrong'}
    assert run(guard, http('BREW', '//x', **evil)).status == 421
    assert run(guard, http(origin='null', authorization='Bearer wrong')).status == 403
    assert run(guard, http(authorization='Bearer wrong')).status == 401
    assert run(guard, websocket(**evil)).status == 421
    assert run(guard, websocket(authorization='Bearer wrong')).status == 401
    assert run(guard, websocket()).status == 401


def test_the_application_sees_no_proxies() -> None:
    seen: list[bytes] = []

    async def look(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(name for name, _ in scope['headers'])
        await read_all(scope, receive, send)

    run(Guard(look, ALLOWED), http(x_forwarded_prefix='//evil', forwarded='x', a='b'), [part(b'')])
    assert seen == [b'host', b'origin', b'a']


@pytest.mark.parametrize('length', ['', '2000000'])
def test_a_large_body_is_refused(length: str) -> None:
    messages = [part(bytes(300_000), True)] * 5
    client = run(Guard(read_all, ALLOWED), http('POST', content_length=length), messages)
    assert (client.status, client.text) == (413, 'The request is larger than 1 MB.\n')


def test_an_application_that_answers_too_late_is_not_heard() -> None:
    async def stubborn(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())['type'] != 'http.disconnect':
            pass
        await send({'type': 'http.response.start', 'status': 200, 'headers': []})
        await send({'type': 'http.response.body', 'body': b'all is well'})

    client = run(Guard(stubborn, ALLOWED), http('POST'), [part(bytes(300_000), True)] * 5)
    assert [message.get('status') for message in client.got] == [413, None]


def test_an_upload_may_be_large() -> None:
    path, size = '/teach/upload/zip', 3 * table.MAX_BODY_BYTES
    client = run(Guard(read_all, ALLOWED), http('POST', path), [part(bytes(size))])
    assert (client.status, client.text) == (200, str(size))
    assert run(Guard(read_all, ALLOWED), http('POST', '/teach/uploads'), [part(bytes(size))])


def test_few_large_pictures_are_in_memory_at_a_time() -> None:
    guard = Guard(read_all, ALLOWED)

    async def send_all(length: str, number: int) -> list[int | None]:
        clients = [Client([part(b'a', True)]) for _ in range(number)]
        request = http('POST', '/teach/frames', content_length=length)
        tasks = [asyncio.create_task(guard(request, one.receive, one.send)) for one in clients]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return [one.status if one.got else None for one in clients]

    for length in ('5000000', ''):
        assert asyncio.run(send_all(length, 10)) == [None] * 8 + [503] * 2
    # Such as those that are recorded.
    assert asyncio.run(send_all('90000', 20)) == [None] * 20


def test_a_body_that_stops_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, 'BODY_PAUSE_S', 0.1)
    client = run(Guard(read_all, ALLOWED), http('POST'), [part(b'a', True)])
    assert (client.status, client.text) == (408, 'The request arrives too slowly.\n')


def test_a_body_that_trickles_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, 'SLOW_START_S', -100.0)
    client = run(Guard(read_all, ALLOWED), http('POST'), [part(b'a', True)] * 3)
    assert client.status == 408


def test_after_the_body_it_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, 'BODY_PAUSE_S', 0.05)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await asyncio.wait_for(asyncio.sleep(0.2), 1)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(receive(), 0.2)
        await read_all(scope, lambda: asyncio.sleep(0, part(b'')), send)

    assert run(Guard(slow, ALLOWED), http('POST'), [part(b'')]).status == 200


@pytest.mark.parametrize(
    ('path', 'limit'), [('/_nicegui_ws/socket.io/', 2), ('/viewer/socket', 8)]
)
def test_so_many_sockets_may_be_open(path: str, limit: int) -> None:
    guard = Guard(echo, ALLOWED)

    async def open_all() -> list[Client]:
        clients = [Client() for _ in range(limit)]
        tasks = [
            asyncio.create_task(guard(websocket(path), client.receive, client.send))
            for client in clients
        ]
        await asyncio.sleep(0.05)
        more = Client()
        await guard(websocket(path), more.receive, more.send)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        after = Client([{'type': 'websocket.disconnect', 'code': 1000}])
        await guard(websocket(path), after.receive, after.send)
        return [*clients, more, after]

    *opened, more, after = asyncio.run(open_all())
    assert all(client.got[0]['type'] == 'websocket.accept' for client in opened)
    assert (more.status, 'open already' in more.text) == (503, True)
    assert after.got[0]['type'] == 'websocket.accept'


def test_a_browser_that_reads_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bodies, 'SEND_TIMEOUT_S', 0.1)
    monkeypatch.setattr(sockets, 'SEND_TIMEOUT_S', 0.1)

    async def never_sends(message: dict[str, Any]) -> None:
        await asyncio.sleep(60)

    guard = Guard(echo, ALLOWED)
    asyncio.run(guard(websocket(), Client().receive, never_sends))
    asyncio.run(guard(http(), Client([part(b'')]).receive, never_sends))
    assert set(guard._open.values()) == {0}
    assert caplog.text.count('does not read what is sent') == 1


def test_too_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, 'REQUEST_BURST', 5)
    monkeypatch.setattr(table, 'REQUESTS_HZ', 0.001)
    guard = Guard(read_all, ALLOWED)
    codes = [run(guard, http(), [part(b'')]).status for _ in range(7)]
    assert codes == [200] * 5 + [429] * 2


def test_too_many_pages() -> None:
    guard = Guard(page, ALLOWED)
    codes = [run(guard, http(), [part(b'')]).status for _ in range(70)]
    assert codes[:50] == [200] * 50
    assert codes[-1] == 429
    assert run(guard, http(path='/_nicegui/3/static/a.css'), [part(b'')]).status == 200


async def page(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b'content-type', b'text/html; charset=utf-8'), (b'content-length', b'45')]
    await send({'type': 'http.response.start', 'status': 200, 'headers': headers})
    await send({'type': 'http.response.body', 'body': b'<script>a</script>', 'more_body': True})
    await send({'type': 'http.response.body', 'body': b'<script type="module">b</script>'})


def test_scripts_of_a_page_carry_the_secret_of_its_policy() -> None:
    first, second = (run(Guard(page, ALLOWED), http(), [part(b'')]) for _ in range(2))
    headers = dict(first.got[0]['headers'])
    policy = headers[b'content-security-policy'].decode()
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert len(nonce) >= 20
    expected = (
        f'<script nonce="{nonce}">a</script><script nonce="{nonce}" type="module">b</script>'
    )
    assert first.text == expected
    assert headers[b'content-length'] == str(len(expected)).encode()
    assert first.text != second.text
    assert 'unsafe-inline' not in policy.partition('style-src')[0]


def test_the_lifespan_passes() -> None:
    seen: Callable[..., Any] | Any = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope['type'])

    run(Guard(app, ALLOWED), {'type': 'lifespan'})
    assert seen == ['lifespan']
