"""
What the diagnostics advise when no image arrives leads to images.

Each test follows the advice as a person would, word for word, and perhaps the one that comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
import re
import time
from typing import Any

from nn_perception.ros.base.camera_parameters import CameraParameters
from nn_perception.ros.base.parameters import declare_parameters
from nn_perception.ros.inputs.depth_input import DepthInput
from nn_perception.ros.inputs.image_input import ImageInput, ImageTopic
from nn_perception.ros.inputs.shared_image_subscription import SharedImageSubscriptions
from nn_perception.ros.outputs.image_messages import compressed_image_message, image_message
from nn_perception_interfaces.srv import Capture
from patience import time_is_up
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros_graph import BEST_EFFORT, header_at, LATCHED, NodeProcess, Peer, picture, RELIABLE
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from vision_msgs.msg import Classification

SETTING = re.compile(r'(?:set|and) (image_\w+): (\w+)')
REMAPPING = re.compile(r'-r ([\w/]+:=[\w/]+)')
MAX_ADVICE = 4
# The graph is known when so many looks at it say the same.
STEADY = 5
LATCHED_BEST_EFFORT = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


@dataclass(frozen=True)
class Case:
    """A camera, and a node that does not find it; ``advice`` is how much of it is needed."""

    kind: type
    topic: str
    qos: Any = field(default_factory=lambda: RELIABLE)
    remapping: str = ''
    parameters: dict[str, str] = field(default_factory=dict)
    name: str = 'image'
    advice: int = 1


COMPRESSED = {'image_transport': 'compressed'}
CASES = {
    'compressed, by its own name': Case(
        CompressedImage, '/cam/image/compressed', remapping='image:=/cam/image/compressed'
    ),
    'compressed, by its own name and transport': Case(
        CompressedImage, '/cam/image/compressed', RELIABLE, 'image:=/cam/image/compressed',
        COMPRESSED, advice=0,
    ),
    'compressed, on a topic of any name': Case(
        CompressedImage, '/cam/jpeg', remapping='image:=/cam/jpeg'
    ),
    'compressed only, beside': Case(CompressedImage, '/image/compressed'),
    'compressed only, elsewhere': Case(CompressedImage, '/front/image_raw/compressed'),
    'compressed only, elsewhere, on a topic of any name': Case(CompressedImage, '/front/jpeg'),
    'raw only': Case(Image, '/cam/image', RELIABLE, 'image:=/cam/image', COMPRESSED),
    'raw on the topic of the compressed': Case(
        Image, '/image/compressed', RELIABLE, '', COMPRESSED
    ),
    'raw, elsewhere': Case(Image, '/front/image_raw'),
    'raw, elsewhere, with the wrong transport': Case(
        Image, '/front/image_raw', RELIABLE, '', COMPRESSED
    ),
    'raw, of a camera with a name': Case(Image, '/front/camera', name='front/image'),
    'best effort': Case(Image, '/image', BEST_EFFORT, '', {'image_reliability': 'reliable'}),
    'volatile': Case(Image, '/image', RELIABLE, '', {'image_durability': 'transient_local'}),
    'latched': Case(Image, '/image', LATCHED, '', {'image_durability': 'volatile'}),
    'latched and compressed, elsewhere': Case(
        CompressedImage, '/map/compressed', LATCHED, '', {'image_durability': 'volatile'}, advice=2
    ),
    'all at once': Case(
        CompressedImage, '/cam/jpeg', BEST_EFFORT, 'image:=/cam/jpeg',
        {'image_reliability': 'reliable', 'image_durability': 'transient_local'}, advice=3,
    ),
    'found without advice': Case(Image, '/image', LATCHED, advice=0),
}  # fmt: skip


class Listener:
    """The image subscription of a camera node, without a network behind it."""

    def __init__(self, domain_id: int, arguments: Sequence[str], name: str = 'image') -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain_id, args=['--ros-args', *arguments])
        self.node = Node('tagger', context=self.context)
        parameters = declare_parameters(self.node, CameraParameters)
        self.images: list[Any] = []
        self.subscriptions = SharedImageSubscriptions()
        topic = ImageTopic(name, parameters.image_transport, parameters.wanted_qos)
        self.input = ImageInput(self.node, self.subscriptions, topic, self.images.append)
        self.depth = DepthInput(self.node, self.subscriptions, 'depth', parameters.wanted_qos)
        self.topic = topic
        self.input.open()
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def spin(self, seconds: float = 0.2) -> None:
        """Process messages, then look at the publishers, as a node does each second."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self.executor.spin_once(timeout_sec=0.02)
        self.input.refresh()
        self.depth.refresh()

    def close(self) -> None:
        """Leave the graph."""
        self.input.close()
        self.depth.close()
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)


