"""Streams over the network as sources of frames."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from pathlib import Path
import socket
import threading
import time

from nn_perception.sources import captures
from nn_perception.sources.live import LiveSource
from nn_perception.sources.open_frames import open_frames
from nn_perception.sources.stream import scheme_of, StreamUrl
from nn_perception.sources.video import VideoSource
from patience import HANGS_S, stretched, wait_until
import pytest
from videos import greys, number_of, stream_server, StreamServer, write_avi, write_mjpeg


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StreamServer]:
    """Serve streams with short time-outs."""
    monkeypatch.setattr(captures, 'OPEN_TIMEOUT_S', 2.0)
    monkeypatch.setattr(captures, 'READ_TIMEOUT_S', 1.0)
    clip = write_avi(tmp_path / 'clip.avi', greys(5)).read_bytes()
    with stream_server(clip) as running:
        yield running


def test_a_stream_is_played(server: StreamServer) -> None:
    source = open_frames(f'{server.url}/live')
    assert isinstance(source, LiveSource)
    frames = [wait_until(source.read) for _ in range(15)]
    assert {number_of(frame.image_bgr) for frame in frames} > {2, 3, 4, 5}
    assert frames[0].name.startswith(f'{server.url}/live#')
    assert not source.ended
    source.close()


def test_a_stream_that_ends_is_connected_again(server: StreamServer) -> None:
    source = open_frames(f'{server.url}/ends')
    first = server.requests.count('/ends')
    wait_until(lambda: source.read() is None and source.ended)
    assert source.rewind()
    wait_until(source.read)
    assert server.requests.count('/ends') == first + 1
    source.close()


def test_a_stream_that_stalls_is_given_up(server: StreamServer) -> None:
    source = open_frames(f'{server.url}/stalls')
    wait_until(lambda: source.read() is None and source.ended, 5.0)
    source.close()


def test_a_video_on_a_server_has_an_end(server: StreamServer) -> None:
    source = open_frames(f'{server.url}/file')
    assert isinstance(source, VideoSource)
    for _ in range(2):
        frames = list(iter(source.read, None))
        assert [number_of(frame.image_bgr) for frame in frames] == [0, 1, 2, 3, 4]
        assert source.rewind()
    source.close()


@pytest.mark.parametrize(
    ('path', 'sentence'),
    [
        ('/text', 'the server answers, but sends no video that OpenCV can read; one with a'),
        ('/missing', 'the server answers, but sends no video'),
        ('/silent', 'the server answers, but sends no video'),
    ],
)
def test_servers_without_a_video(server: StreamServer, path: str, sentence: str) -> None:
    began_s = time.monotonic()
    with pytest.raises(ValueError, match=sentence):
        open_frames(server.url + path)
    assert time.monotonic() - began_s < stretched(4.0)


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize('scheme', ['rtsp', 'http', 'rtmp', 'RTSP'])
def test_nobody_answers(scheme: str) -> None:
    began_s = time.monotonic()
    with pytest.raises(
        ValueError, match=r'127\.0\.0\.1:\d+/x cannot be reached: Connection refused'
    ):
        open_frames(f'{scheme}://127.0.0.1:{closed_port()}/x')
    assert time.monotonic() - began_s < stretched(2.0)


def test_hosts_that_do_not_exist() -> None:
    for host in ('camera.invalid', 'x' * 100 + '.invalid', '[::1]:1'):
        with pytest.raises(ValueError, match='cannot be reached'):
            open_frames(f'rtsp://{host}/live')


def test_a_server_that_does_not_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('nn_perception.sources.stream.CONNECT_TIMEOUT_S', 0.3)

    ended = threading.Event()

    def never(*_: object) -> None:
        ended.wait(HANGS_S)
        raise OSError

    monkeypatch.setattr('nn_perception.sources.stream.socket.create_connection', never)
    began_s = time.monotonic()
    with pytest.raises(ValueError, match='cannot be reached: timed out'):
        open_frames('rtsp://camera/live')
    assert time.monotonic() - began_s < HANGS_S / 2
    ended.set()


@pytest.mark.parametrize('scheme', ['udp', 'tcp'])
def test_nobody_sends_a_video(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setattr(captures, 'OPEN_TIMEOUT_S', 0.5)
    url = f'{scheme}://127.0.0.1:{closed_port()}'
    with pytest.raises(ValueError, match=f'{url}: nobody sends a video there that OpenCV can'):
        open_frames(url)


def test_a_program_that_sends_pictures_once(tmp_path: Path) -> None:
    """As ``nc -l 5000 < raw.mjpeg`` does: a first connection to look would be the last."""
    content = write_mjpeg(tmp_path / 'raw.mjpeg', greys(9) * 40).read_bytes()
    with socket.create_server(('127.0.0.1', 0)) as server:

        def send() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(content)

        thread = threading.Thread(target=send)
        thread.start()
        source = open_frames(f'tcp://127.0.0.1:{server.getsockname()[1]}')
        assert wait_until(source.read) is not None
        source.close()
        thread.join()


def test_passwords_are_not_shown() -> None:
    url = StreamUrl.parse('rtsp://admin:pa%20ss@10.0.0.7:8554/live?token=secret#x')
    assert url.shown == 'rtsp://10.0.0.7:8554/live'
    assert url.address == ('10.0.0.7', 8554)
    with pytest.raises(ValueError, match='cannot be reached') as caught:
        open_frames(f'http://admin:secret@127.0.0.1:{closed_port()}/video?key=secret')
    assert 'secret' not in str(caught.value)


@pytest.mark.parametrize(
    ('source', 'scheme'),
    [
        ('rtsp://camera', 'rtsp'),
        ('HTTP://camera', 'http'),
        ('rtsp:/camera', 'rtsp'),
        ('clip.avi', ''),
        ('12:30.avi', ''),
        ('c:/clip.avi', ''),
        ('/a/rtsp://camera', ''),
        ('²://camera', ''),
        ('', ''),
    ],
)
def test_schemes(source: str, scheme: str) -> None:
    assert scheme_of(source) == scheme


def test_the_proxy_of_the_user_answers_for_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('urllib.request._opener', None)  # it keeps the proxies of its first use
    monkeypatch.setenv('http_proxy', 'http://proxy.invalid:3128')
    assert StreamUrl.parse('http://camera/live').address is None
    assert StreamUrl.parse('rtsp://camera/live').address == ('camera', 554)
