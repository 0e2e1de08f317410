"""Videos and streams of pictures for tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import struct
import threading
import time

import cv2
import numpy as np

GREY_STEP = 20
BOUNDARY = b'--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n'


def greys(count: int) -> list[np.ndarray]:
    """Make pictures of one grey each, all different."""
    return [np.full((48, 64, 3), GREY_STEP * (1 + i), np.uint8) for i in range(count)]


def number_of(image: np.ndarray) -> int:
    """Return which one of the grey pictures an image is."""
    return round(float(image[24, 32, 0]) / GREY_STEP) - 1


def jpeg(picture: np.ndarray) -> bytes:
    """Encode a picture."""
    return bytes(cv2.imencode('.jpg', picture)[1].tobytes())


def write_avi(path: Path, pictures: Sequence[np.ndarray], rate_hz: float = 20.0) -> Path:
    """Write a video with a constant rate."""
    height, width = pictures[0].shape[:2]
    fourcc = cv2.VideoWriter_fourcc(*'MJPG')
    # The writer cannot cope with each name that a video can have.
    plain = path.with_name('plain.avi')
    writer = cv2.VideoWriter(str(plain), fourcc, rate_hz, (width, height))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return plain.rename(path)


def write_mjpeg(path: Path, pictures: Sequence[np.ndarray]) -> Path:
    """Write JPEG pictures one after the other, with neither times nor an index."""
    path.write_bytes(b''.join(map(jpeg, pictures)))
    return path


def write_matroska(
    path: Path, pictures: Sequence[np.ndarray], times_ms: Sequence[int], codec: str = 'V_MJPEG'
) -> Path:
    """Write a video whose frames have times of their own."""
    height, width = pictures[0].shape[:2]
    head = _element('1A45DFA3', _element('4282', b'matroska') + _number('4287', 4))
    scale = _element('1549A966', _number('2AD7B1', 1_000_000))
    size = _element('E0', _number('B0', width) + _number('BA', height))
    numbers = _number('D7', 1) + _number('73C5', 1) + _number('83', 1)
    body = scale + _element(
        '1654AE6B', _element('AE', numbers + _element('86', codec.encode()) + size)
    )
    for picture, time_ms in zip(pictures, times_ms, strict=True):
        block = _element('A3', b'\x81\0\0\x80' + jpeg(picture))
        body += _element('1F43B675', _number('E7', time_ms) + block)
    path.write_bytes(head + _element('18538067', body))
    return path


def _element(code: str, content: bytes) -> bytes:
    return bytes.fromhex(code) + struct.pack('>Q', len(content) | 1 << 56) + content


def _number(code: str, value: int) -> bytes:
    return _element(code, value.to_bytes(8, 'big'))


class StreamServer(ThreadingHTTPServer):
    """
    A server on this machine, whose paths are cameras.

    ``/live`` sends pictures for ever, ``/ends`` ten of them, ``/stalls`` ten and then nothing;
    ``/silent`` accepts and says nothing; ``/text`` is no video; ``/file`` is a file with an end.

    :ivar requests: the paths that were asked for
    :ivar closing: set once it hangs up
    :ivar url: of the server
    """

    daemon_threads = True

    def __init__(self, file: bytes, rate_hz: float) -> None:
        super().__init__(('127.0.0.1', 0), _Camera)
        self.requests: list[str] = []
        self.closing = threading.Event()
        self.contents = {'/file': file, '/text': b'hello, world\n' * 1000}
        self.pictures = [jpeg(picture) for picture in greys(10)]
        self.period_s = 1.0 / rate_hz
        self.url = f'http://127.0.0.1:{self.server_port}'


class _Camera(BaseHTTPRequestHandler):
    server: StreamServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer until the client hangs up."""
        self.server.requests.append(self.path)
        with contextlib.suppress(OSError):
            self._answer(self.path.partition('?')[0])

    def _answer(self, path: str) -> None:
        if path == '/silent':
            self.server.closing.wait(30.0)
        elif path in self.server.contents:
            content = self.server.contents[path]
            self.send_response(200)
            self.send_header('Content-Length', str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        elif path in ('/live', '/ends', '/stalls'):
            self._send_pictures(path)
        else:
            self.send_error(404)

    def _send_pictures(self, path: str) -> None:
        self.send_response(200)
        self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=frame')
        self.end_headers()
        while not self.server.closing.is_set():
            for picture in self.server.pictures:
                self.wfile.write(BOUNDARY % len(picture) + picture + b'\r\n')
                time.sleep(self.server.period_s)
            if path == '/ends':
                return
            if path == '/stalls':
                self.server.closing.wait(30.0)


@contextmanager
def stream_server(file: bytes = b'', rate_hz: float = 50.0) -> Iterator[StreamServer]:
    """Run a server of streams."""
    server = StreamServer(file, rate_hz)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
