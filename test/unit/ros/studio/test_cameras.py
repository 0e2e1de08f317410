"""The cameras of a ROS graph, with real messages."""

from __future__ import annotations

from collections.abc import Callable
import io
import threading
from typing import Any

import cv2
from nn_perception.core.imaging.image_decoding import decode_image
from nn_perception.core.results import Box, Digit, Keypoint, Person, Tag
from nn_perception.ros.outputs.image_messages import compressed_image_message, image_message
from nn_perception.ros.outputs.qos import image_qos
from nn_perception.ros.outputs.result_messages import RESULT_MESSAGES
from nn_perception.studio.backend.capabilities import CAPABILITIES, DIGITS, POSES, TAGS
from nn_perception_interfaces.msg import HumanPoseArray
import numpy as np
from patience import wait_until
from PIL import Image as Pillow
import pytest
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header, String
from vision_msgs.msg import Classification, Detection2DArray

ALL = frozenset(CAPABILITIES)
BEST_EFFORT = image_qos(ReliabilityPolicy.BEST_EFFORT)
RELIABLE = image_qos(ReliabilityPolicy.RELIABLE)
STAMP_NS = 1_700_000_000_123_456_789


def picture() -> np.ndarray:
    y, x = np.mgrid[:48, :64]
    return np.stack([x * 3, y * 4, x + y], axis=-1).astype(np.uint8)


def offered(graph: Any) -> list[str]:
    return [camera.id for camera in graph.cameras.list()]


def test_the_list_follows_the_graph(graph: Any) -> None:
    assert offered(graph) == []
    raw = graph.robot.create_publisher(Image, '/front/image', RELIABLE)
    graph.robot.create_publisher(CompressedImage, '/front/image/compressed', RELIABLE)
    graph.robot.create_publisher(Image, '/tagger/overlay', RELIABLE)
    graph.robot.create_subscription(Image, '/nobody/publishes', print, RELIABLE)
    jpegs = graph.robot.create_publisher(CompressedImage, '/rear/compressed', RELIABLE)
    wait_until(lambda: offered(graph) == ['/front/image', '/rear'])
    (front, _) = graph.cameras.list()
    assert (front.title, front.kind) == ('/front/image', 'topic')
    graph.calls.call(lambda: graph.robot.destroy_publisher(jpegs))
    wait_until(lambda: offered(graph) == ['/front/image'])
    graph.calls.call(lambda: graph.robot.destroy_publisher(raw))
    wait_until(lambda: offered(graph) == ['/front/image'])


def test_a_busy_node_lists_the_cameras_of_before(graph: Any) -> None:
    graph.robot.create_publisher(Image, '/image', RELIABLE)
    wait_until(lambda: offered(graph) == ['/image'])
    free = threading.Event()
    graph.calls.post(free.wait)
    assert offered(graph) == ['/image']
    free.set()
    graph.stop_calls()
    assert offered(graph) == ['/image']


