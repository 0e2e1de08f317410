"""The WebSocket of the viewers, with a camera that the test plays."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
import json
import random
import threading
import time
from typing import Any

import cv2
from nn_perception.core.frame import Frame
from nn_perception.studio.backend.cameras import CameraInfo, CameraListener, CameraResult
from nn_perception.studio.viewer.feed import Feed, FeedWatch
from nn_perception.studio.viewer.messages import IMAGE_HEADER, PICTURE_HEADER
import numpy as np
import pytest

fastapi = pytest.importorskip('fastapi')
testclient = pytest.importorskip('starlette.testclient')
pytest.importorskip('nicegui')

from nn_perception.studio.viewer import viewer as viewer_module  # noqa: E402
from nn_perception.studio.viewer.socket import add_viewer_socket  # noqa: E402
from starlette.websockets import WebSocketDisconnect  # noqa: E402

PATIENCE_S = 10.0
CAMERA = '/camera'
JPEG = cv2.imencode('.jpg', np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
WATCH = {'watch': CAMERA, 'capabilities': ['tags']}


class OneCamera:
    """A camera that the test plays, once it exists."""

    def __init__(self) -> None:
        self.exists = True
        self.reason = ''
        self.demands: list[frozenset[str] | None] = []
        self.feed = Feed(self.demands.append)

    def list(self) -> Sequence[CameraInfo]:
        """List it."""
        return [CameraInfo(CAMERA, 'Camera', 'topic')] if self.exists else []

    def watch(
        self, camera: str, capabilities: frozenset[str], listener: CameraListener
    ) -> FeedWatch:
        """Watch it."""
        if camera != CAMERA or not self.exists:
            raise ValueError(f'there is no camera {camera}')
        return self.feed.watch(capabilities, listener)

    def silence_reason(self, camera: str) -> str:
        """Say what the test wants."""
        return f'{camera}: {self.reason}'


class Perception:
    """Finds one tag in every picture."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.forgotten: list[str] = []

    def results(
        self, frame: Frame, capabilities: Collection[str], wait_s: float = 0.0
    ) -> Iterator[CameraResult]:
        """Find a tag."""
        self.frames.append(frame)
        yield CameraResult('tags', 0, {'tags': [{'label': 'mug', 'score': wait_s}]}, 1.0)

    def message(self, capability: str) -> str:
        """Say nothing."""
        return ''

    def forget(self, source: str) -> None:
        """Remember what is forgotten."""
        self.forgotten.append(source)


