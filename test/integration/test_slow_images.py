"""
An image that takes seconds to decode holds nobody up, and the diagnostics say so.

Bombs that are sent as compressed messages are rejected by a running node at once.
"""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import signal
import time

from image_bombs import one_bit_png, REFUSED
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from nn_perception.ros.outputs.image_messages import compressed_image_message
from patience import stretched
import pytest
from ros_graph import header_at, image_at, NodeProcess, Peer, picture
from sensor_msgs.msg import CompressedImage, Image
from test_clean_end import shared_memory
from vision_msgs.msg import Classification

StartNode = Callable[..., NodeProcess]

# Decoding takes seconds; a node must be told to accept it.
SLOW_SIDE = 16_000
LIMIT_MB = 50


def message(stored: bytes, seconds: float) -> CompressedImage:
    """Make a message of a file's bytes."""
    msg = CompressedImage(header=header_at(seconds), format='jpeg')
    msg.data.frombytes(stored)
    return msg


@pytest.fixture(scope='module')
def slow() -> CompressedImage:
    """Make an image that takes seconds to decode."""
    return message(one_bit_png(SLOW_SIDE), 7.0)


def resident_mb(node: NodeProcess, field: str = 'VmRSS') -> float:
    """Read how much memory a process has, or had at most (``VmHWM``)."""
    status = Path(f'/proc/{node.process.pid}/status').read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if field in line)


def decoding_tagger(peer: Peer, start_node: StartNode, slow: CompressedImage) -> NodeProcess:
    """Start a tagger that decodes a slow image by the time that this returns."""
    parameters = {'image_transport': 'compressed', 'max_image_pixels': SLOW_SIDE**2}
    node = start_node('tagger', parameters=parameters)
    publisher = peer.publisher(CompressedImage, 'image/compressed')
    peer.matched(publisher)
    before_mb = resident_mb(node)
    publisher.publish(slow)
    peer.until(lambda: resident_mb(node) > before_mb + 30)
    return node


def test_ctrl_c_does_not_wait_for_a_decoder(
    peer: Peer, start_node: StartNode, slow: CompressedImage
) -> None:
    node = decoding_tagger(peer, start_node, slow)
    own = shared_memory(node.process.pid) - shared_memory(os.getpid())
    assert own
    node.send(signal.SIGINT)
    assert node.process.wait(stretched(2)) == 0, node.log
    assert not [file for file in own if file.exists()]
    assert 'Traceback' not in node.log


def test_deactivate_does_not_wait_for_a_decoder(
    peer: Peer, start_node: StartNode, slow: CompressedImage
) -> None:
    tags = peer.collect(Classification, 'tagger/tags')
    decoding_tagger(peer, start_node, slow)
    took_s = []
    for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE):
        request = ChangeState.Request(transition=Transition(id=transition))
        began_s = time.monotonic()
        assert peer.call(ChangeState, 'tagger/change_state', request).success
        took_s.append(time.monotonic() - began_s)
    assert max(took_s) < stretched(2)
    # The image that was given up has no result; the next one has.
    camera = peer.publisher(CompressedImage, 'image/compressed')
    msg = compressed_image_message(picture(), header_at(8.0), 95)
    peer.until(lambda: (camera.publish(msg), tags)[1])
    assert {result.header.stamp.sec for result in tags} == {8}


@pytest.mark.long
def test_a_slow_image_holds_no_other_node(
    peer: Peer, start_node: StartNode, slow: CompressedImage
) -> None:
    arguments = [
        *('-p', 'nodes:=[tagger, digit_reader]'),
        *('-p', 'tagger:image_transport:=compressed'),
        *('-p', f'tagger:max_image_pixels:={SLOW_SIDE**2}'),
    ]
    start_node('perception', ros_args=arguments)
    reports = peer.diagnostics('/tagger')
    others = peer.diagnostics('/digit_reader')
    publisher = peer.publisher(CompressedImage, 'image/compressed')
    camera = peer.publisher(Image, 'image')
    peer.matched(publisher)
    peer.matched(camera)
    msg = image_at(picture(), 9.0)
    peer.until(lambda: (camera.publish(msg), others and others[-1]['images_processed'] != '0')[1])
    publisher.publish(slow)
    peer.until(lambda: (camera.publish(msg), reports and 'decoding' in reports[-1]['message'])[1])
    assert reports[-1]['level'] == '1'
    assert 'no image' not in reports[-1]['message']
    processed = int(others[-1]['images_processed'])
    seen = len(others)
    peer.until(lambda: (camera.publish(msg), len(others) > seen)[1])
    assert int(others[-1]['images_processed']) > processed


def test_a_running_node_refuses_bombs(peer: Peer, start_node: StartNode) -> None:
    node = start_node('tagger', parameters={'image_transport': 'compressed', 'top_k': 1})
    tags = peer.collect(Classification, 'tagger/tags')
    reports = peer.diagnostics('/tagger')
    publisher = peer.publisher(CompressedImage, 'image/compressed')
    peer.matched(publisher)
    good = compressed_image_message(picture(), header_at(1.0), 95)
    peer.until(lambda: (publisher.publish(good), tags)[1])
    before_mb = resident_mb(node, 'VmHWM')
    sent = 0
    for i, name in enumerate(REFUSED, start=2):
        stored, _ = REFUSED[name]
        if len(stored) > 1_000_000:
            continue
        publisher.publish(message(stored, i + 0.25))
        sent += 1
        # A newer image replaces one that still waits.
        peer.spin(stretched(0.02))
        good.header = header_at(float(i))
        peer.until(
            lambda: (publisher.publish(good), tags[-1].header.stamp == good.header.stamp)[1],
            limit_s=2.0,
        )
    assert resident_mb(node, 'VmHWM') - before_mb < LIMIT_MB
    assert all(result.header.stamp.nanosec == 0 for result in tags)
    seen = len(reports)
    peer.until(lambda: len(reports) > seen + 1)
    assert sent / 2 < int(reports[-1]['images_refused']) <= sent
