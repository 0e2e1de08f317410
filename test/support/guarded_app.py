"""A page behind the checks of the studio, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import http.client
import json
import logging
import os
from pathlib import Path
import re
import socket
import ssl
import subprocess
import sys
import time
from typing import Any

from patience import HANGS_S
import pytest

# FastAPI looks for it among the names of the module.
fastapi = pytest.importorskip('fastapi')


@dataclass
class GuardedApp:
    """
    A page behind the checks of the studio, in a process of its own.

    :param port: that it listens on, at 127.0.0.1
    """

    process: subprocess.Popen[str]
    port: int
    log: Path
    encrypted: bool = False
    real: bool = False

    @property
    def url(self) -> str:
        return f'http{"s" if self.encrypted else ""}://127.0.0.1:{self.port}'

    @property
    def own(self) -> dict[str, str]:
        """The header that pages of the server send."""
        return {'Origin': self.url}

    def memory_mb(self) -> float:
        status = Path(f'/proc/{self.process.pid}/status').read_text()
        found = re.search(r'VmRSS:\s+(\d+) kB', status)
        assert found
        return int(found[1]) / 1024

    def files(self) -> int:
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def open(self) -> http.client.HTTPConnection:
        if not self.encrypted:
            return http.client.HTTPConnection('127.0.0.1', self.port, timeout=HANGS_S)
        context = ssl._create_unverified_context()
        return http.client.HTTPSConnection(
            '127.0.0.1', self.port, timeout=HANGS_S, context=context
        )

    def connect(self) -> socket.socket:
        return socket.create_connection(('127.0.0.1', self.port), timeout=HANGS_S)

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str, http.client.HTTPMessage]:
        connection = self.open()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode('utf-8', 'replace'), response.headers
        finally:
            connection.close()

    def check_alive(self) -> None:
        assert self.process.poll() is None, self.log.read_text()
        status, text, _ = self.request('GET', '/teach/frames' if self.real else '/ping')
        assert status == 200
        assert 'total' in text if self.real else text == '"pong"'


@contextmanager
def guarded_app(folder: Path, real: bool = False, **options: Any) -> Iterator[GuardedApp]:
    """
    Serve a page with buttons and charts, WebSockets and uploads.

    :param real: serve the page itself instead, without ROS
    :param options: of :class:`nn_perception.studio.options.StudioOptions`
    """
    log = folder / 'guarded_app.log'
    with log.open('w') as stream:
        process = subprocess.Popen(
            [sys.executable, __file__, 'real' if real else 'small', json.dumps(options)],
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            env={**os.environ, 'TMPDIR': str(folder), 'XDG_DATA_HOME': str(folder / 'data')},
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith('port '), log.read_text()
        yield GuardedApp(process, int(line.split()[1]), log, 'certificate' in options, real)
    finally:
        process.terminate()
        process.wait(HANGS_S)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate as docs/security.md says."""
    certificate, key = folder / 'page.crt', folder / 'page.key'
    subprocess.run(
        [
            *'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'.split(),
            *'-days 365 -subj /CN=robot.local -addext'.split(),
            'subjectAltName=DNS:robot.local,DNS:localhost,IP:127.0.0.1',
            *('-keyout', key, '-out', certificate),
        ],
        check=True,
        capture_output=True,
    )
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    return certificate, key


def serve(options: dict[str, Any]) -> None:
    from nicegui import ui
    from nn_perception.studio.access.access import protect, uvicorn_limits
    from nn_perception.studio.access.uploads import receive_upload
    from nn_perception.studio.options import StudioOptions
    import uvicorn

    logging.basicConfig(level=logging.INFO)
    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get('/ping')
    def ping() -> str:
        return 'pong'

    @app.post('/body')
    async def body(request: fastapi.Request) -> int:
        return len(await request.body())

    @app.post('/teach/upload')
    async def upload(request: fastapi.Request) -> list[Any]:
        async with receive_upload(request, 64_000_000) as path:
            return [path.stat().st_size, oct(path.stat().st_mode), path.read_bytes()[:4].hex()]

    @app.websocket('/viewer/socket')
    async def echo(websocket: fastapi.WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    @app.websocket('/viewer/upload')
    async def count(websocket: fastapi.WebSocket) -> None:
        await websocket.accept()
        async for content in websocket.iter_bytes():
            await websocket.send_text(str(len(content)))

    @ui.page('/')
    def page() -> None:
        numbers = {'clicks': 0}

        def click() -> None:
            numbers['clicks'] += 1
            label.text = f'clicked {numbers["clicks"]} times'

        label = ui.label('not clicked')
        ui.button('Click', on_click=click)
        ui.input('Name', on_change=lambda event: label.set_text(f'hello {event.value}'))
        ui.slider(min=0, max=10, value=5)
        ui.select(['one', 'two'], value='one', label='Which')
        ui.table(rows=[{'a': 1}])
        ui.echart({'xAxis': {}, 'yAxis': {}, 'series': [{'type': 'line', 'data': [1, 2]}]})
        ui.html('<b>bold</b>', sanitize=True)
        ui.icon('home')
        ui.image('data:image/gif;base64,R0lGODlhAQABAAAAACw=')
        ui.timer(0.2, lambda: None)

    ui.run_with(app, title='guarded', show_welcome_message=False)
    files = {name: Path(options[name]) for name in ('certificate', 'key') if name in options}
    allowed = StudioOptions(**{**options, **files})
    with socket.create_server((allowed.host, 0)) as listener:
        config = uvicorn.Config(
            protect(app, allowed), log_config=None, access_log=False, **uvicorn_limits(allowed)
        )
        say_port(listener.getsockname()[1])
        uvicorn.Server(config).run(sockets=[listener])


def serve_real(options: dict[str, Any]) -> None:
    from nn_perception.studio.local.backend import LocalBackend
    from nn_perception.studio.local.perception import Perception
    from nn_perception.studio.options import StudioOptions
    from nn_perception.studio.server import StudioServer
    from nn_perception.studio.studio import Studio

    logging.basicConfig(level=logging.INFO)
    perception = Perception()
    studio = Studio(LocalBackend(perception), StudioOptions(port=0, **options), perception)
    server = StudioServer(studio)
    server.start()
    say_port(int(server.address.rpartition(':')[2]))
    while server.running:
        time.sleep(0.1)


def say_port(port: int) -> None:
    sys.stdout.write(f'port {port}\n')
    sys.stdout.flush()


if __name__ == '__main__':
    {'real': serve_real, 'small': serve}[sys.argv[1]](json.loads(sys.argv[2]))