@contextmanager
def listening(*arguments: Any) -> Iterator[Listener]:
    listener = Listener(*arguments)
    try:
        yield listener
    finally:
        listener.close()


def message(kind: type, seconds: float = 1.0) -> Any:
    image = picture(64, 48)
    if kind is Image:
        return image_message(image, header_at(seconds))
    return compressed_image_message(image, header_at(seconds), 90)


def wait_for(listener: Listener, condition: Callable[[], Any], limit_s: float = 3.0) -> Any:
    began_s = time.monotonic()
    while not (value := condition()) and not time_is_up(began_s, limit_s):
        listener.spin()
    return value


def images_or_advice(listener: Listener, received: Callable[[], bool]) -> str:
    """Wait for images; return what is said once the graph is known, and empty if they arrive."""
    texts = ['']
    began_s = time.monotonic()
    while not received():
        assert not time_is_up(began_s, 10.0), texts[-1]
        listener.spin()
        texts.append(listener.input.silence_reason())
        known = len(texts) > STEADY and len(set(texts[-STEADY:])) == 1
        if known and (SETTING.search(texts[-1]) or REMAPPING.search(texts[-1])):
            return texts[-1]
    return ''


@pytest.mark.parametrize('name', CASES)
def test_advice_leads_to_images(peer: Peer, domain_id: int, name: str) -> None:
    case = CASES[name]
    camera = peer.publisher(case.kind, case.topic, case.qos)
    once = case.qos is LATCHED
    camera.publish(message(case.kind))
    remappings, parameters = {case.remapping} - {''}, dict(case.parameters)
    followed: list[str] = []
    for _ in range(MAX_ADVICE):
        arguments = [word for rule in remappings for word in ('-r', rule)]
        arguments += [word for pair in parameters.items() for word in ('-p', ':='.join(pair))]
        with listening(domain_id, arguments, case.name) as listener:

            def received(listener: Listener = listener) -> bool:
                if not once:
                    camera.publish(message(case.kind))
                return bool(listener.images)

            text = images_or_advice(listener, received)
            if not text:
                assert len(followed) == case.advice, followed
                return
        followed.append(text)
        settings, rules = SETTING.findall(text), REMAPPING.findall(text)
        assert settings or rules, text
        parameters |= dict(settings)
        remappings = {rule for rule in remappings if not rules} | set(rules)
    raise AssertionError(followed)


def test_what_no_setting_can_change_is_said(peer: Peer, domain_id: int) -> None:
    camera = peer.publisher(Image, 'image', LATCHED_BEST_EFFORT)
    camera.publish(message(Image))
    with listening(domain_id, []) as listener:
        wait_for(listener, lambda: 'best effort' in listener.input.silence_reason())
        reason = listener.input.silence_reason()
    assert 'latched (transient local), but best effort' in reason
    assert 'let it publish reliable' in reason


def test_a_latched_image_is_taken_once(peer: Peer, domain_id: int) -> None:
    camera = peer.publisher(Image, 'image', LATCHED)
    with listening(domain_id, []) as listener:
        # The subscription is there before the image, and is volatile at first.
        camera.publish(message(Image))
        assert wait_for(listener, lambda: listener.images)
        assert wait_for(listener, lambda: listener.input.durability == 'transient_local')
        listener.spin(1.0)
        assert len(listener.images) == listener.input.received == 1
        assert listener.input.shows_latched_image
        # Another node of the process comes later.
        images: list[Any] = []
        second = ImageInput(listener.node, listener.subscriptions, listener.topic, images.append)
        second.open()
        # It is the same one, or the middleware has delivered it again meanwhile.
        assert [one.message.header for one in images] == [listener.images[0].message.header]
        # A node that is enabled again takes it again.
        for one in (listener.input, second):
            one.close()
        second.open()
        assert wait_for(listener, lambda: len(images) == 2)
        second.close()


