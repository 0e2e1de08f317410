"""Pictures of viewers become inputs as the capabilities make them."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.single.pen_drawing import to_digit
from nn_perception.core.imaging.letterbox import letterbox
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.core.inference.model_zoo import find_checkpoint
from nn_perception.training.inspection.pictures import preparation_of, Prepare
import numpy as np
import pytest

RGB = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


def prepare_for(name: str) -> tuple[Prepare, Checkpoint]:
    found = find_checkpoint(name)
    return preparation_of(found.network, found.preprocessing, found.labels), found


def test_a_photograph_is_preprocessed_as_the_checkpoint_says() -> None:
    prepare, checkpoint = prepare_for('efficientnet_lite0')
    found = prepare(RGB)
    np.testing.assert_array_equal(found.batch, checkpoint.preprocessing([RGB[..., ::-1]]))
    assert found.seen.shape == (224, 224, 3)
    resized = checkpoint.preprocessing.resized(np.ascontiguousarray(RGB[..., ::-1]))
    assert np.abs(found.seen - resized[..., ::-1]).max() <= 0.51
    grey = prepare(RGB[..., 0])
    assert (np.ptp(grey.seen, axis=2) == 0).all()


def test_poses_are_looked_for_in_a_square() -> None:
    prepare, checkpoint = prepare_for('movenet_multipose')
    found = prepare(RGB)
    assert found.batch.shape == (1, 3, 256, 256)
    wide, _ = letterbox(np.ascontiguousarray(RGB[..., ::-1]), 256, checkpoint.preprocessing)
    np.testing.assert_array_equal(found.batch[:, :, 32:224], wide)
    assert found.seen[:32].max() == 0
    assert found.batch[:, :, :32].max() == -1.0


@pytest.mark.parametrize('name', ['digit_cnn', 'digit_mlp'])
def test_a_drawing_becomes_a_digit(name: str) -> None:
    prepare, checkpoint = prepare_for(name)
    pad = np.zeros((240, 320), np.uint8)
    cv2.line(pad, (60, 40), (90, 200), 255, 12, cv2.LINE_AA)
    found = prepare(pad)
    digit = to_digit(pad)
    preprocessing = checkpoint.preprocessing
    expected = (digit * 255 - preprocessing.mean[0]) / preprocessing.std[0]
    np.testing.assert_allclose(found.batch[0, 0], expected, rtol=1e-5, atol=1e-5)
    assert np.abs(found.seen[..., 1] - digit * 255).max() <= 0.51
    assert prepare(np.zeros((240, 320), np.uint8)).seen.max() == 0


def test_a_test_sample_is_taken_as_it_is() -> None:
    prepare, _ = prepare_for('digit_cnn')
    sample = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
    np.testing.assert_array_equal(prepare(sample).seen[..., 0], sample)


def test_a_photograph_of_a_digit_is_cut_out() -> None:
    prepare, _ = prepare_for('digit_cnn')
    page = np.full((240, 320, 3), 210, np.uint8)
    cv2.putText(page, '4', (200, 200), cv2.FONT_HERSHEY_SIMPLEX, 4, (40, 30, 60), 12)
    seen = prepare(page).seen
    assert seen.shape == (28, 28, 3)
    assert seen[[0, -1]].max() == 0
    assert seen[4:24, 4:24].max() > 200


def test_other_grey_networks_get_grey_pictures() -> None:
    found = find_checkpoint('digit_cnn')
    prepare = preparation_of('defined', found.preprocessing, ('T-shirt', 'trouser'))
    image = np.full((50, 50, 3), (10, 100, 200), np.uint8)
    expected = found.preprocessing([image[..., ::-1]])
    np.testing.assert_array_equal(prepare(image).batch, expected)
