"""The node ``pose_estimator``, as other processes see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
import sys
from typing import Any

import cv2
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.poses.skeleton import keypoint_array
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.results import Person
from nn_perception.ros.inputs.image_decoding import to_bgr
from nn_perception.ros.outputs.image_messages import compressed_image_message, image_message
from nn_perception_interfaces.msg import HumanPose, HumanPoseArray
import numpy as np
from patience import stretched
import pytest
from ros_graph import BEST_EFFORT, header_at, image_at, NodeProcess, own_domain, Peer, RELIABLE
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

StartNode = Callable[..., NodeProcess]

SAMPLES = Path(__file__).resolve().parents[2] / 'nn_perception' / 'samples'
SIZE = (640, 425)
FRAME = 'camera_optical_frame'


@pytest.fixture(scope='module')
def skier() -> np.ndarray:
    return read_image(SAMPLES / 'skier.jpg')


@pytest.fixture(scope='module')
def expected(skier: np.ndarray) -> Person:
    """Find the skier with the library."""
    estimator = PoseEstimator.open(options=RunOptions(device='cpu'))
    (person,) = estimator.estimate(skier)
    estimator.close()
    return person


class Estimator:
    """Send images to a ``pose_estimator`` and receive its results."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.poses = peer.collect(HumanPoseArray, 'pose_estimator/poses')
        self.camera = peer.publisher(Image, 'image')

    def find(self, image: np.ndarray, stamp_s: float | None = None) -> HumanPoseArray:
        """Send one picture and wait for its result."""
        count = len(self.poses)
        stamp_s = 1.0 + count / 10 if stamp_s is None else stamp_s
        self.camera.publish(image_at(image, stamp_s, FRAME))
        self._peer.until(lambda: len(self.poses) > count)
        return self.poses[-1]


def joints_in(pose: HumanPose) -> np.ndarray:
    """Give a message's joints as an array ``(17, 3)``."""
    return np.array([(joint.x, joint.y, joint.score) for joint in pose.keypoints])


def places_in(pose: HumanPose) -> np.ndarray:
    """Give a message's positions as an array ``(N, 3)``."""
    return np.array([(p.x, p.y, p.z) for p in pose.positions]).reshape(-1, 3)


@pytest.mark.parametrize(
    ('transport', 'qos'),
    [('raw', RELIABLE), ('raw', BEST_EFFORT), ('compressed', RELIABLE)],
    ids=['raw', 'raw, best effort', 'compressed'],
)
def test_one_result_for_every_image_under_its_own_header(
    peer: Peer,
    start_node: StartNode,
    skier: np.ndarray,
    expected: Person,
    transport: str,
    qos: Any,
) -> None:
    poses = peer.collect(HumanPoseArray, 'pose_estimator/poses')
    if transport == 'raw':
        camera, build = peer.publisher(Image, 'image', qos), image_message
    else:
        camera = peer.publisher(CompressedImage, 'image/compressed', qos)

        def build(image: np.ndarray, header: Header) -> CompressedImage:
            return compressed_image_message(image, header, 100)

    start_node('pose_estimator', parameters={'image_transport': transport})
    peer.matched(camera)
    sent = []
    for i in range(10):
        picture = skier if i != 5 else np.full_like(skier, 90)
        msg = build(picture, header_at(1_700_000_000.25 + i / 30, f'optical_{i}'))
        sent.append(msg.header)
        camera.publish(msg)
        peer.until(lambda: len(poses) == len(sent))
    peer.spin(0.3)
    assert [msg.header for msg in poses] == sent
    assert [len(msg.poses) for msg in poses] == [1] * 5 + [0] + [1] * 4
    ids = {pose.id for msg in poses for pose in msg.poses}
    assert len(ids) == 1
    assert ids.pop()[0].isalpha()
    for msg in poses:
        for pose in msg.poses:
            assert len(pose.keypoints) == 17
            assert np.abs(joints_in(pose) - keypoint_array(expected))[:, :2].max() < 6.0
            assert pose.score == pytest.approx(expected.score, abs=0.05)
            left, top, width, height = expected.bbox
            centre = pose.bbox.center.position
            assert (centre.x, centre.y, pose.bbox.size_x, pose.bbox.size_y) == pytest.approx(
                (left + width / 2, top + height / 2, width, height), abs=8
            )
            assert list(pose.positions) == []


