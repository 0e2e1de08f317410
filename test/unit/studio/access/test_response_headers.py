"""What the browser is told about the page."""

from __future__ import annotations

from nn_perception.studio.access.addresses import Authority
from nn_perception.studio.access.response_headers import add_headers, content_policy
import pytest
from starlette.datastructures import MutableHeaders


@pytest.mark.parametrize(
    ('host', 'secure', 'connect'),
    [
        ('localhost:8080', False, "'self' ws://localhost:8080"),
        ('robot.local', True, "'self' wss://robot.local"),
        ('10.0.0.1', False, "'self' ws://10.0.0.1"),
        ('[::1]:8080', False, "'self'"),
        ('a_b.local', False, "'self'"),
    ],
)
def test_pages_connect_to_this_server_only(head, host: str, secure: bool, connect: str) -> None:
    authority = Authority.parse(host)
    assert authority is not None
    policy = content_policy(head(secure=secure), authority, 'secret')
    assert f'connect-src {connect};' in policy
    assert "'nonce-secret'" in policy


@pytest.mark.parametrize(
    ('host', 'secure', 'isolated'),
    [
        ('localhost', False, True),
        ('[::1]', False, True),
        ('robot.local', True, True),
        # Browsers complain about the header there.
        ('robot.local', False, False),
        ('10.0.0.1', False, False),
    ],
)
def test_other_windows_are_kept_apart(head, host: str, secure: bool, isolated: bool) -> None:
    message = {'type': 'http.response.start', 'status': 200, 'headers': []}
    add_headers(message, head(secure=secure), Authority.parse(host), '')
    headers = MutableHeaders(raw=message['headers'])
    assert ('cross-origin-opener-policy' in headers) is isolated


def cache_control(head, path: str, kind: str, given: str = '') -> str:
    headers = [(b'content-type', kind.encode()), (b'server', b'x')]
    if given:
        headers.append((b'cache-control', given.encode()))
    message = {'type': 'http.response.start', 'status': 200, 'headers': headers}
    add_headers(message, head(path=path), Authority('localhost'), '')
    answer = MutableHeaders(raw=message['headers'])
    assert 'server' not in answer
    return answer.get('cache-control', '')


def test_what_shows_pictures_is_not_kept(head) -> None:
    assert cache_control(head, '/', 'text/html; charset=utf-8') == 'no-store'
    assert cache_control(head, '/teach/view', 'image/jpeg') == 'no-store'
    assert cache_control(head, '/_nicegui/3/static/a.js', 'text/javascript') == ''
    assert cache_control(head, '/_nicegui/none', 'text/html') == 'no-store'
    assert cache_control(head, '/teach/thumbnail', 'image/jpeg', 'private') == 'private'
