"""The WebSocket of the view Layers, with a network, a run and a camera that the test plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
import random
from types import SimpleNamespace
from typing import Any

import cv2
from layers_fake import FakeNetwork, LAYERS
from nn_perception.studio.backend.cameras import CameraInfo, CameraListener
from nn_perception.studio.layers.answers import HEADER_LENGTH
from nn_perception.studio.layers.messages import DRAWING, ENCODED, PICTURE_HEADER
from nn_perception.studio.layers.networks import Networks
from nn_perception.studio.viewer.feed import Feed, FeedWatch
from nn_perception.training.runs.records import (
    History,
    Rates,
    RunSettings,
    RunState,
    RunStatus,
)
import numpy as np
from patience import wait_until
import pytest

fastapi = pytest.importorskip('fastapi')
testclient = pytest.importorskip('starlette.testclient')
pytest.importorskip('nicegui')

from nn_perception.studio.layers import session as session_module  # noqa: E402
from nn_perception.studio.layers.socket import add_layers_socket  # noqa: E402
from starlette.websockets import WebSocketDisconnect  # noqa: E402

CAMERA = '/camera'
JPEG = cv2.imencode('.jpg', np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
WHITE = bytes([255] * 16)


class FakeRun(FakeNetwork):
    """A run that the test advances."""

    name, settings = 'digits', RunSettings('Digits', {}, 'generated_digits')

    def __init__(self) -> None:
        super().__init__()
        self.state, self.step_count = RunState.RUNNING, 0
        self.commands: list[str] = []

    def status(self) -> RunStatus:
        """Say how it goes."""
        self._check()
        step = self.step_count
        return RunStatus(self.state, '', Rates(), 0, 1, step, 10, 0, 1.0, 1.0, 1.0, 1.0)

    def history(self) -> History:
        """Return two points."""
        return History(loss=(2.0, 1.5), accuracy=(0.1, 0.25))

    def test_picture(self, index: int) -> np.ndarray:
        """Return a picture as bright as its index."""
        if index > 255:
            raise ValueError('there are 256 test samples')
        return np.full((4, 4), index, np.uint8)

    def pause(self) -> None:
        """Remember it."""
        self.commands.append('pause')
        self.state = RunState.PAUSED

    resume = step = reset = pause


class Page:
    """A page with the socket, and what is behind it."""

    def __init__(self) -> None:
        self.network, self.run = FakeNetwork(), FakeRun()
        self.demands: list[frozenset[str] | None] = []
        self.feed = Feed(self.demands.append)
        self.opened: list[Any] = []
        runs = SimpleNamespace(list=lambda: (self.run,), find=self._find)
        fine_tuning = SimpleNamespace(versions=tuple)
        networks = Networks(lambda: fine_tuning, self._open, runs)
        app = fastapi.FastAPI()
        cameras = SimpleNamespace(
            list=lambda: [CameraInfo(CAMERA, 'Camera', 'topic')],
            watch=self._watch,
            silence_reason=lambda _: 'it is dark',
        )
        add_layers_socket(app, cameras, networks)
        self.client = testclient.TestClient(app)

    def connect(self) -> Any:
        """Open the socket."""
        return self.client.websocket_connect('/layers/socket')

    def _open(self, model: Any) -> FakeNetwork:
        self.opened.append(model)
        return self.network

    def _find(self, name: str) -> FakeRun:
        if name != self.run.name:
            raise ValueError(f'there is no run {name}')
        return self.run

    def _watch(self, camera: str, wanted: frozenset[str], listener: CameraListener) -> FeedWatch:
        if camera != CAMERA:
            raise ValueError(f'there is no camera {camera}')
        return self.feed.watch(wanted, listener)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """Provide a page."""
    monkeypatch.setattr(session_module, 'RETRY_S', 0.01)
    monkeypatch.setattr(session_module, 'CHECK_PERIOD_S', 0.02)
    made = Page()
    with made.client:
        yield made


def texts(socket: Any, fits: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Receive until a text message fits; looks are acknowledged and left out."""
    while True:
        message = socket.receive()
        if message.get('text') is not None:
            values = json.loads(message['text'])
            if fits(values):
                return dict(values)
        else:
            socket.send_json({'ack': header_of(message['bytes'])['number']})


def look(socket: Any) -> tuple[dict[str, Any], bytes]:
    """Receive the next look, and acknowledge it; texts are left out."""
    while True:
        message = socket.receive()
        if message.get('bytes') is not None:
            header = header_of(message['bytes'])
            socket.send_json({'ack': header['number']})
            (length,) = HEADER_LENGTH.unpack_from(message['bytes'])
            return header, message['bytes'][4 + length :]