def test_parameters_at_run_time(peer: Peer, start_node: StartNode, skier: np.ndarray) -> None:
    estimator = Estimator(peer)
    start_node('pose_estimator')
    peer.matched(estimator.camera)

    def change(name: str, value: object) -> None:
        assert peer.set_parameter('/pose_estimator', name, value) == (True, '')

    two = np.hstack([skier, skier])
    assert len(estimator.find(two).poses) == 2
    change('max_people', 1)
    assert len(estimator.find(two).poses) == 1
    change('max_people', 20)
    change('max_age_s', 0.0)  # an existing track may have a lower score
    change('min_score', 1.0)
    assert len(estimator.find(skier).poses) == 0
    change('min_score', 0.4)
    change('min_joint_score', 1.0)
    (pose,) = estimator.find(skier).poses
    assert not joints_in(pose).any()
    change('min_joint_score', 0.2)
    change('smoothing', True)
    first, second = (estimator.find(skier).poses[0].id for _ in range(2))
    assert first != second
    for name, value, reason in [
        ('min_score', 1.5, '1.5'),
        ('max_people', 0, '0'),
        ('max_age_s', -1.0, '-1'),
        ('min_joint_score', 2.0, '2'),
        ('depth_tolerance_s', -0.1, '-0.1'),
        ('smoothing', 1, 'bool'),
        ('preset', 'accurate', 'read-only'),
        ('hri', False, 'read-only'),
    ]:
        taken, why = peer.set_parameter('/pose_estimator', name, value)
        assert not taken, name
        assert reason in why.lower(), (name, why)


def test_the_accurate_preset(
    peer: Peer, start_node: StartNode, skier: np.ndarray, expected: Person
) -> None:
    estimator = Estimator(peer)
    node = start_node('pose_estimator', parameters={'preset': 'accurate'})
    reports = peer.diagnostics('/pose_estimator')
    peer.matched(estimator.camera)
    (pose,) = estimator.find(skier).poses
    apart = np.hypot(*(joints_in(pose) - keypoint_array(expected))[:, :2].T)
    assert 0.1 < np.median(apart) < 8.0
    peer.until(lambda: reports and reports[-1]['people'] == '1')
    assert reports[-1]['model'].startswith('accurate (movenet_multipose')
    assert 'movenet_thunder' in reports[-1]['model']
    assert 'onnxruntime' in reports[-1]['device'].lower().replace(' ', '')
    # Both networks were exported before, so the process does not load torch.
    maps = Path(f'/proc/{node.process.pid}/maps').read_text()
    assert 'onnxruntime' in maps
    assert 'libtorch' not in maps


def test_markers_and_overlay(peer: Peer, start_node: StartNode, skier: np.ndarray) -> None:
    estimator = Estimator(peer)
    start_node('pose_estimator')
    overlays = peer.collect(Image, 'pose_estimator/overlay')
    arrays = peer.collect(MarkerArray, 'pose_estimator/markers')
    peer.matched(estimator.camera)
    peer.until(lambda: peer.node.count_publishers('pose_estimator/markers'))
    peer.spin(0.5)
    found = estimator.find(skier)
    peer.until(lambda: arrays and overlays)
    assert overlays[0].header == found.header
    drawn = to_bgr(overlays[0])
    assert drawn.shape == skier.shape
    assert 0.003 < (abs(drawn.astype(int) - skier).max(axis=2) > 60).mean() < 0.1
    clear, *rest = arrays[0].markers
    assert clear.action == Marker.DELETEALL
    assert {marker.ns for marker in rest} == {'limbs', 'joints', 'ids'}
    assert rest[-1].text == found.poses[0].id
    assert all(marker.header == found.header for marker in rest)
    # Without depth the skeleton is in a plane 1 m in front of the camera.
    assert {point.z for point in rest[1].points} == {1.0}
    # No one is visible: the markers are deleted.
    estimator.find(np.full_like(skier, 90))
    peer.until(lambda: len(arrays) == 2)
    assert [marker.action for marker in arrays[1].markers] == [Marker.DELETEALL]