def test_names_of_strangers(graph: Any, viewer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs without ROS may use names that rclpy rejects."""
    graph.robot.create_publisher(Image, '/image', RELIABLE)
    wait_until(lambda: offered(graph) == ['/image'])
    known = graph.page.get_topic_names_and_types
    types = ['sensor_msgs/msg/Image', 'vision_msgs/msg/Classification']
    strange = [(name, types) for name in ('/bad name', '/a//b', '/{x}', '', '/a' * 150)]
    monkeypatch.setattr(graph.page, 'get_topic_names_and_types', lambda: known() + strange)
    assert offered(graph) == ['/image']
    graph.cameras.watch('/image', ALL, viewer)
    graph.capabilities.status()
    graph.refresh()
    for name, _ in strange:
        with pytest.raises(ValueError, match='nobody publishes'):
            graph.cameras.watch(name, ALL, viewer)


def test_the_camera_of_a_topic(graph: Any) -> None:
    def camera_of(topic: str) -> str | None:
        return graph.calls.call(lambda: graph.cameras.camera_of(topic))

    graph.robot.create_publisher(CompressedImage, '/front/image/compressed', RELIABLE)
    graph.robot.create_publisher(Image, '/rear', RELIABLE)
    wait_until(lambda: len(offered(graph)) == 2)
    assert camera_of('/front/image') == camera_of('/front/image/compressed') == '/front/image'
    assert camera_of('/rear') == '/rear'
    assert camera_of('/nowhere') is None


def test_an_unknown_camera(graph: Any, viewer: Any) -> None:
    with pytest.raises(ValueError, match="nobody publishes images on '/nowhere'"):
        graph.cameras.watch('/nowhere', ALL, viewer)
    assert graph.cameras.silence_reason('/nowhere') == ''
    assert graph.cameras.watched == 0


@pytest.mark.parametrize('qos', [RELIABLE, BEST_EFFORT], ids=['reliable', 'best effort'])
def test_raw_images(graph: Any, viewer: Any, header_of: Callable[..., Header], qos: Any) -> None:
    camera = graph.robot.create_publisher(Image, '/image', qos)
    wait_until(lambda: offered(graph) == ['/image'])
    watch = graph.cameras.watch('/image', frozenset(), viewer)
    wait_until(camera.get_subscription_count)
    msg = image_message(picture(), header_of(STAMP_NS), 'rgb8')

    def arrives() -> bool:
        camera.publish(msg)
        return bool(viewer.images)

    wait_until(arrives, interval_s=0.1)
    image = viewer.images[0]
    assert (image.stamp_ns, image.width, image.height) == (STAMP_NS, 64, 48)
    shown = decode_image(image.jpeg, upright=False)
    assert np.abs(shown.astype(int) - picture()).mean() < 6
    watch.close()
    wait_until(lambda: not camera.get_subscription_count())


def test_a_jpeg_passes_through_untouched(
    graph: Any, viewer: Any, header_of: Callable[..., Header]
) -> None:
    raw = graph.robot.create_publisher(Image, '/image', RELIABLE)
    camera = graph.robot.create_publisher(CompressedImage, '/image/compressed', RELIABLE)
    wait_until(lambda: offered(graph) == ['/image'])
    graph.cameras.watch('/image', frozenset(), viewer)
    wait_until(camera.get_subscription_count)
    assert not raw.get_subscription_count()
    msg = compressed_image_message(picture(), header_of(STAMP_NS), 90)
    wait_until(lambda: (camera.publish(msg), viewer.images)[1], interval_s=0.1)
    assert viewer.images[0].jpeg == bytes(msg.data)
    assert viewer.images[0].stamp_ns == STAMP_NS


def turned_jpeg() -> bytes:
    """Make a JPEG whose EXIF data turn it."""
    stream, exif = io.BytesIO(), Pillow.Exif()
    exif[0x0112] = 6
    Pillow.fromarray(picture()[..., ::-1]).save(stream, 'JPEG', exif=exif, quality=90)
    return stream.getvalue()


@pytest.mark.parametrize('kind', ['png', 'turned jpeg'])
def test_what_browsers_would_show_otherwise_is_encoded_again(
    graph: Any, viewer: Any, header_of: Callable[..., Header], kind: str
) -> None:
    data = turned_jpeg() if kind != 'png' else cv2.imencode('.png', picture())[1].tobytes()
    camera = graph.robot.create_publisher(CompressedImage, '/pictures', RELIABLE)
    wait_until(lambda: offered(graph) == ['/pictures'])
    graph.cameras.watch('/pictures', frozenset(), viewer)
    wait_until(camera.get_subscription_count)
    msg = CompressedImage(header=header_of(STAMP_NS), format=kind, data=data)
    wait_until(lambda: (camera.publish(msg), viewer.images)[1], interval_s=0.1)
    jpeg = viewer.images[0].jpeg
    assert jpeg != data
    assert Pillow.open(io.BytesIO(jpeg)).getexif() == {}
    shown = decode_image(jpeg, upright=False)
    assert np.abs(shown.astype(int) - picture()).mean() < 6


def test_a_latched_image_reaches_late_viewers(
    graph: Any, viewer: Any, header_of: Callable[..., Header]
) -> None:
    latched = image_qos(ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
    camera = graph.robot.create_publisher(Image, '/map', latched)
    camera.publish(image_message(picture(), header_of(STAMP_NS)))
    wait_until(lambda: offered(graph) == ['/map'])
    graph.cameras.watch('/map', frozenset(), viewer)
    wait_until(lambda: (graph.refresh(), viewer.images)[1], interval_s=0.1)
    assert viewer.images[0].stamp_ns == STAMP_NS


def test_images_that_are_no_images(
    graph: Any, viewer: Any, header_of: Callable[..., Header]
) -> None:
    camera = graph.robot.create_publisher(Image, '/image', RELIABLE)
    wait_until(lambda: offered(graph) == ['/image'])
    graph.cameras.watch('/image', frozenset(), viewer)
    wait_until(camera.get_subscription_count)
    bad = Image(header=header_of(STAMP_NS), width=640, height=480, encoding='nonsense')

    def reason() -> str:
        camera.publish(bad)
        return graph.cameras.silence_reason('/image')

    wait_until(reason, interval_s=0.1)
    assert graph.cameras.silence_reason('/image').startswith('images are rejected: ')
    good = image_message(picture(), header_of(STAMP_NS + 1))
    wait_until(lambda: (camera.publish(good), viewer.images)[1], interval_s=0.1)
    assert graph.cameras.silence_reason('/image') == ''


def test_why_no_image_arrives(graph: Any, viewer: Any) -> None:
    camera = graph.robot.create_publisher(Image, '/image', RELIABLE)
    wait_until(lambda: offered(graph) == ['/image'])
    graph.cameras.watch('/image', frozenset(), viewer)
    reason = wait_until(lambda: graph.cameras.silence_reason('/image'), interval_s=0.1)
    assert 'publisher(s) on /image, but no image received' in reason
    graph.robot.create_publisher(Image, '/other', RELIABLE)
    graph.calls.call(lambda: graph.robot.destroy_publisher(camera))
    wait_until(lambda: offered(graph) == ['/other'])
    reason = graph.cameras.silence_reason('/image')
    assert reason.startswith('no image for ') and reason.endswith('no publisher on /image')


def test_nobody_looking_costs_no_subscription(graph: Any, viewer: Any) -> None:
    camera = graph.robot.create_publisher(Image, '/image', RELIABLE)
    graph.robot.create_publisher(Classification, '/tagger/tags', 10)
    wait_until(lambda: offered(graph) == ['/image'])
    graph.refresh()
    assert graph.subscriptions() == []
    watches = [graph.cameras.watch('/image', frozenset({TAGS}), viewer) for _ in range(10)]
    wait_until(lambda: graph.subscriptions() == ['/image', '/tagger/tags'])
    wait_until(lambda: camera.get_subscription_count() == 1)
    assert graph.cameras.watched == 1
    for watch in watches[1:]:
        watch.close()
    watches[0].set_capabilities(frozenset())
    wait_until(lambda: graph.subscriptions() == ['/image'])
    watches[0].close()
    wait_until(lambda: graph.subscriptions() == [])
    assert graph.cameras.watched == 0
    graph.refresh()
    assert graph.subscriptions() == []


def test_ten_viewers_cost_one_encoding(
    graph: Any, header_of: Callable[..., Header], monkeypatch: pytest.MonkeyPatch, viewer: Any
) -> None:
    encode, calls = cv2.imencode, []
    monkeypatch.setattr(cv2, 'imencode', lambda *given: (calls.append(1), encode(*given))[1])
    camera = graph.robot.create_publisher(Image, '/image', RELIABLE)
    wait_until(lambda: offered(graph) == ['/image'])
    viewers = [type(viewer)() for _ in range(10)]
    for one in viewers:
        graph.cameras.watch('/image', frozenset(), one)
    wait_until(camera.get_subscription_count)
    for number in range(1, 6):
        camera.publish(image_message(picture(), header_of(STAMP_NS + number)))
        wait_until(lambda number=number: all(len(one.images) == number for one in viewers))
    assert len(calls) == 5
    assert len({id(one.images[-1]) for one in viewers}) == 1


def test_the_other_transport_is_followed(
    graph: Any, viewer: Any, header_of: Callable[..., Header]
) -> None:
    camera = graph.robot.create_publisher(CompressedImage, '/image/compressed', RELIABLE)
    wait_until(lambda: offered(graph) == ['/image'])
    graph.cameras.watch('/image', frozenset(), viewer)
    wait_until(camera.get_subscription_count)
    graph.calls.call(lambda: graph.robot.destroy_publisher(camera))
    raw = graph.robot.create_publisher(Image, '/image', RELIABLE)
    wait_until(lambda: (graph.refresh(), raw.get_subscription_count())[1], interval_s=0.1)
    msg = image_message(picture(), header_of(STAMP_NS))
    wait_until(lambda: (raw.publish(msg), viewer.images)[1], interval_s=0.1)


def test_results_of_all_nodes_reach_their_image(
    graph: Any, viewer: Any, header_of: Callable[..., Header]
) -> None:
    cameras = {
        name: graph.robot.create_publisher(Image, f'/{name}/image', RELIABLE)
        for name in ('front', 'rear')
    }
    tags = graph.robot.create_publisher(Classification, '/tagger/front/tags', 10)
    digits = graph.robot.create_publisher(Detection2DArray, '/robot/reader/digits', 10)
    text = graph.robot.create_publisher(String, '/robot/reader/text', 10)
    poses = graph.robot.create_publisher(HumanPoseArray, '/anything', 10)
    others = graph.robot.create_publisher(Detection2DArray, '/yolo/detections', 10)
    wait_until(lambda: len(offered(graph)) == 2)
    graph.cameras.watch('/front/image', ALL, viewer)
    behind = type(viewer)()
    graph.cameras.watch('/rear/image', ALL, behind)
    published = [*cameras.values(), tags, digits, text, poses]
    wait_until(
        lambda: (graph.refresh(), all(one.get_subscription_count() for one in published))[1]
    )
    assert not others.get_subscription_count()
    front = header_of(STAMP_NS, 'front')
    cameras['front'].publish(image_message(picture(), front))
    cameras['rear'].publish(image_message(picture(), header_of(STAMP_NS, 'rear')))
    wait_until(lambda: viewer.images and behind.images)
    tags.publish(RESULT_MESSAGES.classification([Tag('cup', 0.5)], front))
    box, keypoint = Box(1.0, 2.0, 3.0, 4.0), Keypoint(1.0, 2.0, 0.5)
    found = [Digit('4', 0.5, box), Digit('2', 0.5, Box(4.5, 2.0, 3.0, 4.0))]
    digits.publish(RESULT_MESSAGES.detections(found, front))
    text.publish(String(data='4\n2'))
    person = Person(0.5, box, (keypoint,) * 17, 'p1')
    poses.publish(RESULT_MESSAGES.human_poses([person], front))
    wait_until(lambda: len(viewer.results) == 3)
    values = {result.capability: result.values for result in viewer.results}
    assert values[TAGS] == {'tags': [{'label': 'cup', 'score': 0.5}]}
    assert values[DIGITS]['lines'] == ['4', '2']
    assert values[POSES]['people'][0]['id'] == 'p1'
    assert {result.stamp_ns for result in viewer.results} == {STAMP_NS}
    assert behind.results == []


def test_results_without_their_image_are_dropped(
    graph: Any, viewer: Any, header_of: Callable[..., Header]
) -> None:
    camera = graph.robot.create_publisher(Image, '/image', RELIABLE)
    tags = graph.robot.create_publisher(Classification, '/tagger/tags', 10)
    wait_until(lambda: offered(graph) == ['/image'])
    graph.cameras.watch('/image', frozenset({TAGS}), viewer)
    wait_until(lambda: camera.get_subscription_count() and tags.get_subscription_count())
    for label, header in (
        ('another frame', header_of(STAMP_NS, 'other')),
        ('another time', header_of(STAMP_NS + 1)),
        ('no stamp', Header()),
        ('early', header_of(STAMP_NS)),
    ):
        tags.publish(RESULT_MESSAGES.classification([Tag(label, 0.5)], header))
    threading.Event().wait(0.3)
    camera.publish(image_message(picture(), header_of(STAMP_NS)))
    wait_until(lambda: viewer.results)
    tags.publish(RESULT_MESSAGES.classification([Tag('late', 0.5)], header_of(STAMP_NS)))
    wait_until(lambda: len(viewer.results) == 2)
    labels = [result.values['tags'][0]['label'] for result in viewer.results]
    assert labels == ['early', 'late']
