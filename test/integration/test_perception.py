"""Several nodes in one process, and several cameras through one network, over DDS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from nn_perception.core.imaging.image_files import read_image
from nn_perception.ros.outputs.image_messages import compressed_image_message
from nn_perception_interfaces.msg import HumanPoseArray
from patience import HANGS_S
import pytest
from ros_graph import header_at, image_at, NodeProcess, Peer, picture
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Classification, Detection2DArray

StartNode = Callable[..., NodeProcess]

SAMPLES = Path('nn_perception/samples')


def stamps(messages: list) -> list[int]:
    """List the stamps of messages in seconds."""
    return [message.header.stamp.sec for message in messages]


class Results:
    """The results of a process with all three nodes."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.tags = peer.collect(Classification, 'tagger/tags')
        self.digits = peer.collect(Detection2DArray, 'digit_reader/digits')
        self.poses = peer.collect(HumanPoseArray, 'pose_estimator/poses')

    @property
    def all(self) -> tuple[list, list, list]:
        """The messages of the three nodes."""
        return self.tags, self.digits, self.poses

    def publish(self, camera: object, message: Image | CompressedImage) -> None:
        """Publish an image, and wait for the results of all three."""
        counts = [len(messages) + 1 for messages in self.all]
        camera.publish(message)
        self.peer.until(lambda: [len(messages) for messages in self.all] == counts)


@pytest.fixture
def results(peer: Peer) -> Iterator[Results]:
    """Subscribe to the results of the three nodes."""
    return Results(peer)


def test_one_subscription_serves_three_nodes(
    peer: Peer, start_node: StartNode, results: Results
) -> None:
    camera = peer.publisher(Image, 'image')
    node = start_node('perception')
    reports = peer.diagnostics('/')
    peer.matched(camera)
    assert camera.get_subscription_count() == 1
    skiers = read_image(SAMPLES / 'skier.jpg')
    peer.until(lambda: len({report['model'] for report in reports}) == 3)
    results.publish(camera, image_at(skiers, 5.0))
    assert [stamps(messages) for messages in results.all] == [[5], [5], [5]]
    assert results.tags[0].results
    assert len(results.poses[0].poses) == 1
    # Each has a lifecycle and parameters of its own.
    answer = peer.call(
        ChangeState,
        '/tagger/change_state',
        ChangeState.Request(transition=Transition(id=Transition.TRANSITION_DEACTIVATE)),
    )
    assert answer.success
    camera.publish(image_at(skiers, 6.0))
    peer.until(lambda: stamps(results.poses) == [5, 6] and stamps(results.digits) == [5, 6])
    assert stamps(results.tags) == [5]
    assert peer.set_parameter('/tagger', 'top_k', 1) == (True, '')
    assert camera.get_subscription_count() == 1
    assert node.end() == 0


def test_a_bad_image_costs_no_other(peer: Peer, start_node: StartNode, results: Results) -> None:
    camera = peer.publisher(CompressedImage, 'image/compressed')
    start_node('perception', parameters={'image_transport': 'compressed'})
    peer.matched(camera)
    results.publish(camera, compressed_image_message(picture(), header_at(1.0), 90))
    torn = compressed_image_message(picture(), header_at(2.0), 90)
    torn.data = torn.data[:100]
    camera.publish(torn)
    peer.spin(0.3)
    results.publish(camera, compressed_image_message(picture(), header_at(3.0), 90))
    assert [stamps(messages) for messages in results.all] == [[1, 3]] * 3


def test_only_the_chosen_nodes(peer: Peer, start_node: StartNode) -> None:
    start_node('perception', ros_args=['-p', 'nodes:=[digit_reader]', '-r', '__ns:=/robot'])
    names = peer.node.get_node_names_and_namespaces
    peer.until(lambda: ('digit_reader', '/robot') in names())
    assert {name for name, space in names() if space == '/robot'} == {'perception', 'digit_reader'}


@pytest.mark.parametrize(
    ('rules', 'names', 'tags'),
    [
        # What launch_ros passes for Node(name='perception').
        ('__node:=perception', '/perception /tagger /digit_reader', '/tagger/tags'),
        ('__node:=senses __ns:=/robot', '/robot/senses /robot/tagger /robot/digit_reader',
         '/robot/tagger/tags'),
        ('__node:=senses tagger:__node:=front', '/senses /front /digit_reader', '/front/tags'),
        ('tagger:__ns:=/head', '/perception /head/tagger /digit_reader', '/head/tagger/tags'),
    ],
)  # fmt: skip
def test_composed_nodes_keep_their_names(
    peer: Peer, start_node: StartNode, rules: str, names: str, tags: str
) -> None:
    remappings = [part for rule in rules.split() for part in ('-r', rule)]
    hosted = ['-p', 'nodes:=[tagger, digit_reader]', '-p', 'autostart:=false']
    start_node('perception', ros_args=[*hosted, *remappings])
    peer.until(lambda: peer.node.count_publishers(tags))

    def others() -> set[str]:
        found = peer.node.get_node_names_and_namespaces()
        return {f'{space.rstrip("/")}/{name}' for name, space in found} - {'/peer'}

    peer.until(lambda: others() == set(names.split()))


