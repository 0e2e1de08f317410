"""A page with the JavaScript modules of the package, for tests in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
from pathlib import Path
import threading
from typing import Any

import nn_perception

STUDIO = Path(nn_perception.__file__).parent / 'studio'


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == '/':
            imports = {f'nn-{one.name}/': f'/{one.name}/' for one in STUDIO.iterdir()}
            page = f"""<!doctype html><title>test</title><link rel="icon" href="data:,">
            <script type="importmap">{json.dumps({'imports': imports})}</script>
            <body></body>"""
            self._answer(page.encode(), 'text/html')
            return
        path = STUDIO / self.path.lstrip('/')
        if path.suffix == '.js' and path.is_file():
            self._answer(path.read_bytes(), 'text/javascript')
        else:
            self.send_error(404)

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def module_page() -> Iterator[str]:
    """
    Serve a page that can import the modules of each folder of the studio, by its name.

    :returns: its address; ``nn-viewer/overlay.js`` is the name of a module there
    """
    server = ThreadingHTTPServer(('127.0.0.1', 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f'http://127.0.0.1:{server.server_port}/'
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
