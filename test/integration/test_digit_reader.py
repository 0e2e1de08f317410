"""The node ``digit_reader``, as other processes see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from nn_perception.capabilities.digits.defaults import DEFAULT_DIGIT_MODEL
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.ros.inputs.image_decoding import to_bgr
from nn_perception.ros.outputs.image_messages import compressed_image_message, image_message
import numpy as np
import pytest
from ros_graph import BEST_EFFORT, header_at, image_at, LATCHED, NodeProcess, Peer, RELIABLE
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header, String
from vision_msgs.msg import Detection2DArray, LabelInfo, VisionInfo

StartNode = Callable[..., NodeProcess]

BACKGROUND, FOREGROUND = 225, 40
LINES = ('3058', '29', '653')


def page(
    *lines: str, scale: float = 2.0, background: int = BACKGROUND, foreground: int = FOREGROUND
) -> np.ndarray:
    """Draw lines of digits, uint8 BGR, ``(480, 640, 3)``; 44 px high at scale 2."""
    image = np.full((480, 640, 3), background, np.uint8)
    for row, line in enumerate(lines):
        for column, digit in enumerate(line):
            at = (60 + round(42 * scale) * column, 90 + 110 * row)
            cv2.putText(
                image,
                digit,
                at,
                cv2.FONT_HERSHEY_SIMPLEX,
                scale,
                (foreground,) * 3,
                5,
                cv2.LINE_AA,
            )
    return image


class Reader:
    """Send pages to a ``digit_reader`` and receive its results."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.digits = peer.collect(Detection2DArray, 'digit_reader/digits')
        self.texts = peer.collect(String, 'digit_reader/text')
        self.camera = peer.publisher(Image, 'image')

    def read(self, image: np.ndarray) -> tuple[Detection2DArray, str]:
        """Send one picture and wait for its result."""
        count = len(self.digits)
        self.camera.publish(image_at(image, 1.0 + count))
        self._peer.until(lambda: len(self.digits) > count and len(self.texts) > count)
        return self.digits[-1], self.texts[-1].data


@pytest.mark.parametrize(
    ('transport', 'qos'),
    [('raw', RELIABLE), ('raw', BEST_EFFORT), ('compressed', RELIABLE)],
    ids=['raw', 'raw, best effort', 'compressed'],
)
def test_one_result_for_every_image_under_its_own_header(
    peer: Peer, start_node: StartNode, transport: str, qos: object
) -> None:
    digits = peer.collect(Detection2DArray, 'digit_reader/digits')
    if transport == 'raw':
        camera, build = peer.publisher(Image, 'image', qos), image_message
    else:
        camera = peer.publisher(CompressedImage, 'image/compressed', qos)

        def build(image: np.ndarray, header: Header) -> CompressedImage:
            return compressed_image_message(image, header, 100)

    start_node('digit_reader', parameters={'image_transport': transport})
    peer.matched(camera)
    sent = []
    for i in range(10):
        msg = build(page(*LINES), header_at(1_700_000_000.25 + i / 30, f'optical_{i}'))
        sent.append(msg.header)
        camera.publish(msg)
        peer.until(lambda: len(digits) == len(sent))
    peer.spin(0.3)
    assert [msg.header for msg in digits] == sent
    with_library = DigitReader.open().read(page(*LINES)).digits
    assert ''.join(digit.label for digit in with_library) == ''.join(LINES)
    for msg in digits:
        assert {detection.header.frame_id for detection in msg.detections} == {msg.header.frame_id}
        for detection, digit in zip(msg.detections, with_library, strict=True):
            (result,) = detection.results
            assert result.hypothesis.class_id == digit.label
            assert result.hypothesis.score == pytest.approx(digit.score, abs=0.1)
            left, top, width, height = digit.bbox
            centre = detection.bbox.center.position
            assert (centre.x, centre.y) == pytest.approx(
                (left + width / 2, top + height / 2), abs=2
            )
            assert (detection.bbox.size_x, detection.bbox.size_y) == pytest.approx(
                (width, height), abs=3
            )
            assert detection.id == ''


