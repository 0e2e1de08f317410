"""A model that is looked into in its own process, as the page does it."""

from __future__ import annotations

import cv2
from nn_perception.training.inspection.inspectable import LookRequest
from nn_perception.training.inspection.models import ModelInspectors
from nn_perception.training.inspection.process import ModelViewers
import numpy as np


def test_numbers_are_those_of_the_network_in_this_process() -> None:
    pad = np.zeros((240, 320), np.uint8)
    cv2.putText(pad, '3', (110, 190), cv2.FONT_HERSHEY_SIMPLEX, 6, 255, 18, cv2.LINE_AA)
    here = ModelViewers('digit_cnn').open()
    pool = ModelInspectors()
    try:
        there = pool.open('digit_cnn')
        layers = there.layers()
        assert layers == here.layers()
        request = LookRequest(pad, [layer.name for layer in layers], attention=True)
        found, expected = there.look(request), here.look(request)
        assert found.labels == expected.labels
        assert found.labels[0] == '3'
        np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5, atol=1e-7)
        np.testing.assert_array_equal(found.seen, expected.seen)
        assert found.attention is not None
        assert expected.attention is not None
        assert np.abs(found.attention.astype(int) - expected.attention).max() <= 1
        for one, other, layer in zip(found.maps, expected.maps, layers, strict=True):
            assert one.layer == layer.name
            assert one.values.shape == layer.shape
            assert np.abs(one.values.astype(int) - other.values).max() <= 1
        for name, element in (('blocks.1.conv', (5, 0, 13)), ('head', (3,))):
            assert there.region(name, element) == here.region(name, element)
            one_sum, other_sum = there.arithmetic(name, element), here.arithmetic(name, element)
            assert abs(one_sum.value - other_sum.value) < 1e-4
            assert abs(there.value(name, element) - one_sum.value) < 1e-4
            assert one_sum.rule == other_sum.rule
    finally:
        pool.close()