def header_of(message: bytes) -> dict[str, Any]:
    (length,) = HEADER_LENGTH.unpack_from(message)
    return dict(json.loads(message[4 : 4 + length]))


def drawing(number: int, pixels: bytes = WHITE) -> bytes:
    return PICTURE_HEADER.pack(DRAWING, number, 4, 4) + pixels


def open_network(socket: Any, network: str = 'lenet5') -> None:
    socket.send_json({'network': network})
    found = texts(socket, lambda values: 'layers' in values)
    assert [one['name'] for one in found['layers']] == [one.name for one in LAYERS]


def test_all_networks_are_listed(page: Page) -> None:
    with page.connect() as socket:
        listed = texts(socket, lambda values: 'networks' in values)['networks']
    assert {'lenet5', 'efficientnet_lite0', 'run:digits'} <= {one['id'] for one in listed}
    assert {one['id']: one['reads'] for one in listed}['run:digits'] == 'digits'


def test_only_layers_that_are_open_are_computed(page: Page) -> None:
    with page.connect() as socket:
        open_network(socket)
        socket.send_bytes(drawing(1))
        header, content = look(socket)
        assert header['maps'] == []
        assert header['picture'] == 1
        assert header['labels'] == ['one', 'zero']
        socket.send_json({'open': ['conv', 'of another network'], 'attention': True})
        header, content = look(socket)
        assert [one['layer'] for one in header['maps']] == ['conv']
        assert content[:18] == b'\xff' * 16 + b'\0\0'
        assert content[18:66] == WHITE * 3
        assert content[66:] == WHITE
    assert page.network.requests[-1].layers == ['conv']


def test_the_next_look_waits_for_the_acknowledgement(page: Page) -> None:
    with page.connect() as socket:
        open_network(socket)
        socket.send_bytes(drawing(1))
        while (message := socket.receive()).get('bytes') is None:
            pass
        for number in range(2, 6):
            socket.send_bytes(drawing(number))
        # An answer shows that the drawings have come.
        socket.send_json({'ask': 'hover', 'number': 1, 'layer': 'conv', 'element': [0, 0, 0]})
        texts(socket, lambda values: values.get('answer') == 1)
        assert len(page.network.requests) == 1
        socket.send_json({'ack': header_of(message['bytes'])['number']})
        header, _ = look(socket)
        # Only the newest one is looked at.
        assert header['picture'] == 5
        assert len(page.network.requests) == 2


def test_looks_come_at_most_ten_times_a_second(page: Page) -> None:
    with page.connect() as socket:
        open_network(socket)
        for number in range(1, 4):
            socket.send_bytes(drawing(number))
            look(socket)
    first, *_, last = page.network.times_s
    assert last - first >= 0.19


def test_questions_about_elements(page: Page) -> None:
    with page.connect() as socket:
        open_network(socket)
        socket.send_bytes(drawing(1))
        look(socket)
        question = {'layer': 'conv', 'element': [1, 0, 2]}
        socket.send_json({'ask': 'hover', 'number': 1, **question})
        answer = texts(socket, lambda values: values.get('answer') == 1)
        assert answer['regions'] == [{'layer': 'input', 'first': [0, 0, 2], 'last': [0, 1, 3]}]
        assert answer['value'] == 10.5
        socket.send_json({'ask': 'arithmetic', 'number': 2, **question})
        found = texts(socket, lambda values: values.get('answer') == 2)['arithmetic']
        assert found['terms'][0]['kernel'] == [[1, 2], [3, 4]]
        assert (found['bias'], found['value'], found['activation']) == (0.5, 10.5, 'ReLU')
        socket.send_json({'ask': 'hover', 'number': 3, 'layer': 'conv', 'element': [9, 9, 9]})
        answer = texts(socket, lambda values: values.get('answer') == 3)
        assert answer['error'] == 'The element is outside its layer.'


def test_a_camera_is_watched_no_longer_than_needed(page: Page) -> None:
    with page.connect() as socket:
        open_network(socket, 'efficientnet_lite0')
        socket.send_json({'camera': CAMERA})
        wait_until(lambda: page.demands == [frozenset()])
        page.feed.offer_jpeg(1, JPEG)
        look(socket)
        assert page.network.requests[-1].picture.shape == (48, 64, 3)
        socket.send_json({'nothing': True})
        wait_until(lambda: page.demands[-1] is None)
        socket.send_json({'camera': CAMERA})
        wait_until(lambda: page.demands[-1] is not None)
    wait_until(lambda: page.demands[-1] is None)
    wait_until(lambda: page.network.closed == 1)