class DepthCamera:
    """Send depth images and their calibration, as a driver that aligns them."""

    def __init__(self, peer: Peer) -> None:
        self._images = peer.publisher(Image, 'depth')
        self._infos = peer.publisher(CameraInfo, 'depth/camera_info')
        self._peer = peer

    def matched(self) -> None:
        """Wait until the node listens."""
        self._peer.matched(self._images)
        self._peer.matched(self._infos)

    def send(
        self,
        depth: np.ndarray,
        stamp_s: float,
        *,
        encoding: str = '16UC1',
        frame: str = FRAME,
        size: tuple[int, int] = SIZE,
        focal: float = 500.0,
        info: bool = True,
    ) -> None:
        """Send a depth image, and before it the calibration."""
        if info:
            k = [focal, 0.0, 320.0, 0.0, focal, 212.0, 0.0, 0.0, 1.0]
            msg = CameraInfo(header=header_at(stamp_s, frame), k=k, distortion_model='plumb_bob')
            msg.width, msg.height = size
            self._infos.publish(msg)
        image = Image(header=header_at(stamp_s, frame), encoding=encoding)
        image.height, image.width = depth.shape
        image.step = depth.strides[0]
        image.data.frombytes(depth.tobytes())
        self._images.publish(image)
        self._peer.spin(stretched(0.2))


@dataclass
class WithDepth:
    """A ``pose_estimator`` that gets depth images; the stamps grow from test to test."""

    estimator: Estimator
    depth_camera: DepthCamera
    reports: list[dict[str, str]]
    peer: Peer
    stamp_s: float = 0.0


@contextmanager
def with_depth(folder: Path) -> Iterator[WithDepth]:
    """Start a node whose depth topics have a publisher."""
    with own_domain(folder) as domain:
        peer = domain.peer
        estimator, depth_camera = Estimator(peer), DepthCamera(peer)
        domain.start_node('pose_estimator')
        reports = peer.diagnostics('/pose_estimator')
        peer.matched(estimator.camera)
        depth_camera.matched()
        yield WithDepth(estimator, depth_camera, reports, peer)


@pytest.fixture(scope='module')
def shared_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WithDepth]:
    with with_depth(tmp_path_factory.mktemp('depth')) as node:
        yield node


@pytest.fixture
def node(shared_node: WithDepth) -> WithDepth:
    """Give the node that all tests of depth share; what came before is long ago."""
    shared_node.stamp_s += 100.0
    return shared_node


@pytest.mark.parametrize(
    ('encoding', 'dtype', 'two_metres'), [('16UC1', np.uint16, 2000), ('32FC1', np.float32, 2.0)]
)
def test_positions_with_depth(
    node: WithDepth, skier: np.ndarray, encoding: str, dtype: type, two_metres: float
) -> None:
    arrays = node.peer.collect(MarkerArray, 'pose_estimator/markers')
    node.peer.until(lambda: node.peer.node.count_publishers('pose_estimator/markers'))
    node.peer.spin(stretched(0.3))
    depth = np.full(SIZE[::-1], two_metres, dtype)
    # The upper part, where the head is, was not measured.
    depth[:110] = 0
    node.depth_camera.send(depth, node.stamp_s, encoding=encoding)
    seen_before = len(node.reports)
    (pose,) = node.estimator.find(skier, node.stamp_s + 0.01).poses
    joints, places = joints_in(pose), places_in(pose)
    assert places.shape == (17, 3)
    known = joints[:, 1] > 125
    assert np.isnan(places[joints[:, 1] < 100]).all()
    assert known.sum() >= 10
    seen = (joints[known, :2] - (320, 212)) / 500 * 2.0
    np.testing.assert_allclose(places[known, :2], seen, atol=1e-4)
    np.testing.assert_allclose(places[known, 2], 2.0, atol=1e-6)
    node.peer.until(lambda: arrays)
    spots = next(marker for marker in arrays[-1].markers if marker.ns == 'joints')
    assert {round(point.z, 3) for point in spots.points} == {2.0}
    # Before the image came, a node on a busy machine may have warned that none does.
    node.peer.until(
        lambda: any((r['depth'], r['level']) == ('used', '0') for r in node.reports[seen_before:])
    )


TWO_METRES = np.full(SIZE[::-1], 2000, np.uint16)


