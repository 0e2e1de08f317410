"""The node ``studio`` as a process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import re
import signal
import socket
import subprocess
import sys
import urllib.request

from patience import HANGS_S, stretched, wait_until
import pytest
from ros_graph import NodeProcess, Peer
from viewer_client import ViewerClient

WITHOUT_NICEGUI = """
import sys
sys.modules['nicegui'] = None
from nn_perception.ros.process.entry_points import studio
sys.exit(studio())
"""
ANY_PORT = {'port': 0}
REJECTED: list[tuple[dict[str, object], str]] = [
    ({'host': '0.0.0.0'}, '0.0.0.0 can be reached from other machines: set a token'),
    ({'certificate': '/nowhere.pem'}, '/nowhere.pem'),
    ({'key': '/nowhere.pem'}, 'a key needs the certificate'),
    ({'port': 70000}, 'parameter port: '),
    ({'host': 'no.such.invalid', 'token_file': __file__}, 'the token must be letters'),
    ({'host': '192.0.2.1'}, '192.0.2.1 can be reached from other machines'),
    ({'token_file': '/nowhere.token'}, '/nowhere.token'),
    ({'host': '::2'}, '::2 can be reached'),
]


def address_of(node: NodeProcess) -> str:
    """Wait for the address in the log of a node."""
    return wait_until(lambda: re.search(r'the page is at (\S+)', node.log))[1]


def test_it_serves_the_page_and_reports(
    peer: Peer, start_node: Callable[..., NodeProcess]
) -> None:
    reports = peer.diagnostics('/studio')
    node = start_node('studio', parameters=ANY_PORT)
    address = address_of(node)
    with urllib.request.urlopen(address, timeout=HANGS_S) as answer:
        assert answer.status == 200
        assert b'nn_perception' in answer.read()
    peer.until(lambda: reports)
    assert reports[-1]['address'] == address
    assert (reports[-1]['cameras_watched'], reports[-1]['level']) == ('0', '0')
    subscribed = peer.node.get_subscriber_names_and_types_by_node('studio', '/')
    assert '/image' not in [name for name, _ in subscribed]


def test_the_token_is_not_in_the_log(
    start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    (tmp_path / 'page.token').write_text('secret-words\n')
    file = str(tmp_path / 'page.token')
    node = start_node('studio', parameters={**ANY_PORT, 'token_file': file})
    assert address_of(node).endswith('/?token=TOKEN')
    assert 'secret-words' not in node.log


def test_parameters_that_cannot_be(start_node: Callable[..., NodeProcess]) -> None:
    nodes = {
        sentence: start_node('studio', parameters={**ANY_PORT, **parameters})
        for parameters, sentence in REJECTED
    }
    for sentence, node in nodes.items():
        assert node.process.wait(HANGS_S) == 2
        assert sentence in node.log
        assert 'Traceback' not in node.log


def test_a_port_that_is_taken(start_node: Callable[..., NodeProcess]) -> None:
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        node = start_node('studio', parameters={'port': port})
        assert node.process.wait(HANGS_S) == 2
    assert f'127.0.0.1 port {port} cannot be used: Address already in use' in node.log


def test_a_file_that_cannot_be_a_camera(
    start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    text = tmp_path / 'text.txt'
    text.write_text('no picture')
    node = start_node('studio', parameters=ANY_PORT, ros_args=['-p', f'sources:=[{text}]'])
    assert node.process.wait(HANGS_S) == 2
    assert f'parameter sources: {text} is not a video' in node.log
    assert 'Traceback' not in node.log


def test_a_file_is_a_camera_too_and_its_people_are_found(
    start_node: Callable[..., NodeProcess], repository: Path
) -> None:
    clip = repository / 'nn_perception' / 'samples' / 'people' / 'walking.mp4'
    node = start_node('studio', parameters=ANY_PORT, ros_args=['-p', f'sources:=[{clip}]'])
    viewer = ViewerClient(address_of(node), f'file:{clip}', ('poses',))
    try:
        people = wait_until(
            lambda: [one for one in viewer.results if one['values']['people']], HANGS_S
        )
        shown = {picture.stamp_ns for picture in viewer.pictures}
        assert int(people[0]['stamp']) in shown
    finally:
        viewer.close()


def test_without_nicegui_one_sentence_says_what_to_install(ros_environment: None) -> None:
    ended = subprocess.run(
        [sys.executable, '-c', WITHOUT_NICEGUI],
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == "the page needs NiceGUI: pip install 'nicegui>=3.18,<4'\n"


@pytest.mark.parametrize(
    'signals', [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT)]
)
def test_it_ends_cleanly_with_an_open_connection(
    peer: Peer, start_node: Callable[..., NodeProcess], signals: tuple[int, ...]
) -> None:
    node = start_node('studio', parameters=ANY_PORT)
    port = int(address_of(node).rpartition(':')[2])
    with socket.create_connection(('127.0.0.1', port)) as idle:
        idle.sendall(b'GET / HTTP/1.1\r\n')
        peer.spin(0.2)
        for number in signals:
            node.send(number)
            peer.spin(0.01)
        assert node.process.wait(stretched(5)) == 0, node.log
    for word in ('Traceback', 'rror', 'terminate called'):
        assert word not in node.log, node.log


def test_it_can_be_restarted_on_its_port_at_once(start_node: Callable[..., NodeProcess]) -> None:
    node = start_node('studio', parameters=ANY_PORT)
    address = address_of(node)
    node.process.kill()
    node.process.wait()
    again = start_node('studio', parameters={'port': int(address.rpartition(':')[2])})
    assert address_of(again) == address
    with urllib.request.urlopen(address, timeout=HANGS_S) as answer:
        assert answer.status == 200