class Page:
    """A page with the socket, and what is behind it."""

    def __init__(self) -> None:
        self.camera, self.perception = OneCamera(), Perception()
        app = fastapi.FastAPI()
        add_viewer_socket(app, self.camera, self.perception)
        self.client = testclient.TestClient(app)

    def connect(self) -> Any:
        """Open the socket."""
        return self.client.websocket_connect('/viewer/socket')

    def until(self, condition: Any) -> None:
        """Wait for something."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition() and time.monotonic() < deadline_s:
            time.sleep(0.005)
        assert condition()


@pytest.fixture
def page() -> Iterator[Page]:
    """Provide a page."""
    made = Page()
    with made.client:
        yield made


def number_of(message: bytes) -> tuple[int, int]:
    """Return the number and the stamp of an image."""
    header = IMAGE_HEADER.unpack_from(message)
    return header[1], header[2]


def test_the_next_image_comes_after_the_acknowledgement(page: Page) -> None:
    with page.connect() as socket:
        socket.send_json(WATCH)
        page.until(lambda: page.camera.demands == [frozenset({'tags'})])
        for stamp in range(1, 30):
            page.camera.feed.offer_jpeg(stamp, JPEG)
            time.sleep(0.002)
        first = number_of(socket.receive_bytes())
        assert first[0] == 1
        socket.send_json({'ack': 1})
        # Whatever came meanwhile, the newest is next.
        assert number_of(socket.receive_bytes()) == (2, 29)
        # An image that was on the screen before says nothing about this one.
        socket.send_json({'ack': 1})
        page.camera.feed.offer_jpeg(30, JPEG)
        # Results do not wait for images: these come first.
        for stamp in ('30', '31'):
            page.camera.feed.offer_result(CameraResult('tags', int(stamp), {'tags': []}))
            assert socket.receive_json()['stamp'] == stamp
        socket.send_json({'ack': 2})
        assert number_of(socket.receive_bytes()) == (3, 30)
    page.until(lambda: page.camera.demands == [frozenset({'tags'}), None])


def test_a_stalled_browser_holds_one_image(page: Page) -> None:
    with page.connect() as socket:
        socket.send_json(WATCH)
        page.until(lambda: bool(page.camera.demands))
        page.camera.feed.offer_jpeg(1, JPEG)
        assert number_of(socket.receive_bytes()) == (1, 1)
        (watch,) = page.camera.feed._listeners
        time.sleep(0.6)
        for stamp in range(2, 500):
            page.camera.feed.offer_jpeg(stamp, JPEG)
            page.camera.feed.offer_result(CameraResult('tags', stamp, {'tags': []}))
        time.sleep(0.1)
        outbox: Any = watch.listener
        assert outbox._image.stamp_ns == 499
        assert len(outbox._results) == 1
        socket.send_json({'ack': 1})
        assert socket.receive_json()['stamp'] == '499'
        assert number_of(socket.receive_bytes()) == (2, 499)


def test_results(page: Page) -> None:
    with page.connect() as socket:
        socket.send_json(WATCH)
        page.until(lambda: bool(page.camera.demands))
        page.camera.feed.offer_result(CameraResult('tags', 7, {'tags': []}, 2.0))
        assert socket.receive_json() == {
            'result': 'tags',
            'stamp': '7',
            'values': {'tags': []},
            'inference_ms': 2.0,
        }
        socket.send_json({'watch': CAMERA, 'capabilities': []})
        page.until(lambda: page.camera.demands[-1] == frozenset())
        socket.send_json({'watch': None})
        page.until(lambda: page.camera.demands[-1] is None)


def test_a_camera_that_comes_later(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_module, 'CHECK_PERIOD_S', 0.05)
    monkeypatch.setattr(viewer_module, 'SILENT_S', 0.3)
    page.camera.exists = False
    page.camera.reason = 'the lens cap is on'
    with page.connect() as socket:
        socket.send_json(WATCH)
        assert socket.receive_json() == {'message': f'there is no camera {CAMERA}'}
        page.camera.exists = True
        page.until(lambda: bool(page.camera.demands))
        said = [socket.receive_json()['message'] for _ in range(1)]
        while 'lens' not in said[-1]:
            said.append(socket.receive_json()['message'])
        assert said[-1] == f'{CAMERA}: the lens cap is on'
        page.camera.feed.offer_jpeg(1, JPEG)
        assert number_of(socket.receive_bytes()) == (1, 1)
        assert socket.receive_json() == {'message': ''}


def test_pictures_of_the_browser(page: Page) -> None:
    with page.connect() as socket:
        socket.send_bytes(PICTURE_HEADER.pack(1, 0, 1, 0, 5) + JPEG)
        result = socket.receive_json()
        assert (result['result'], result['picture']) == ('tags', 5)
        assert result['values']['tags'][0] == {'label': 'mug', 'score': 0.0}
        assert socket.receive_json() == {'done': 5}
        socket.send_bytes(PICTURE_HEADER.pack(1, 1, 1, 0, 6) + JPEG)
        assert socket.receive_json()['values']['tags'][0]['score'] > 0.0
        assert socket.receive_json() == {'done': 6}
    (source,) = {frame.source for frame in page.perception.frames}
    assert page.perception.frames[0].size == (64, 48)
    page.until(lambda: page.perception.forgotten == [source, source])


@pytest.mark.parametrize('data', [b'no picture', JPEG[: len(JPEG) // 2]])
def test_a_damaged_picture_gets_a_sentence(page: Page, data: bytes) -> None:
    with page.connect() as socket:
        socket.send_bytes(PICTURE_HEADER.pack(1, 1, 1, 0, 5) + data)
        assert socket.receive_json()['message'].startswith('the picture ')
        assert socket.receive_json() == {'done': 5}
    assert page.perception.frames == []


def test_too_many_pixels(page: Page) -> None:
    big = cv2.imencode('.jpg', np.zeros((5000, 5000, 3), np.uint8))[1].tobytes()
    with page.connect() as socket:
        socket.send_bytes(PICTURE_HEADER.pack(1, 1, 1, 0, 5) + big)
        assert 'too large' in socket.receive_json()['message']


@pytest.mark.parametrize('sent', ['{"ack": 9}', 'nonsense', '{"watch": 3}', b'', b'\x01\x00'])
def test_everything_else_is_refused_with_a_sentence(page: Page, sent: str | bytes) -> None:
    with page.connect() as socket:
        if isinstance(sent, str):
            socket.send_text(sent)
        else:
            socket.send_bytes(sent)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1008
    assert closed.value.reason


def random_message(rng: random.Random) -> str | bytes:
    """Make something that may or may not be a message."""
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randbytes(rng.randrange(200))
    if kind == 1:
        return PICTURE_HEADER.pack(1, *(rng.randrange(4) for _ in range(3)), 1) + rng.randbytes(99)
    if kind == 2:
        return rng.randbytes(rng.randrange(200)).decode('latin-1')
    keys = rng.sample(['watch', 'ack', 'capabilities', 'x'], rng.randrange(4))
    values = [None, -1, 0, 1, 2**40, 1e300, True, 'a', CAMERA, [], ['tags'], {}, [['tags']]]
    return json.dumps({key: rng.choice(values) for key in keys})


def test_a_thousand_random_messages(page: Page) -> None:
    rng = random.Random(0)
    threads = threading.active_count()
    sent = 0
    while sent < 1000:
        with page.connect() as socket:
            for _ in range(20):
                message = random_message(rng)
                sent += 1
                if isinstance(message, str):
                    socket.send_text(message)
                else:
                    socket.send_bytes(message)
    # The page still works, and holds nothing for those who are gone.
    page.until(lambda: page.camera.feed.demand is None)
    with page.connect() as socket:
        socket.send_json(WATCH)
        page.until(lambda: page.camera.feed.demand is not None)
        page.camera.feed.offer_jpeg(1, JPEG)
        while not (received := socket.receive()).get('bytes'):
            pass
        assert number_of(received['bytes']) == (1, 1)
    assert threading.active_count() < threads + 50