@pytest.mark.parametrize(
    ('depth', 'options', 'reason'),
    [
        (np.full((240, 320), 2000, np.uint16), {}, 'not aligned: it has 320 x 240 pixels'),
        (TWO_METRES, {'encoding': 'mono16'}, "encoding 'mono16' is not a depth encoding"),
        (TWO_METRES, {'focal': 0.0}, 'the camera is not calibrated'),
        (TWO_METRES, {'size': (320, 240)}, 'is for 320 x 240 pixels'),
        (TWO_METRES, {'frame': 'depth_frame'}, "its frame_id is 'depth_frame'"),
        (TWO_METRES, {'early_s': 2.0}, 'no depth within 0.05 s of the image'),
        (TWO_METRES[:, :300], {'encoding': '32FC1'}, 'not aligned: it has 300 x 425 pixels'),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_unusable_depth_is_reported(
    node: WithDepth, skier: np.ndarray, depth: np.ndarray, options: dict[str, Any], reason: str
) -> None:
    check_unusable(node, skier, depth, options, reason)


def test_depth_without_calibration_is_reported(tmp_path: Path, skier: np.ndarray) -> None:
    with with_depth(tmp_path) as node:
        reason = 'no camera_info on /depth/camera_info'
        check_unusable(node, skier, TWO_METRES, {'info': False}, reason)


def check_unusable(
    node: WithDepth, skier: np.ndarray, depth: np.ndarray, options: dict[str, Any], reason: str
) -> None:
    """Send depth and an image; the image has no positions, and the diagnostics say why."""
    options = dict(options)
    early_s = options.pop('early_s', 0.0)
    node.depth_camera.send(depth, node.stamp_s + 5.0 - early_s, **options)
    (pose,) = node.estimator.find(skier, node.stamp_s + 5.0).poses
    assert list(pose.positions) == []

    def found() -> dict[str, str] | None:
        return next((report for report in node.reports if reason in report['message']), None)

    report = node.peer.until(found)
    assert report['level'] == '1'
    assert 'no positions' in report['message']
    assert reason in report['depth']


@pytest.mark.parametrize('value', [0.0, np.nan, np.inf])
def test_depth_without_values_gives_unknown_positions(
    node: WithDepth, skier: np.ndarray, value: float
) -> None:
    empty = np.full(SIZE[::-1], value, np.float32)
    node.depth_camera.send(empty, node.stamp_s, encoding='32FC1')
    (pose,) = node.estimator.find(skier, node.stamp_s).poses
    assert places_in(pose).shape == (17, 3)
    assert np.isnan(places_in(pose)).all()


@pytest.mark.hri_msgs
def test_rep_155(peer: Peer, start_node: StartNode, skier: np.ndarray, expected: Person) -> None:
    hri = pytest.importorskip('hri_msgs.msg')
    estimator = Estimator(peer)
    start_node('pose_estimator', parameters={'max_age_s': 0.5})
    tracked = peer.collect(hri.IdsList, '/humans/bodies/tracked')
    peer.matched(estimator.camera)
    peer.until(lambda: peer.node.count_publishers('/humans/bodies/tracked'))
    peer.spin(0.3)
    found = estimator.find(skier, 1.0)
    name = found.poses[0].id
    peer.until(lambda: tracked)
    assert tracked[-1].header == found.header
    assert list(tracked[-1].ids) == [name]
    skeletons = peer.collect(hri.Skeleton2D, f'/humans/bodies/{name}/skeleton2d')
    boxes = peer.collect(hri.NormalizedRegionOfInterest2D, f'/humans/bodies/{name}/roi')
    peer.spin(0.5)
    found = estimator.find(skier, 1.1)
    peer.until(lambda: skeletons and boxes)
    assert skeletons[-1].header == boxes[-1].header == found.header
    joints = keypoint_array(expected)
    wrist = skeletons[-1].skeleton[hri.Skeleton2D.LEFT_WRIST]
    scaled = (joints[9, 0] / SIZE[0], joints[9, 1] / SIZE[1], joints[9, 2])
    assert (wrist.x, wrist.y, wrist.c) == pytest.approx(scaled, abs=0.01)
    left, top, width, height = expected.bbox
    box = boxes[-1]
    assert (box.xmin, box.ymin) == pytest.approx((left / SIZE[0], top / SIZE[1]), abs=0.01)
    assert (box.xmax, box.ymax) == pytest.approx(
        ((left + width) / SIZE[0], (top + height) / SIZE[1]), abs=0.01
    )
    # Someone who has left is not tracked, and loses their topics after a while.
    empty = np.full_like(skier, 90)
    estimator.find(empty, 1.2)
    peer.until(lambda: tracked[-1].header.stamp.nanosec == 200_000_000)
    assert list(tracked[-1].ids) == []
    peer.until(lambda: peer.node.count_publishers(f'/humans/bodies/{name}/roi') == 1)
    estimator.find(empty, 2.0)
    peer.until(lambda: peer.node.count_publishers(f'/humans/bodies/{name}/roi') == 0)
    # Nor is anyone while the node is inactive.
    estimator.find(skier, 2.1)
    peer.until(lambda: list(tracked[-1].ids) not in ([], [name]))
    request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_DEACTIVATE))
    assert peer.call(ChangeState, 'pose_estimator/change_state', request).success
    peer.until(lambda: list(tracked[-1].ids) == [])


