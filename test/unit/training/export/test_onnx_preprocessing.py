"""The preprocessing as nodes of ONNX computes what the package computes."""

from __future__ import annotations

from collections.abc import Callable

from bare_session import bare_session
from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.training.export.onnx_file import OPSET
from nn_perception.training.export.onnx_graph import GraphBuilder
from nn_perception.training.export.onnx_preprocessing import add_preprocessing
import numpy as np
from onnx import checker, helper, TensorProto
import pytest

COLOUR = ((123.0, 117.0, 104.0), (58.0, 57.0, 56.0))
GREY = ((33.0,), (78.0,))


def graph_of(preprocessing: Preprocessing) -> Callable[[np.ndarray], np.ndarray]:
    builder = GraphBuilder('preprocessing')
    add_preprocessing(builder, preprocessing, 'images', 'batch')
    graph = helper.make_graph(
        builder.nodes,
        'preprocessing',
        [helper.make_tensor_value_info('images', TensorProto.UINT8, ['N', 'H', 'W', 3])],
        [helper.make_tensor_value_info('batch', TensorProto.FLOAT, ['N', None, None, None])],
        builder.constants,
    )
    opsets = [helper.make_opsetid('', OPSET)]
    content = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    checker.check_model(content, full_check=True)
    session = bare_session(content)
    return lambda images: session.run(None, {'images': images})[0]


@pytest.mark.parametrize(
    'preprocessing',
    [
        Preprocessing(24, 0.875, 'cubic', *COLOUR),
        Preprocessing(24, 1.0, 'linear', *COLOUR, stretch=True),
        Preprocessing(31, 0.7, 'linear', *COLOUR, stretch=True),
        Preprocessing(28, 1.0, 'linear', *GREY),
        Preprocessing(1, 0.5, 'cubic', *GREY),
    ],
    ids=['crop', 'stretch', 'crop and stretch', 'grey', 'one pixel'],
)
def test_it_is_that_of_the_package(preprocessing: Preprocessing) -> None:
    run = graph_of(preprocessing)
    random = np.random.default_rng(0)
    sizes = [(48, 48), (24, 24), (1, 1), (1, 300), (301, 2), (23, 25), (480, 640), (37, 101)]
    sizes += [tuple(random.integers(1, 120, 2)) for _ in range(40)]
    for height, width in sizes:
        images = random.integers(0, 256, (2, height, width, 3), np.uint8)
        expected = preprocessing([np.ascontiguousarray(image[..., ::-1]) for image in images])
        np.testing.assert_allclose(run(images), expected, atol=1e-3, err_msg=f'{width} x {height}')