def test_parameters_and_topics_of_a_renamed_process(
    peer: Peer, start_node: StartNode, tmp_path: Path
) -> None:
    camera = peer.publisher(Image, '/cam/image')
    other = peer.publisher(Image, '/other/image')
    # As launch_ros writes it for a node with a name.
    mine = tmp_path / 'mine.yaml'
    mine.write_text(
        '/senses: {ros__parameters: {nodes: [tagger, digit_reader]}}\n'
        'tagger: {ros__parameters: {top_k: 2, min_scroe: 0.5}}\n'
    )
    remappings = ('__node:=senses', 'image:=/cam/image', 'digit_reader:image:=/other/image')
    rules = [part for rule in remappings for part in ('-r', rule)]
    node = start_node('perception', ros_args=[*rules, '--params-file', str(mine)])
    peer.matched(camera)
    # The rule for all comes first, and ROS applies the first that matches.
    assert other.get_subscription_count() == 0
    assert peer.get_parameter('/tagger', 'top_k').integer_value == 2
    sentence = "/tagger: no parameter 'min_scroe' (in {}); did you mean min_score?"
    peer.until(lambda: sentence.format(mine) in node.log)


def test_two_nodes_of_one_name(start_node: StartNode) -> None:
    node = start_node('perception', ros_args=['-p', 'nodes:=[tagger]', '-r', '__node:=tagger'])
    assert node.process.wait(HANGS_S) == 2
    assert 'two nodes of this process would have the name /tagger' in node.log


@pytest.mark.parametrize(
    ('value', 'sentence'),
    [
        ('[tagger, tagger]', "parameter nodes: duplicate value 'tagger'"),
        ('[hearing]', 'parameter nodes: expected one of tagger, digit_reader'),
        ('tagger', 'parameter nodes: expected a value of type string_array (write nodes: [a, b])'),
    ],
)
def test_invalid_nodes(start_node: StartNode, value: str, sentence: str) -> None:
    node = start_node('perception', ros_args=['-p', f'nodes:={value}'])
    assert node.process.wait(HANGS_S) == 2
    assert sentence in node.log


def test_several_cameras_through_one_network(peer: Peer, start_node: StartNode) -> None:
    cameras = {name: peer.publisher(Image, f'{name}/image') for name in ('front', 'rear')}
    tags = {name: peer.collect(Classification, f'tagger/{name}/tags') for name in cameras}
    alone = peer.collect(Classification, 'tagger/tags')
    node = start_node('tagger', ros_args=['-p', 'cameras:=[front, rear]'])
    reports = peer.diagnostics('/tagger: front')
    for camera in cameras.values():
        peer.matched(camera)
    files = {'front': SAMPLES / 'espresso.jpg', 'rear': SAMPLES / 'pizza.jpg'}
    for second in (1, 2, 3):
        for name, camera in cameras.items():
            camera.publish(image_at(read_image(files[name]), float(second), name))
        peer.until(lambda second=second: all(len(found) == second for found in tags.values()))
    for name, found in tags.items():
        assert stamps(found) == [1, 2, 3]
        assert {message.header.frame_id for message in found} == {name}
    best = {name: found[0].results[0].class_id for name, found in tags.items()}
    assert best == {'front': 'espresso', 'rear': 'pizza'}
    # A bad image of one camera costs the other nothing.
    bad = image_at(picture(), 4.0)
    bad.encoding = 'nonsense'
    cameras['rear'].publish(bad)
    cameras['front'].publish(image_at(read_image(files['front']), 4.0, 'front'))
    peer.until(lambda: stamps(tags['front']) == [1, 2, 3, 4])
    assert tags['front'][-1].results == tags['front'][0].results
    assert stamps(tags['rear']) == [1, 2, 3]
    assert not alone
    assert 'rear: rejected an image' in node.log
    peer.until(lambda: reports and reports[-1]['images_processed'] == '4')


@pytest.mark.parametrize(
    ('value', 'sentence'),
    [
        ('[front, front]', "parameter cameras: duplicate value 'front'"),
        ('[front camera]', 'parameter cameras: expected letters, digits and _, starting'),
    ],
)
def test_invalid_cameras(start_node: StartNode, value: str, sentence: str) -> None:
    node = start_node('tagger', ros_args=['-p', f'cameras:={value}'])
    assert node.process.wait(HANGS_S) == 2
    assert sentence in node.log