def test_reading_order_text_and_nothing_to_read(peer: Peer, start_node: StartNode) -> None:
    reader = Reader(peer)
    start_node('digit_reader')
    peer.matched(reader.camera)
    found, text = reader.read(page(*LINES))
    assert text == '3058\n29\n653'
    labels = [detection.results[0].hypothesis.class_id for detection in found.detections]
    assert ''.join(labels) == '305829653'
    # An image without digits has a result too.
    empty, text = reader.read(page())
    assert list(empty.detections) == []
    assert text == ''
    assert empty.header.stamp.sec == 2
    found, text = reader.read(page('86'))
    assert text == '86'


def test_parameters_at_run_time(peer: Peer, start_node: StartNode) -> None:
    reader = Reader(peer)
    infos = peer.collect(LabelInfo, 'digit_reader/label_info', LATCHED)
    start_node('digit_reader')
    peer.matched(reader.camera)

    def change(name: str, value: object) -> None:
        assert peer.set_parameter('/digit_reader', name, value) == (True, '')

    board = page('3058', background=30, foreground=230)
    assert reader.read(board)[1] == '3058'
    change('ink', 'light')
    assert reader.read(board)[1] == '3058'
    change('ink', 'dark')
    assert reader.read(board)[1] != '3058'
    assert reader.read(page('3058'))[1] == '3058'
    change('min_height', 100)
    assert reader.read(page('3058'))[1] == ''
    change('min_height', 14)
    change('min_score', 1.0)
    peer.until(lambda: infos and infos[-1].threshold == 1.0)
    assert all(
        detection.results[0].hypothesis.score == 1.0
        for detection in reader.read(page('3058'))[0].detections
    )
    for name, value, reason in [
        ('min_score', 1.5, '1.5'),
        ('ink', 'blue', 'auto, dark, light'),
        ('min_height', 7, '7'),
        ('min_height', 'low', 'INTEGER'),
        ('max_candidates', 0, '0'),
        ('max_candidates', 5000, '5000'),
        ('model', 'digit_mlp', 'read-only'),
    ]:
        taken, why = peer.set_parameter('/digit_reader', name, value)
        assert not taken, name
        assert reason in why, (name, why)
    change('min_score', 0.5)
    assert reader.read(page('3058'))[1] == '3058'


def test_too_many_candidates_are_reported(peer: Peer, start_node: StartNode) -> None:
    reader = Reader(peer)
    start_node('digit_reader', parameters={'max_candidates': 3})
    reports = peer.diagnostics('/digit_reader')
    peer.matched(reader.camera)
    found, _ = reader.read(page(*LINES))
    assert len(found.detections) <= 3
    peer.until(lambda: any('max_candidates' in report['message'] for report in reports))
    report = next(report for report in reports if 'max_candidates' in report['message'])
    assert report['level'] == '1'
    assert report['message'].startswith('1 of 1 images had more than max_candidates')
    assert '(3)' in report['message']
    assert report['frames_capped'] == '1'
    assert report['candidates'] == '3'
    assert report['digits'] == str(len(found.detections))
    # With a sufficient limit the warning ends; the count remains.
    assert peer.set_parameter('/digit_reader', 'max_candidates', 256) == (True, '')
    found, _ = reader.read(page(*LINES))
    peer.until(lambda: reports[-1]['digits'] == str(len(found.detections)))
    assert reports[-1]['level'] == '0'
    assert reports[-1]['frames_capped'] == '1'
    assert int(reports[-1]['candidates']) >= len(found.detections) > 3