def test_pictures_and_drawings_suit_the_network(page: Page) -> None:
    with page.connect() as socket:
        open_network(socket, 'efficientnet_lite0')
        socket.send_bytes(drawing(1, bytes(16)))
        look(socket)
        # Photographs show dark ink on white paper.
        assert page.network.requests[-1].picture.tolist() == [[[255] * 3] * 4] * 4
        socket.send_bytes(PICTURE_HEADER.pack(ENCODED, 2, 0, 0) + JPEG)
        look(socket)
        assert page.network.requests[-1].picture.shape == (48, 64, 3)
        socket.send_json({'example': 'cat'})
        assert look(socket)[0]['picture'] == 0
        socket.send_bytes(PICTURE_HEADER.pack(ENCODED, 3, 0, 0) + b'no picture')
        sentence = texts(socket, lambda values: values.get('about') == 'input')['message']
        assert sentence.startswith('The picture ')
        socket.send_json({'example': 'no example'})
        found = texts(socket, lambda values: 'no example' in values.get('message', ''))
        assert found['about'] == 'input'


def test_a_network_that_is_lost_comes_back(page: Page) -> None:
    with page.connect() as socket:
        open_network(socket)
        page.network.error = RuntimeError('the process of the network has ended')
        socket.send_bytes(drawing(1))
        sentence = 'The process of the network has ended.'
        texts(socket, lambda values: values.get('message') == sentence)
        page.network.error = None
        texts(socket, lambda values: 'layers' in values)
        texts(socket, lambda values: values.get('message') == '')
        assert look(socket)[0]['picture'] == 1


def test_a_network_that_is_not_there_has_a_sentence(page: Page) -> None:
    with page.connect() as socket:
        socket.send_json({'network': 'run:gone'})
        found = texts(socket, lambda values: 'gone' in values.get('message', ''))
        assert found == {'message': 'There is no run gone.', 'about': 'network'}
        open_network(socket)


def test_the_layers_of_a_run_change_while_it_trains(page: Page) -> None:
    with page.connect() as socket:
        open_network(socket, 'run:digits')
        socket.send_json({'test': 7})
        look(socket)
        page.run.step_count = 3
        look(socket)
        status = texts(socket, lambda values: values.get('status', {}).get('step') == 3)['status']
        assert (status['loss'], status['accuracy'], status['state']) == (1.5, 0.25, 'running')
        socket.send_json({'run': 'pause'})
        texts(socket, lambda values: values.get('status', {}).get('state') == 'paused')
        assert page.run.commands == ['pause']
        socket.send_json({'test': 300})
        found = texts(socket, lambda values: values.get('about') == 'input')
        assert found['message'] == 'There are 256 test samples.'
    looked = [request.picture.max() for request in page.run.requests]
    assert set(looked) == {7}


def test_a_thousand_random_messages_do_not_end_the_server(page: Page) -> None:
    rng = random.Random(2)
    values = (None, True, -1, 3, 'conv', 'lenet5', 'run:digits', CAMERA, [], ['conv'], [0, 1, 1])
    keys = ('network', 'open', 'attention', 'camera', 'example', 'test', 'ask', 'ack', 'run')
    good = (
        {'network': 'lenet5'},
        {'open': ['conv'], 'attention': True},
        {'camera': CAMERA},
        {'ask': 'arithmetic', 'number': 1, 'layer': 'conv', 'element': [0, 0, 0]},
        {'network': None},
    )
    sent = 0
    while sent < 1000:
        with page.connect() as socket:
            try:
                for _ in range(20):
                    sent += 1
                    chance = rng.random()
                    if chance < 0.6:
                        socket.send_json(rng.choice(good))
                    elif chance < 0.8:
                        socket.send_json({rng.choice(keys): rng.choice(values)})
                    elif chance < 0.9:
                        socket.send_text(''.join(rng.choices('{}[]":,01 a', k=30)))
                    else:
                        socket.send_bytes(rng.choice((rng.randbytes(20), drawing(1))))
            except (WebSocketDisconnect, RuntimeError):
                continue
    with page.connect() as socket:
        open_network(socket)
    wait_until(lambda: page.feed.demand is None)