def test_without_hri_msgs_there_are_no_topics_of_rep_155(
    peer: Peer, start_node: StartNode, skier: np.ndarray, tmp_path: Path
) -> None:
    """An hri_msgs that cannot be imported stands for one that is not installed."""
    (tmp_path / 'hri_msgs.py').write_text('raise ImportError("not installed")\n')
    estimator = Estimator(peer)
    path = f'{tmp_path}:{":".join(sys.path)}'
    start_node('pose_estimator', environment={'PYTHONPATH': path})
    peer.matched(estimator.camera)
    assert len(estimator.find(skier).poses) == 1
    peer.spin(0.5)
    topics = [name for name, _ in peer.node.get_topic_names_and_types()]
    assert '/pose_estimator/poses' in topics
    assert not any(name.startswith('/humans') for name in topics)


def frames(path: Path) -> Iterator[np.ndarray]:
    """Read a video, uint8 BGR."""
    video = cv2.VideoCapture(str(path))
    while True:
        read, frame = video.read()
        if not read:
            break
        yield frame


# Six people come to a table, one after another: first and last frame in which each is visible,
# hands and feet included, determined by eye.
VISITS = [(60, 206), (226, 450), (504, 706), (745, 882), (924, 1216), (1232, 1372)]


@pytest.mark.parametrize(
    ('first', 'last', 'visits'),
    [
        pytest.param(150, 290, [(150, 206), (226, 290)], id='two people'),
        pytest.param(0, 1394, VISITS, id='the whole clip', marks=pytest.mark.long),
    ],
)
def test_identities_of_people_who_enter_and_leave(
    peer: Peer,
    start_node: StartNode,
    test_data: Path,
    first: int,
    last: int,
    visits: list[tuple[int, int]],
) -> None:
    """The frames of the clip, through DDS and under its own stamps, as fast as the node can."""
    estimator = Estimator(peer)
    start_node('pose_estimator')
    peer.matched(estimator.camera)
    clip = frames(test_data / 'video/one-by-one-person-detection.mp4')
    seen: list[list[str]] = [[] for _ in range(first)]
    for frame in islice(clip, first, last):
        stamp_s = 100.0 + len(seen) / 10
        seen.append([pose.id for pose in estimator.find(frame, stamp_s).poses])
    assert len(seen) == last
    ids = [{name for names in seen[a : b + 1] for name in names} for a, b in visits]
    everybody = {name for names in seen for name in names}
    # No one is seen while no one is there.
    assert everybody == set().union(*ids)
    empty = [
        i for i, names in enumerate(seen) if names and not any(a <= i <= b for a, b in visits)
    ]
    assert empty == []
    # No id passes from one person to another, and each person has at most two.
    assert sum(map(len, ids)) == len(everybody), ids
    assert all(1 <= len(names) <= 2 for names in ids), ids
    assert max(map(len, seen)) == 1
    # While a person is visible, the main id holds nearly all the time.
    for (begin, end), names in zip(visits, ids, strict=True):
        main = max(names, key=lambda name: sum(name in some for some in seen))
        held = sum(main in some for some in seen[begin + 15 : end - 14])
        assert held >= 0.95 * (end - begin - 29), (begin, end, held)
