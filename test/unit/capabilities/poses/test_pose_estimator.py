"""People in whole images, with the shipped networks."""

from collections.abc import Callable
from pathlib import Path

import cv2
from nn_perception.capabilities.poses.defaults import POSE_PRESETS
from nn_perception.capabilities.poses.keypoint_rcnn import KEYPOINT_RCNN, KeypointRcnnDetector
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.poses.skeleton import keypoint_array, KEYPOINT_NAMES
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.imaging.image_files import read_image
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import RunOptions
import numpy as np
import pytest

NOSE, LEFT_WRIST, RIGHT_WRIST = (
    KEYPOINT_NAMES.index(name) for name in ('nose', 'left_wrist', 'right_wrist')
)
ANKLES = slice(15, 17)


@pytest.fixture(scope='module')
def skier(repository):
    return read_image(repository / 'nn_perception/samples/skier.jpg')


@pytest.fixture(scope='module')
def fast():
    estimator = PoseEstimator.open('fast', RunOptions(device='cpu'))
    yield estimator
    estimator.close()


@pytest.fixture(scope='module')
def accurate():
    estimator = PoseEstimator.open('accurate', RunOptions(device='cpu'))
    yield estimator
    estimator.close()


@pytest.fixture(scope='module', params=['fast', 'accurate'])
def estimator(request):
    return request.getfixturevalue(request.param)


def test_the_skier_is_found_with_all_keypoints(estimator, skier):
    (person,) = estimator.estimate(skier)
    assert person.score > 0.5
    assert len(person.keypoints) == 17
    keypoints = keypoint_array(person)
    assert keypoints[:, 2].min() > 0.2
    # Nose, wrists and ankles as located by eye, in pixels of the file.
    np.testing.assert_allclose(keypoints[NOSE, :2], (367, 81), atol=8)
    np.testing.assert_allclose(keypoints[RIGHT_WRIST, :2], (293, 182), atol=20)
    np.testing.assert_allclose(keypoints[LEFT_WRIST, :2], (451, 169), atol=20)
    assert (keypoints[ANKLES, 1] > 330).all()
    left, top, width, height = person.bbox
    assert left < 300
    assert top < 60
    assert left + width > 440
    assert top + height > 350


def test_both_engines_find_the_same(fast, skier):
    torch = PoseEstimator.open('fast', RunOptions(engine='torch', device='cpu'))
    (one,), (other,) = fast.estimate(skier), torch.estimate(skier)
    np.testing.assert_allclose(keypoint_array(one), keypoint_array(other), atol=0.05)
    torch.close()


@pytest.mark.parametrize('padding', [(0, 200), (200, 0), (300, 300), (7, 31)])
def test_padding_does_not_move_people(estimator, skier, padding):
    down, across = padding
    grey = cv2.copyMakeBorder(
        skier, down, 0, across, 0, cv2.BORDER_CONSTANT, value=(128, 128, 128)
    )
    (person,) = estimator.estimate(skier)
    moved = estimator.estimate(grey)[0]
    expected = keypoint_array(person)[:, :2] + (across, down)
    apart = np.hypot(*(keypoint_array(moved)[:, :2] - expected).T)
    assert np.median(apart) < 5.0


@pytest.mark.parametrize('size', [(425, 640), (640, 425), (333, 517), (854, 1281), (161, 243)])
def test_keypoints_scale_with_the_image(estimator, skier, size):
    height, width = size
    (person,) = estimator.estimate(skier)
    # The score of a person squeezed to half the width is lower.
    scaled = estimator.estimate(cv2.resize(skier, (width, height)), min_score=0.2)[0]
    expected = keypoint_array(person)[:, :2] * (width / 640, height / 425)
    apart = np.hypot(*(keypoint_array(scaled)[:, :2] - expected).T)
    assert np.median(apart) < 0.02 * height + 2.0


def test_portrait_images(estimator, skier):
    portrait = skier[:, 200:480]
    (person,) = estimator.estimate(portrait)
    (whole,) = estimator.estimate(skier)
    apart = np.hypot(*(keypoint_array(person)[:, :2] + (200, 0) - keypoint_array(whole)[:, :2]).T)
    assert np.median(apart) < 8.0


def test_mirroring_exchanges_left_and_right(accurate, skier):
    mirrored = np.ascontiguousarray(skier[:, ::-1])
    keypoints = keypoint_array(accurate.estimate(mirrored)[0])
    np.testing.assert_allclose(keypoints[LEFT_WRIST, :2], (640 - 293, 182), atol=20)
    np.testing.assert_allclose(keypoints[RIGHT_WRIST, :2], (640 - 451, 169), atol=20)


@pytest.mark.parametrize('shape', [(1, 640), (640, 1), (1, 1), (2, 3), (31, 33), (5, 4000)])
def test_nobody_is_found_in_tiny_images(estimator, shape):
    assert estimator.estimate(np.full((*shape, 3), 90, np.uint8)) == []