def test_a_volatile_camera_is_received_beside_a_latched_one(peer: Peer, domain_id: int) -> None:
    latched = peer.publisher(Image, 'image', LATCHED)
    latched.publish(message(Image, 1.0))
    with listening(domain_id, []) as listener:
        assert wait_for(listener, lambda: listener.images)
        camera = peer.publisher(Image, 'image', RELIABLE)

        def received() -> bool:
            camera.publish(message(Image, 2.0))
            return listener.images[-1].stamp_s == 2.0

        assert wait_for(listener, received)
        assert listener.input.durability == 'volatile'
        assert not listener.input.shows_latched_image
        # Once it is gone, a latched publisher is listened to again.
        peer.node.destroy_publisher(camera)
        assert wait_for(listener, lambda: listener.input.durability == 'transient_local', 8.0)
        peer.node.destroy_publisher(latched)
        assert wait_for(listener, lambda: not listener.input.shows_latched_image)


def test_a_latched_calibration(peer: Peer, domain_id: int) -> None:
    info = CameraInfo(width=64, height=48)
    info.k = [60.0, 0.0, 32.0, 0.0, 60.0, 24.0, 0.0, 0.0, 1.0]
    camera = peer.publisher(CameraInfo, 'depth/camera_info', LATCHED)
    camera.publish(info)
    with listening(domain_id, []) as listener:
        listener.depth.open()
        assert wait_for(listener, lambda: listener.depth.camera((64, 48)).matrix[0, 0] == 60.0)
        # A camera of the usual kind takes over.
        usual = peer.publisher(CameraInfo, 'depth/camera_info', BEST_EFFORT)
        info.k[0] = 70.0

        def followed() -> bool:
            usual.publish(info)
            return bool(listener.depth.camera((64, 48)).matrix[0, 0] == 70.0)

        assert wait_for(listener, followed)


def test_a_tagger_and_an_image_that_was_published_before(
    peer: Peer, start_node: Callable[..., NodeProcess]
) -> None:
    camera = peer.publisher(Image, '/cam/image', LATCHED)
    camera.publish(message(Image))
    tags = peer.collect(Classification, 'tagger/tags')
    reports = peer.diagnostics('/tagger')
    node = start_node('tagger', ros_args=['-r', 'image:=/cam/image'])
    peer.until(lambda: tags)
    peer.spin(5.0)
    assert len(tags) == 1
    assert (reports[-1]['durability'], reports[-1]['level']) == ('transient_local', '0')
    assert 'latched' in reports[-1]['message']
    assert 'no image' not in node.log


def test_a_tagger_and_the_name_of_compressed_images(
    peer: Peer, start_node: Callable[..., NodeProcess]
) -> None:
    camera = peer.publisher(CompressedImage, '/cam/image/compressed')
    reports = peer.diagnostics('/tagger')
    rule = 'image:=/cam/image/compressed'
    first = start_node('tagger', ros_args=['-r', rule])

    def advised() -> bool:
        camera.publish(message(CompressedImage))
        peer.spin(0.1)
        return any('set image_transport: compressed' in one['message'] for one in reports)

    peer.until(advised)
    assert first.end() == 0
    tags = peer.collect(Classification, 'tagger/tags')
    start_node('tagger', parameters=COMPRESSED, ros_args=['-r', rule])

    def tagged() -> bool:
        camera.publish(message(CompressedImage))
        peer.spin(0.1)
        return bool(tags)

    peer.until(tagged)


def test_a_latched_image_is_captured_long_after_it_was_sent(
    peer: Peer, start_node: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    camera = peer.publisher(Image, 'image', LATCHED)
    camera.publish(message(Image))
    reports = peer.diagnostics('/fine_tuner')
    folders = {'data_folder': tmp_path / 'data', 'store_folder': tmp_path / 'store'}
    start_node('fine_tuner', parameters=folders)
    peer.until(lambda: reports and reports[-1]['images_processed'] == '1')
    peer.spin(2.0)
    answer = peer.call(Capture, '/fine_tuner/capture', Capture.Request(label='mug'))
    assert (answer.success, answer.total) == (True, 1), answer.message


def test_a_camera_that_stopped_is_not_taken_for_unreachable(peer: Peer, domain_id: int) -> None:
    camera = peer.publisher(Image, 'image', RELIABLE)
    with listening(domain_id, []) as listener:

        def received() -> bool:
            camera.publish(message(Image))
            return len(listener.images) >= 3

        assert wait_for(listener, received)
        listener.spin()
        assert listener.input.silence_reason() == (
            '1 publisher(s) on /image, but no further image after '
            f'{listener.input.received}; the camera may have stopped'
        )
