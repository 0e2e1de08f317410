"""When no image arrives, the diagnostics say why."""

from __future__ import annotations

from collections.abc import Callable

from nn_perception.ros.outputs.image_messages import compressed_image_message, image_message
from ros_graph import BEST_EFFORT, header_at, image_at, NodeProcess, Peer, picture, RELIABLE
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification

StartNode = Callable[..., NodeProcess]


def reason(peer: Peer, word: str) -> str:
    """Wait for a warning that contains a text, and return it."""
    reports = peer.diagnostics('/tagger')

    def found() -> str:
        texts = [r['message'] for r in reports if r['level'] == '1' and word in r['message']]
        return texts[-1] if texts else ''

    return peer.until(found)


def test_no_publisher(peer: Peer, start_node: StartNode) -> None:
    peer.publisher(Image, '/front/image_raw')
    start_node('tagger')
    assert 'images are published on /front/image_raw' in reason(peer, 'no publisher on /image')


def test_another_type(peer: Peer, start_node: StartNode) -> None:
    camera = peer.publisher(CompressedImage, 'image')
    start_node('tagger')
    text = reason(peer, 'has the type')
    assert 'sensor_msgs/msg/CompressedImage' in text
    assert 'image_transport: compressed' in text
    camera.publish(compressed_image_message(picture(), header_at(1.0), 90))


def test_compressed_is_expected_but_raw_arrives(peer: Peer, start_node: StartNode) -> None:
    peer.publisher(Image, 'image/compressed')
    start_node('tagger', parameters={'image_transport': 'compressed'})
    assert 'image_transport: raw' in reason(peer, 'has the type sensor_msgs/msg/Image')


def test_quality_of_service(peer: Peer, start_node: StartNode) -> None:
    peer.publisher(Image, 'image', BEST_EFFORT)
    start_node('tagger', parameters={'image_reliability': 'reliable'})
    assert 'image_reliability: auto' in reason(peer, 'only offers best effort')


def test_timestamps_are_zero(peer: Peer, start_node: StartNode) -> None:
    camera = peer.publisher(Image, 'image')
    start_node('tagger')
    reports = peer.diagnostics('/tagger')
    peer.matched(camera)
    msg = image_message(picture(), Header())
    for _ in range(40):
        camera.publish(msg)
        peer.spin(0.1)
    assert any('no timestamps' in report['message'] for report in reports)


def test_timestamps_of_another_clock(peer: Peer, start_node: StartNode) -> None:
    camera = peer.publisher(Image, 'image')
    start_node('tagger')
    reports = peer.diagnostics('/tagger')
    peer.matched(camera)

    def found() -> bool:
        camera.publish(image_at(picture(), 1.0))
        return any('use_sim_time' in report['message'] for report in reports)

    peer.until(found)


def test_simulated_time_stands_still(peer: Peer, start_node: StartNode) -> None:
    node = start_node('tagger', parameters={'use_sim_time': True})
    assert reason(peer, '/clock') == 'use_sim_time is set, but /clock has no publisher'
    clock = peer.publisher(Clock, '/clock')
    peer.matched(clock)
    now = Clock()
    now.clock.sec = 77
    clock.publish(now)
    assert 'is the simulation paused?' in reason(peer, 'stopped at 77.0 s')
    peer.until(lambda: node.log.count('is the simulation paused?') == 1)


def test_not_active(peer: Peer, start_node: StartNode) -> None:
    peer.publisher(Image, 'image')
    node = start_node('tagger', parameters={'autostart': False})
    text = reason(peer, 'not active')
    assert 'ros2 lifecycle set /tagger configure, then activate' in text
    peer.until(lambda: text in node.log)


def test_the_cause_is_logged_once(peer: Peer, start_node: StartNode) -> None:
    tags = peer.collect(Classification, 'tagger/tags')
    node = start_node('tagger')
    peer.until(lambda: 'no publisher on /image' in node.log)
    camera = peer.publisher(Image, 'image')
    peer.matched(camera)

    def recovered() -> bool:
        camera.publish(image_at(picture(), peer.node.get_clock().now().nanoseconds * 1e-9))
        peer.spin(0.05)
        return 'recovered' in node.log

    peer.until(recovered)
    assert tags
    assert node.log.count('no publisher on /image') == 1


def test_a_silent_publisher(peer: Peer, start_node: StartNode) -> None:
    peer.publisher(Image, 'image')
    start_node('tagger')
    assert 'no image received' in reason(peer, '1 publisher(s) on /image')


def test_reliability_follows_the_publishers(peer: Peer, start_node: StartNode) -> None:
    tags = peer.collect(Classification, 'tagger/tags')
    start_node('tagger')
    reports = peer.diagnostics('/tagger')
    peer.until(lambda: reports)
    for qos, name in [
        (BEST_EFFORT, 'best_effort'),
        (RELIABLE, 'reliable'),
        (BEST_EFFORT, 'best_effort'),
    ]:
        camera = peer.publisher(Image, 'image', qos)
        peer.until(lambda name=name: reports[-1]['reliability'] == name)
        peer.matched(camera)
        del tags[:]
        camera.publish(image_at(picture(), 1.0))
        peer.until(lambda: tags)
        peer.node.destroy_publisher(camera)


def test_no_camera_at_all(peer: Peer, start_node: StartNode) -> None:
    """The tagger's own overlay does not count as a camera."""
    start_node('tagger')
    assert reason(peer, 'no publisher on /image').endswith(
        'no camera publishes in this ROS domain'
    )
