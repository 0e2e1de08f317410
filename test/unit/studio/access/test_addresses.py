"""For whom a request is, and from which page it comes."""

from __future__ import annotations

from nn_perception.studio.access.addresses import Addresses, Authority, check_origin
from nn_perception.studio.access.refusal import RefusedError
from nn_perception.studio.access.request_head import RequestHead, WEBSOCKET
from nn_perception.studio.options import StudioOptions
import pytest

OPTIONS = StudioOptions(host_names=('Robot.Example.org',))


def head(method: str = 'GET', secure: bool = False, **headers: str | tuple[str, ...]):
    many = {
        name.replace('_', '-'): (value,) if isinstance(value, str) else value
        for name, value in headers.items()
    }
    return RequestHead(method, '/', '', secure, '127.0.0.1', many)


@pytest.mark.parametrize(
    'host',
    [
        'localhost',
        'LOCALHOST:8080',
        'localhost.:8080',
        '127.0.0.1:8080',
        '10.1.2.3',
        '[::1]:8080',
        '[fe80::1]',
        'robot.local',
        'my-robot.local:8443',
        'robot.example.org',
        'ROBOT.example.ORG:1',
    ],
)
def test_own_names_are_answered(host: str) -> None:
    assert Addresses(OPTIONS).check_host(head(host=host)).name in host.lower()


@pytest.mark.parametrize(
    ('host', 'status'),
    [
        ('evil.example', 421),
        ('localhost.evil.example:8080', 421),
        ('127.0.0.1.evil.example', 421),
        ('evil.robot.example.org', 421),
        ('xrobot.example.org', 421),
        ('robotlocal', 421),
        ('.local', 400),
        ('local', 421),
        ('0x7f.1', 421),
        ('2130706433', 421),
        ('', 400),
        ('localhost:0', 400),
        ('localhost:65536', 400),
        ('localhost:8080:8080', 400),
        ('localhost:', 400),
        ('user@localhost', 400),
        ('localhost/evil', 400),
        ('localhost evil', 400),
        ('localhost,evil.example', 400),
        ('[::1', 400),
        ('::1', 400),
        ('[evil]', 400),
        ('[fe80::1%25eth0]', 400),
        ('l\u00f6calhost', 400),
        ('\x1b[31mlocalhost', 400),
        ('a' * 300, 400),
        (('localhost', 'localhost'), 400),
        (('localhost', 'evil.example'), 400),
        ((), 400),
    ],
)
def test_other_names_are_refused(host: str | tuple[str, ...], status: int) -> None:
    with pytest.raises(RefusedError) as refused:
        Addresses(OPTIONS).check_host(head(host=host))
    assert refused.value.status == status
    assert refused.value.sentence.isprintable()
    assert len(refused.value.sentence) < 200


def test_the_address_that_is_bound_is_a_name_too() -> None:
    options = StudioOptions(host='robot', token='long enough')
    assert Addresses(options).check_host(head(host='robot:8080')) == Authority('robot', 8080)


@pytest.mark.parametrize(
    ('host', 'secure', 'origin'),
    [
        ('localhost:8080', False, 'http://localhost:8080'),
        ('localhost', False, 'http://localhost'),
        ('localhost:80', False, 'http://localhost'),
        ('robot.local', True, 'https://robot.local'),
        ('robot.local:443', True, 'https://ROBOT.local'),
        ('[::1]:8080', False, 'http://[::1]:8080'),
    ],
)
@pytest.mark.parametrize('method', ['GET', 'POST', 'DELETE', WEBSOCKET])
def test_own_pages_may_ask(method: str, host: str, secure: bool, origin: str) -> None:
    authority = Authority.parse(host)
    assert authority is not None
    check_origin(head(method, secure, host=host, origin=origin), authority)


@pytest.mark.parametrize(
    'origin',
    [
        'http://evil.example',
        'http://localhost',
        'http://localhost:8081',
        'https://localhost:8080',
        'http://127.0.0.1:8080',
        'http://localhost:8080.evil.example',
        'http://evil.example/http://localhost:8080',
        'http://localhost:8080/',
        'http://localhost:8080@evil.example',
        'http://user@localhost:8080',
        'ws://localhost:8080',
        'null',
        'file://',
        'chrome-extension://abc',
        'localhost:8080',
        ('http://localhost:8080', 'http://localhost:8080'),
    ],
)
@pytest.mark.parametrize('method', ['GET', 'POST', WEBSOCKET])
def test_other_pages_may_not(method: str, origin: str) -> None:
    with pytest.raises(RefusedError) as refused:
        check_origin(head(method, origin=origin), Authority('localhost', 8080))
    assert refused.value.status in (400, 403)


@pytest.mark.parametrize('method', ['POST', 'PUT', 'PATCH', 'DELETE', WEBSOCKET])
def test_a_change_without_an_origin_is_refused(method: str) -> None:
    with pytest.raises(RefusedError, match='header Origin'):
        check_origin(head(method), Authority('localhost', 8080))


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_link_needs_no_origin(method: str) -> None:
    check_origin(head(method), Authority('localhost', 8080))


@pytest.mark.parametrize(
    ('headers', 'allowed'),
    [
        ({'sec_fetch_site': 'same-origin', 'sec_fetch_mode': 'cors'}, True),
        ({'sec_fetch_site': 'none', 'sec_fetch_mode': 'navigate'}, True),
        ({'sec_fetch_site': 'cross-site', 'sec_fetch_mode': 'navigate'}, True),
        ({'sec_fetch_site': 'cross-site', 'sec_fetch_mode': 'no-cors'}, False),
        ({'sec_fetch_site': 'same-site', 'sec_fetch_mode': 'no-cors'}, False),
        ({'sec_fetch_site': 'same-site', 'sec_fetch_mode': 'websocket'}, False),
    ],
)
def test_another_page_may_link_but_not_embed(headers: dict[str, str], allowed: bool) -> None:
    request = head(sec_fetch_dest='document', **headers)
    if allowed:
        check_origin(request, Authority('localhost', 8080))
    else:
        with pytest.raises(RefusedError):
            check_origin(request, Authority('localhost', 8080))


@pytest.mark.parametrize('target', ['iframe', 'embed', 'object', 'image'])
def test_another_page_may_not_frame(target: str) -> None:
    request = head(sec_fetch_site='cross-site', sec_fetch_mode='navigate', sec_fetch_dest=target)
    with pytest.raises(RefusedError):
        check_origin(request, Authority('localhost', 8080))


@pytest.mark.parametrize(('path', 'allowed'), [('/', True), ('/teach', True), ('/teach/a', False)])
def test_another_page_may_link_to_views_only(path: str, allowed: bool) -> None:
    values = ('cross-site', 'navigate', 'document')
    names = ('sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest')
    headers = {name: (value,) for name, value in zip(names, values, strict=True)}
    request = RequestHead('GET', path, '', False, '127.0.0.1', headers)
    if allowed:
        check_origin(request, Authority('localhost', 8080))
    else:
        with pytest.raises(RefusedError):
            check_origin(request, Authority('localhost', 8080))
