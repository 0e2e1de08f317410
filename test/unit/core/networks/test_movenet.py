"""The shipped pose networks give the results of TensorFlow.js with the published models."""

import json

import cv2
from nn_perception.capabilities.poses.decoding import decode_people, decode_single
from nn_perception.core.imaging.letterbox import to_batch
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.core.inference.run_options import RunOptions
from nn_perception.core.networks.build import build
from nn_perception.core.networks.movenet_heads import (
    HEAD_CHANNELS,
    MULTI_POSE_HEADS,
    SINGLE_POSE_HEADS,
)
import numpy as np
import pytest

PARAMETERS = {
    'movenet_lightning': 2_317_974,
    'movenet_thunder': 6_226_046,
    'movenet_multipose': 4_723_346,
}
HEADS = {'movenet_multipose': MULTI_POSE_HEADS, 'movenet_thunder': SINGLE_POSE_HEADS}
# Where people overlap, the published graph takes the maximum of their scores; this package keeps
# them apart. Above this score the difference is within the tolerance.
MIN_PERSON_SCORE = 0.1


@pytest.fixture(scope='module')
def golden(repository):
    return json.loads((repository / 'test/resources/movenet_golden.json').read_text())


@pytest.fixture(scope='module')
def people(repository):
    image = cv2.imread(str(repository / 'test/resources/movenet_people.png'))
    assert image.shape == (256, 320, 3)
    return image


@pytest.fixture(scope='module')
def images(people):
    single = np.pad(people[:, :160], ((0, 0), (48, 48), (0, 0)))
    return {'movenet_multipose': people, 'movenet_thunder': single}


@pytest.fixture(scope='module', params=['onnxruntime', 'torch'])
def outputs(request, images):
    found = {}
    for name, image in images.items():
        checkpoint = find_checkpoint(name)
        engine = LoadedModel.open(checkpoint, RunOptions(request.param, 'cpu', 1)).engine
        found[name] = engine.outputs(to_batch([image], checkpoint.preprocessing))
        engine.close()
    return found


@pytest.mark.parametrize('name', list(HEADS))
def test_the_output_maps_are_those_of_tensorflow(outputs, golden, name):
    cells = golden[name]['cells']
    assert sorted(cells) == sorted(HEADS[name])
    first, step = golden['first'], golden['step']
    height, width = golden[name]['shape']
    for head, maps in zip(HEADS[name], outputs[name], strict=True):
        assert maps.shape == (1, HEAD_CHANNELS[head], height // 4, width // 4)
        expected = np.array(cells[head]).transpose(2, 0, 1)
        difference = np.abs(maps[0, :, first::step, first::step] - expected).max()
        assert difference < 1e-2, head
        assert np.abs(expected).max() > 0.1


def test_the_people_are_those_of_tensorflow(outputs, golden):
    height, width = golden['movenet_multipose']['shape']
    rows = np.array(golden['movenet_multipose']['output'])
    rows = rows[rows[:, 55] > MIN_PERSON_SCORE]
    assert len(rows) == 2
    maps = [output[0] for output in outputs['movenet_multipose']]
    found = decode_people(maps, max_count=6, min_centre_score=0.0)
    for row in rows:
        expected = row[:51].reshape(17, 3)
        joints = expected[:, [1, 0]] * (width, height)
        distances = np.abs(found.keypoints[:, :, :2] - joints).max(axis=(1, 2))
        same = int(distances.argmin())
        assert distances[same] < 0.1
        np.testing.assert_allclose(found.keypoints[same, :, 2], expected[:, 2], atol=1e-3)
        assert found.scores[same] == pytest.approx(row[55], abs=1e-3)
        box = row[[52, 51, 54, 53]] * (width, height, width, height)
        np.testing.assert_allclose(found.boxes[same], box, atol=0.1)


def test_a_single_person_is_that_of_tensorflow(outputs, golden):
    expected = np.array(golden['movenet_thunder']['output']).reshape(17, 3)
    (found,) = decode_single(outputs['movenet_thunder'])
    np.testing.assert_allclose(found[:, :2], expected[:, [1, 0]] * 256, atol=0.1)
    np.testing.assert_allclose(found[:, 2], expected[:, 2], atol=1e-3)
    assert found[:, 2].mean() > 0.5


@pytest.mark.parametrize('name', list(PARAMETERS))
def test_the_networks_have_the_published_size(name):
    assert sum(values.numel() for values in build(name, 0).parameters()) == PARAMETERS[name]


@pytest.mark.parametrize(('rows', 'columns'), [(32, 32), (32, 96), (64, 32), (160, 224)])
def test_input_sizes_are_any_multiple_of_the_step(rows, columns):
    checkpoint = find_checkpoint('movenet_multipose')
    batch = np.random.default_rng(0).uniform(-1, 1, (2, 3, rows, columns)).astype(np.float32)
    results = {}
    for name in ('onnxruntime', 'torch'):
        engine = LoadedModel.open(checkpoint, RunOptions(name, 'cpu', 1)).engine
        results[name] = engine.outputs(batch)
        engine.close()
    for one, other in zip(*results.values(), strict=True):
        assert one.shape == other.shape
        assert one.shape[2:] == (rows // 4, columns // 4)
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_an_unknown_network_is_rejected():
    with pytest.raises(ValueError, match='unknown network'):
        build('movenet_thunderstorm', 0)