def test_lifecycle_from_another_process(peer: Peer, start_node: StartNode) -> None:
    reader = Reader(peer)
    start_node('digit_reader', parameters={'autostart': False})
    reports = peer.diagnostics('/digit_reader')

    def state() -> str:
        request = GetState.Request()
        return peer.call(GetState, 'digit_reader/get_state', request).current_state.label

    def change(transition: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=transition))
        return peer.call(ChangeState, 'digit_reader/change_state', request).success

    assert state() == 'unconfigured'
    peer.until(lambda: reports and reports[-1]['device'] == 'not loaded')
    assert change(Transition.TRANSITION_CONFIGURE)
    assert state() == 'inactive'
    assert reader.camera.get_subscription_count() == 0
    for _ in range(2):
        assert change(Transition.TRANSITION_ACTIVATE)
        peer.matched(reader.camera)
        assert reader.read(page('29'))[1] == '29'
        assert change(Transition.TRANSITION_DEACTIVATE)
        peer.until(lambda: reader.camera.get_subscription_count() == 0)
    assert change(Transition.TRANSITION_CLEANUP)
    peer.until(lambda: reports[-1]['device'] == 'not loaded')
    assert change(Transition.TRANSITION_CONFIGURE)
    assert change(Transition.TRANSITION_INACTIVE_SHUTDOWN)
    assert state() == 'finalized'


def test_late_subscribers_receive_the_model(peer: Peer, start_node: StartNode) -> None:
    camera = peer.publisher(Image, 'image')
    start_node('digit_reader', parameters={'min_score': 0.25})
    peer.matched(camera)
    labels = peer.collect(LabelInfo, 'digit_reader/label_info', LATCHED)
    models = peer.collect(VisionInfo, 'digit_reader/vision_info', LATCHED)
    peer.until(lambda: labels and models)
    # The class for anything else than a digit is internal to the network.
    assert [entry.class_name for entry in labels[0].class_map] == list('0123456789')
    assert labels[0].threshold == 0.25
    assert models[0].database_version == 1
    assert models[0].database_location == str(find_checkpoint(DEFAULT_DIGIT_MODEL).path)
    assert DEFAULT_DIGIT_MODEL in models[0].method


def test_overlay_shows_the_boxes(peer: Peer, start_node: StartNode) -> None:
    reader = Reader(peer)
    start_node('digit_reader')
    overlays = peer.collect(Image, 'digit_reader/overlay')
    peer.matched(reader.camera)
    peer.until(lambda: peer.node.count_publishers('digit_reader/overlay'))
    peer.spin(0.5)
    image = page('29')
    found, _ = reader.read(image)
    peer.until(lambda: overlays)
    assert overlays[0].header == found.header
    drawn = to_bgr(overlays[0])
    assert drawn.shape == image.shape
    assert 0.002 < (drawn != image).any(axis=2).mean() < 0.2
    # The overlay is drawn in colour; the page has none.
    coloured = drawn.max(axis=2) - drawn.min(axis=2) > 100
    for detection in found.detections:
        box = detection.bbox
        x = round(box.center.position.x - box.size_x / 2)
        y = round(box.center.position.y)
        assert coloured[y, x - 2 : x + 3].any()


def test_bad_model_is_a_diagnostic_and_not_a_crash(
    peer: Peer, start_node: StartNode, tmp_path: Path
) -> None:
    node = start_node('digit_reader', parameters={'model': tmp_path / 'missing.safetensors'})
    reports = peer.diagnostics('/digit_reader')
    peer.until(lambda: reports and reports[-1]['level'] == '2')
    assert 'missing.safetensors' in reports[-1]['message']
    assert 'Traceback' not in node.log


def test_node_needs_no_torch(peer: Peer, start_node: StartNode) -> None:
    """With the network exported before, the process does not load torch."""
    DigitReader.open().close()
    reader = Reader(peer)
    node = start_node('digit_reader')
    peer.matched(reader.camera)
    assert reader.read(page('29'))[1] == '29'
    maps = Path(f'/proc/{node.process.pid}/maps').read_text()
    assert 'onnxruntime' in maps
    assert 'libtorch' not in maps
