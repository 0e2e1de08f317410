"""What Chromium does with the page: its policy, a page elsewhere, the token, and TLS."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import http.server
import json
from pathlib import Path
import threading
from typing import Any

from browser import browser, Watched
from guarded_app import guarded_app, GuardedApp, make_certificate
from patience import wait_until
import pytest

pytest.importorskip('nicegui')

TOKEN = 'for this test & no other'
# What a page elsewhere tries; each answers whether it got something.
ATTEMPTS = {
    'read': "fetch(url + 'ping').then(r => r.text()).then(() => true, () => false)",
    'read blindly': "fetch(url + 'ping', {mode: 'no-cors'}).then(() => true, () => false)",
    'change': "fetch(url + 'body', {method: 'POST', mode: 'no-cors', body: 'x'})"
    '.then(() => true, () => false)',
    'socket': """new Promise(done => {
        const socket = new WebSocket(url.replace('http', 'ws') + 'viewer/socket');
        socket.onopen = () => done(true); socket.onerror = () => done(false); })""",
    'nicegui': """new Promise(done => {
        const socket = new WebSocket(
            url.replace('http', 'ws') + '_nicegui_ws/socket.io/?EIO=4&transport=websocket');
        socket.onopen = () => done(true); socket.onerror = () => done(false); })""",
    'script': """new Promise(done => {
        const script = document.createElement('script');
        script.onload = () => done(true); script.onerror = () => done(false);
        script.src = url + 'ping'; document.head.append(script); })""",
    'frame': """new Promise(done => {
        const frame = document.createElement('iframe'); frame.src = url;
        frame.onload = () => {
            try { done(frame.contentDocument !== null) } catch { done(false) } };
        document.body.append(frame); })""",
    'window': """new Promise(done => {
        const other = window.open(url);
        setTimeout(() => { try { done(other.document.body.innerText !== '') }
                           catch { done(false) } }, 1000); })""",
}


# What an attacker who may write into the page tries.
ATTACKS = (
    "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit=1\">')",
    "document.body.insertAdjacentHTML('beforeend', '<svg onload=\"window.hit=1\">')",
    """document.body.insertAdjacentHTML('beforeend',
        '<a id="bad" href="javascript:window.hit=1">x</a>');
       document.getElementById('bad').click()""",
    """document.body.append(Object.assign(document.createElement('script'),
        {textContent: 'window.hit=1'}))""",
    "fetch('http://127.0.0.1:1/').then(() => window.hit = 1)",
    "import('http://127.0.0.1:1/x.js').then(() => window.hit = 1)",
    "new WebSocket('ws://127.0.0.1:1/')",
    "document.head.append(Object.assign(document.createElement('base'), {href: '/x'}))",
)


@pytest.fixture(scope='module')
def chromium() -> Iterator[Any]:
    with browser('--ignore-certificate-errors') as started:
        yield started


@pytest.fixture(scope='module')
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedApp]:
    with guarded_app(tmp_path_factory.mktemp('app')) as served:
        yield served


@contextlib.contextmanager
def watched_page(chromium: Any) -> Iterator[tuple[Any, Watched]]:
    context = chromium.new_context()
    page, watched = context.new_page(), Watched()
    watched.watch(page)
    try:
        yield page, watched
    finally:
        context.close()


def use(page: Any) -> None:
    """Click a button, and wait for the answer of the server."""
    page.get_by_role('button', name='Click').click()
    page.get_by_text('clicked 1 times').wait_for()


def test_the_page_works_under_its_policy(chromium: Any, app: GuardedApp) -> None:
    with watched_page(chromium) as (page, watched):
        answer = page.goto(app.url)
        use(page)
        page.get_by_label('Name').fill('robot')
        page.get_by_text('hello robot').wait_for()
        page.wait_for_function('document.querySelector("canvas, svg") !== null')
        policy = answer.headers['content-security-policy']
        assert "default-src 'none'" in policy
        watched.check()
        # It holds.
        page.evaluate(
            """() => { document.addEventListener('securitypolicyviolation',
                (event) => { window.stopped.push(event.effectiveDirective) }); }"""
        )
        for attack in ATTACKS:
            said = len(watched.console)
            page.evaluate(f'() => {{ window.stopped = []; {attack}; }}')
            page.wait_for_function('window.stopped.length > 0')
            assert page.evaluate('window.hit') is None, attack
            wait_until(lambda before=said: page.evaluate('1') and len(watched.console) > before)


def test_a_page_elsewhere_gets_nothing(chromium: Any, app: GuardedApp) -> None:
    with foreign_page() as foreign, watched_page(chromium) as (page, _):
        page.goto(foreign)
        for attempt, tried in ATTEMPTS.items():
            code = f"async () => {{ const url = '{app.url}/'; return {tried} }}"
            assert page.evaluate(code) is False, attempt
            app.check_alive()


@contextlib.contextmanager
def foreign_page() -> Iterator[str]:
    """Serve an empty page on another port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header('Content-Type', 'text/html')
            self.end_headers()
            self.wfile.write(b'<!doctype html><title>foreign</title><body>foreign')

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}/'
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope='module')
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedApp]:
    with guarded_app(tmp_path_factory.mktemp('closed'), token=TOKEN) as served:
        yield served


def test_the_form_lets_in_who_knows_the_token(chromium: Any, closed: GuardedApp) -> None:
    with watched_page(chromium) as (page, watched):
        assert page.goto(f'{closed.url}/?a=1').status == 401
        page.get_by_label('Token').fill('wrong')
        page.keyboard.press('Enter')
        page.get_by_role('alert').wait_for()
        page.get_by_label('Token').fill(TOKEN)
        page.get_by_role('button').click()
        use(page)
        assert page.url == f'{closed.url}/?a=1'
        assert TOKEN not in json.dumps(page.context.cookies())
        assert page.evaluate('document.cookie') == ''
        # Those of the two answers that asked for the token.
        assert all('401' in line for line in watched.console)
        assert len(watched.console) == 2


def test_the_token_leaves_the_address(chromium: Any, closed: GuardedApp) -> None:
    with watched_page(chromium) as (page, watched):
        page.goto(f'{closed.url}/?token=for+this+test+%26+no+other')
        use(page)
        assert page.url == f'{closed.url}/'
        page.reload()
        use(page)
        watched.check()


def test_a_link_elsewhere_opens_the_page(chromium: Any, closed: GuardedApp) -> None:
    """The cookie does not come with it, so the page asks once more, by itself."""
    with foreign_page() as foreign, watched_page(chromium) as (page, watched):
        page.goto(f'{closed.url}/?token=for+this+test+%26+no+other')
        use(page)
        page.goto(foreign.replace('127.0.0.1', 'localhost'))
        page.evaluate(f"() => {{ location.href = '{closed.url}/' }}")
        use(page)
        watched.check()


def test_the_page_over_tls(chromium: Any, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    with (
        guarded_app(tmp_path, token=TOKEN, certificate=str(certificate), key=str(key)) as served,
        watched_page(chromium) as (page, watched),
    ):
        page.goto(f'{served.url}/?token=for+this+test+%26+no+other')
        use(page)
        cookie = page.context.cookies()[0]
        assert cookie['name'].startswith('__Host-')
        assert (cookie['secure'], cookie['httpOnly'], cookie['sameSite']) == (True, True, 'Strict')
        assert page.evaluate('isSecureContext') is True
        watched.check()