def test_more_than_six_people_are_found(estimator, skier):
    one = cv2.resize(skier[20:400, 240:500], (260, 380))
    mosaic = np.concatenate([np.concatenate([one] * 5, axis=1)] * 2)
    people = estimator.estimate(mosaic)
    assert len(people) == 10
    columns = sorted(round((person.bbox[0] + person.bbox[2] / 2) // 260) for person in people)
    assert columns == sorted(list(range(5)) * 2)
    assert len(estimator.estimate(mosaic, max_people=4)) == 4


def test_results_are_sorted_and_obey_the_minimum_score(estimator, skier):
    people = estimator.estimate(skier, min_score=0.0)
    scores = [person.score for person in people]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert estimator.estimate(skier, min_score=1.0) == []


def test_the_image_is_not_modified(estimator, skier):
    before = skier.copy()
    estimator.estimate(skier)
    np.testing.assert_array_equal(before, skier)


@pytest.mark.parametrize('name', ['cat', 'clock', 'dahlia', 'espresso', 'rocket', 'temple'])
def test_nobody_is_found_in_images_without_people(estimator, repository, name):
    assert estimator.estimate(read_image(repository / f'nn_perception/samples/{name}.jpg')) == []


@pytest.mark.parametrize(
    ('image', 'options', 'message'),
    [
        (np.zeros((10, 10), np.uint8), {}, 'expected an image'),
        (np.zeros((10, 10, 3), np.float32), {}, 'expected an image'),
        (np.zeros((0, 10, 3), np.uint8), {}, 'with pixels'),
        (np.zeros((9, 9, 3), np.uint8), {'min_score': 2.0}, 'min_score'),
        (np.zeros((9, 9, 3), np.uint8), {'max_people': 0}, 'max_people'),
    ],
)
def test_unusable_arguments_are_rejected(fast, image, options, message):
    with pytest.raises(ValueError, match=message):
        fast.estimate(image, **options)


def test_an_unknown_preset_is_rejected():
    with pytest.raises(ValueError, match='preset must be one of fast, accurate'):
        PoseEstimator.open('best')
    assert POSE_PRESETS[2] == KEYPOINT_RCNN


def test_a_pose_network_is_not_a_classifier():
    with pytest.raises(ValueError, match='not a classifier'):
        Tagger.open('movenet_thunder')


class FakeEngine:
    """Finds two people, the second one with more certain keypoints."""

    def __init__(self) -> None:
        self.close: Callable[[], None] = lambda: None

    def outputs(self, batch):
        assert batch.shape == (1, 3, 48, 64)
        assert 0.0 <= batch.min() <= batch.max() <= 1.0
        boxes = np.array([[(1, 2, 21, 42), (30, 5, 60, 45)]], np.float32)
        keypoints = np.ones((1, 2, 17, 3), np.float32) * 10
        logits = np.full((1, 2, 17), -1.0, np.float32)
        logits[0, 1] = 4.0
        return boxes, np.array([[0.9, 0.8]], np.float32), keypoints, logits


def test_keypoint_rcnn_is_one_of_the_presets():
    how = Preprocessing(800, 1.0, 'linear', (0.0,) * 3, (255.0,) * 3)
    checkpoint = Checkpoint(Path('x'), 'torchvision:' + KEYPOINT_RCNN, (), how, '1', '')
    estimator = PoseEstimator(
        KEYPOINT_RCNN, KeypointRcnnDetector(LoadedModel(checkpoint, FakeEngine()))
    )
    image = np.full((48, 64, 3), 255, np.uint8)
    first, second = estimator.estimate(image, min_score=0.1)
    assert first.bbox == (30, 5, 30, 40)
    assert first.score == pytest.approx(0.8 * 0.982, abs=1e-3)
    assert second.score == pytest.approx(0.9 * 0.269, abs=1e-3)
    assert len(estimator.estimate(image, min_score=0.1, max_people=1)) == 1


def test_keypoint_rcnn_needs_torch():
    with pytest.raises(ValueError, match='needs the engine torch'):
        PoseEstimator.open(KEYPOINT_RCNN, RunOptions(engine='onnxruntime'))


def test_keypoint_rcnn_names_the_missing_file_offline(tmp_path, monkeypatch):
    monkeypatch.setenv('NN_PERCEPTION_CACHE', str(tmp_path))
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    for name in ('http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'):
        monkeypatch.setenv(name, 'http://127.0.0.1:9')
    monkeypatch.setattr('urllib.request._opener', None)  # it keeps the proxies of its first use
    with pytest.raises(OSError, match=r'cannot be downloaded.*put the file keypointrcnn_resnet50'):
        find_checkpoint(KEYPOINT_RCNN)


@pytest.mark.long
def test_keypoint_rcnn_gives_tensors():
    torch = pytest.importorskip('torch')
    from nn_perception.core.networks.build import build

    network = build('torchvision:' + KEYPOINT_RCNN, 0).eval()
    assert sum(values.numel() for values in network.state_dict().values()) > 59e6
    network.detector.transform.min_size = (64,)
    network.detector.roi_heads.score_thresh = 0.0
    network.detector.roi_heads.detections_per_img = 3  # what it finds everywhere takes seconds
    outputs = network(torch.rand(1, 3, 64, 96))
    boxes, scores, keypoints, logits = outputs
    count = boxes.shape[1]
    assert scores.shape == (1, count)
    assert keypoints.shape == (1, count, 17, 3)
    assert logits.shape == (1, count, 17)
    with pytest.raises(RuntimeError, match='expected one image'):
        network(torch.rand(2, 3, 64, 64))
