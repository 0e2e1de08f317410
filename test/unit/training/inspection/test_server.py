"""Requests of other processes: what a server answers, and what it survives."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import random
import threading

from fake_network import FakeNetwork, LAYERS, PICTURE
from nn_perception.core.inspection.records import Region
from nn_perception.training.inspection.addresses import connect
from nn_perception.training.inspection.client import Client
from nn_perception.training.inspection.inspectable import LookRequest
from nn_perception.training.inspection.methods import inspectable_methods
from nn_perception.training.inspection.remote import RemoteInspectable
from nn_perception.training.inspection.server import Server
from nn_perception.training.inspection.turns import Turns
from nn_perception.training.inspection.wire import decode, encode, MAX_REQUEST_BYTES, Message
import numpy as np
from patience import wait_until
import pytest


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    # Longer than the address of a socket can be.
    folder = tmp_path / ('a_long_name_' * 5) / ('of_a_folder_' * 5)
    running = Server(folder / 'socket', lambda: inspectable_methods(FakeNetwork()))
    yield running
    running.close()


@pytest.fixture
def remote(server: Server) -> Iterator[RemoteInspectable]:
    network = RemoteInspectable(Client(server.address))
    yield network
    network.close()


def test_replies_arrive_as_they_were_given(remote: RemoteInspectable) -> None:
    assert remote.layers() == LAYERS
    assert remote.region('a', (1, 0, np.int64(1))) == (Region('a', (1, 0, 1), (2, 2, 2)),)
    assert remote.value('a', (1, 2, 3)) == 6.0
    look = remote.look(LookRequest(PICTURE, ['a', 'b'], attention=True))
    assert [(one.layer, one.low, one.high) for one in look.maps] == [
        ('a', -1.5, 2.0),
        ('b', -1.5, 2.0),
    ]
    assert [one.values.tolist() for one in look.maps] == [[[0, 0], [0, 0]], [[1, 1], [1, 1]]]
    assert look.labels == ('cat', 'dog')
    assert look.scores[0] == 0.75
    assert np.isnan(look.scores[1])
    assert look.attention is not None
    np.testing.assert_array_equal(look.seen, PICTURE)
    np.testing.assert_array_equal(look.attention, PICTURE[..., 0])
    assert look.inference_ms == 1.5
    found, expected = remote.arithmetic('a', (0, 1, 2)), FakeNetwork().arithmetic('a', (0, 1, 2))
    assert (found.element, found.total_terms, found.value) == ((0, 1, 2), 9, 4.5)
    assert (found.activation, found.activated) == ('ReLU', float('inf'))
    for one, other in zip(found.terms, expected.terms, strict=True):
        assert (one.channel, one.total) == (other.channel, other.total)
        np.testing.assert_array_equal(one.patch, other.patch)
        np.testing.assert_array_equal(one.kernel, other.kernel)


def test_each_viewer_has_its_own_last_picture(server: Server, remote: RemoteInspectable) -> None:
    other = RemoteInspectable(Client(server.address))
    remote.look(LookRequest(PICTURE))
    with pytest.raises(ValueError, match='there is no picture yet'):
        other.look(LookRequest(None))
    other.look(LookRequest(PICTURE[:1]))
    np.testing.assert_array_equal(remote.look(LookRequest(None)).seen, PICTURE)
    wait_until(lambda: server.viewers == 2)
    other.close()
    wait_until(lambda: server.viewers == 1)


def test_errors_arrive_as_sentences(remote: RemoteInspectable) -> None:
    with pytest.raises(ValueError, match='there is no layer b'):
        remote.value('b', (0,))
    with pytest.raises(ValueError, match='out of range'):
        remote.value('a', (99,))
    with pytest.raises(ValueError, match='H x W'):
        remote.look(LookRequest(PICTURE[..., :2]))
    assert remote.value('a', (1,)) == 1.0


def test_an_ended_server_is_said_in_a_sentence(server: Server, remote: RemoteInspectable) -> None:
    remote.layers()
    server.close()
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r'^The process of the network has ended\.$'):
            remote.layers()
    with pytest.raises(RuntimeError, match='has ended'):
        Client(server.address)
    assert not server.address.exists()


def test_a_request_that_is_too_large_is_answered(server: Server) -> None:
    with connect(server.address) as connection:
        # Its length alone decides.
        os.write(
            connection.fileno(),
            b'\xff\xff\xff\xff' + (MAX_REQUEST_BYTES + 1).to_bytes(8, 'big'),
        )
        assert 'at most' in decode(connection.recv_bytes()).values['error']
    client = Client(server.address)
    assert client.ask('layers').values
    client.close()


def random_request(chance: random.Random) -> bytes:
    """Make bytes, or a message whose values are of any type."""
    if chance.random() < 0.3:
        return chance.randbytes(chance.randint(0, 200))
    things = [None, True, -1, 1 << 62, 0.5, 'a', 'x' * 600, [], [0, 1], ['a'], {'a': [1]}, [[1]]]
    names = ['method', 'layer', 'element', 'layers', 'attention', 'more']
    values = {name: chance.choice(things) for name in chance.sample(names, chance.randint(0, 6))}
    if chance.random() < 0.8:
        values['method'] = chance.choice(['layers', 'look', 'region', 'arithmetic', 'value'])
    arrays = [np.zeros(chance.choice([(), (2,), (3, 2), (2, 2, 3), (0, 4)]), np.uint8)]
    content = bytearray(encode(Message(values, tuple(arrays * chance.randint(0, 3)))))
    if chance.random() < 0.3:
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def test_a_thousand_random_requests_are_answered(
    server: Server, remote: RemoteInspectable
) -> None:
    chance = random.Random(1)
    with connect(server.address) as connection:
        for _ in range(1_000):
            connection.send_bytes(random_request(chance))
            reply = decode(connection.recv_bytes())
            assert 'error' not in reply.values or reply.values['error']
    assert remote.layers() == LAYERS


def test_others_cannot_connect(server: Server) -> None:
    assert server.address.stat().st_mode & 0o077 == 0
    assert server.address.parent.stat().st_mode & 0o077 == 0
    server.address.parent.chmod(0o777)
    with pytest.raises(RuntimeError, match='has ended'):
        Client(server.address)


def test_turns_answer_in_the_thread_that_trains(tmp_path: Path) -> None:
    turns, threads = Turns(at_once=frozenset({'status'})), []

    def method(_: Message) -> Message:
        threads.append(threading.current_thread())
        return Message({'done': True})

    server = Server(tmp_path / 'socket', lambda: {'step': method, 'status': method}, turns)
    client = Client(server.address)
    assert client.ask('status').values == {'done': True}
    assert threads.pop() is not threading.current_thread()
    asking = threading.Thread(target=client.ask, args=('step',))
    asking.start()
    assert turns.wait()
    assert server.idle_s == 0.0
    assert turns.run_pending() == 1
    asking.join()
    assert threads == [threading.current_thread()]
    turns.close()
    with pytest.raises(RuntimeError, match='is ending'):
        client.ask('step')
    assert not turns.wait()
    client.close()
    server.close()
