"""Streams over the network as frames."""

from __future__ import annotations

from dataclasses import dataclass
import re
import socket
import threading
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

import cv2
from nn_perception.sources.captures import capture_stream
from nn_perception.sources.frame_source import FrameSource
from nn_perception.sources.live import LiveCamera, LiveSource, StartReader
from nn_perception.sources.video import VideoSource

# Schemes of servers -> the port that is used if the URL has none.
PORTS = {'rtsp': 554, 'rtsps': 322, 'rtmp': 1935, 'http': 80, 'https': 443}
# Nothing answers there before images come, or only once.
OTHERS = ('rtp', 'srt', 'tcp', 'udp')
SCHEMES = (*PORTS, *OTHERS)
CONNECT_TIMEOUT_S = 3.0
LOST = 'the stream ended; connecting again'
# One slash is what a path makes of two.
_URL = re.compile(r'([A-Za-z][A-Za-z0-9+.-]+):/+', re.ASCII)


def scheme_of(source: str) -> str:
    """Return the scheme of a URL in lower case; empty for a path or anything else."""
    match = _URL.match(source)
    return match[1].lower() if match else ''


@dataclass(frozen=True)
class StreamUrl:
    """
    The URL of a stream.

    :param text: with the password, if there is one
    :param parts: of the text
    :raises ValueError: if it cannot be one
    """

    text: str
    parts: SplitResult

    @classmethod
    def parse(cls, text: str) -> StreamUrl:
        """
        Take a URL apart.

        :raises ValueError: if OpenCV cannot play it, with the reason
        """
        scheme = scheme_of(text)
        if scheme not in SCHEMES:
            raise ValueError(
                f'{scheme}: URLs of this kind cannot be played; those that can begin with '
                f'{", ".join(f"{one}://" for one in (*SCHEMES, "file"))}'
            )
        if not text[len(scheme) :].startswith('://'):
            raise ValueError(f'a URL has two slashes after the colon: {scheme}://HOST/PATH')
        try:
            parts = urlsplit(text)
            port, host = parts.port, parts.hostname
        except ValueError as error:
            raise ValueError(f'{scheme}: the URL cannot be read: {error}') from error
        if scheme in PORTS and not host:
            raise ValueError(f'{scheme}: the URL has no host: {scheme}://HOST/PATH')
        if scheme == 'tcp' and port is None:
            raise ValueError('tcp: the URL has no port: tcp://HOST:PORT')
        return cls(text, parts)

    @property
    def shown(self) -> str:
        """The URL for logs and names: without user, password and query, which are secrets."""
        _, _, place = self.parts.netloc.rpartition('@')
        return f'{self.parts.scheme}://{place}{self.parts.path}'

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port that must accept a connection; None if none need to."""
        scheme = self.parts.scheme
        if scheme not in PORTS or (scheme.startswith('http') and scheme in getproxies()):
            return None
        return str(self.parts.hostname), self.parts.port or PORTS[scheme]


def open_stream(url: str, start: StartReader = threading.Thread.start) -> FrameSource:
    """
    Open a stream: the newest frames of a live one, all frames of a video with an end.

    :param start: starts the thread that reads a live stream
    :raises ValueError: if it cannot be played, within some seconds
    """
    stream = StreamUrl.parse(url)
    source = LiveSource(LiveCamera(stream.shown, lambda: _capture(stream), LOST), start)
    if source.frame_count <= 0:
        return source
    source.close()
    return VideoSource(lambda: _capture(stream), stream.shown)


def _capture(stream: StreamUrl) -> cv2.VideoCapture:
    """
    Connect.

    :raises ValueError: if that fails
    """
    if stream.address is not None:
        _check_reachable(stream.shown, stream.address)
    capture = capture_stream(stream.text)
    if capture.isOpened():
        return capture
    if stream.parts.scheme in OTHERS:
        raise ValueError(f'{stream.shown}: nobody sends a video there that OpenCV can read')
    secret = '' if stream.parts.password else (
        f'; one with a password is {stream.parts.scheme}://USER:PASSWORD@HOST/PATH'
    )  # fmt: skip
    raise ValueError(
        f'{stream.shown}: the server answers, but sends no video that OpenCV can read{secret}'
    )


def _check_reachable(shown: str, address: tuple[str, int]) -> None:
    """
    Connect to a server and hang up.

    :raises ValueError: if it does not answer
    """
    answers: list[str] = []

    def connect() -> None:
        try:
            socket.create_connection(address, CONNECT_TIMEOUT_S).close()
            answers.append('')
        except (OSError, UnicodeError) as error:
            answers.append(getattr(error, 'strerror', None) or str(error))

    # To look up a name can take longer than any limit of the connection.
    thread = threading.Thread(target=connect, name=shown, daemon=True)
    thread.start()
    thread.join(CONNECT_TIMEOUT_S + 0.5)
    problem = answers[0] if answers else 'timed out'
    if problem:
        raise ValueError(f'{shown} cannot be reached: {problem}')
