"""
The preprocessing of a checkpoint as nodes of ONNX.

The operator Resize cannot average areas as
:class:`nn_perception.core.imaging.preprocessing.Preprocessing` does; its antialiasing weighs
neighbours differently. But averaging areas is linear in the rows and in the columns, so it is two
products with matrices, which are computed from the size of the image.
"""

from __future__ import annotations

from nn_perception.core.imaging.preprocessing import Preprocessing
from nn_perception.training.export.onnx_graph import GraphBuilder
import numpy as np
from onnx import TensorProto

# Luma as in ITU-R BT.601, of red, green and blue.
LUMA = (0.299, 0.587, 0.114)
# That of OpenCV.
CUBIC_COEFFICIENT = -0.75


def add_preprocessing(
    graph: GraphBuilder, preprocessing: Preprocessing, images: str, batch: str
) -> None:
    """
    Add the nodes that turn images into the input of a network.

    :param images: name of the input, uint8, ``(N, H, W, 3)``, red first
    :param batch: name of the output, float32, ``(N, C, size, size)``
    """
    part, height, width = _cropped(graph, preprocessing, images)
    planes = _shrunk(graph, preprocessing.size, part, height, width)
    planes = _enlarged(graph, preprocessing, planes)
    if preprocessing.channels == 1:
        luma = graph.constant(np.array(LUMA, np.float32).reshape(1, 3, 1, 1))
        weighted = graph.node('Mul', planes, luma)
        planes = graph.node('ReduceSum', weighted, graph.constant([1]), keepdims=1)
    mean, std = (np.array(v).reshape(1, -1, 1, 1) for v in (preprocessing.mean, preprocessing.std))
    scaled = graph.node('Mul', planes, graph.constant((1.0 / std).astype(np.float32)))
    graph.node('Add', scaled, graph.constant((-mean / std).astype(np.float32)), output=batch)


def _cropped(
    graph: GraphBuilder, preprocessing: Preprocessing, images: str
) -> tuple[str, str, str]:
    """Crop the centre, see :meth:`Preprocessing.crop_box`; also return its height and width."""
    sides = graph.node('Shape', images, start=1, end=3)  # (height, width)
    used = sides
    if not preprocessing.stretch:
        used = graph.node('ReduceMin', sides, graph.constant([0]), keepdims=1)
    # As Python does: in double precision, with halves rounded to the even number.
    exact = graph.node(
        'Mul',
        graph.cast(used, TensorProto.DOUBLE),
        graph.scalar(preprocessing.crop, TensorProto.DOUBLE),
    )
    whole = graph.cast(graph.node('Round', exact), TensorProto.INT64)
    whole = graph.node('Max', whole, graph.constant([1, 1]))  # (2,), also of a single side
    start = graph.node('Div', graph.node('Sub', sides, whole), graph.constant([2]))
    end = graph.node('Add', start, whole)
    part = graph.node('Slice', images, start, end, graph.constant([1, 2]))
    height, width = (
        graph.node('Gather', whole, graph.constant(np.array(at, np.int64))) for at in (0, 1)
    )
    return graph.cast(part, TensorProto.FLOAT), height, width


def _shrunk(graph: GraphBuilder, size: int, part: str, height: str, width: str) -> str:
    """
    Average areas so that no side has more pixels than the network's input.

    :param part: float32, ``(N, height, width, 3)``
    :returns: float32, ``(N, 3, min(height, size), min(width, size))``
    """
    rows = graph.node('Reshape', part, graph.constant([0, 0, -1]))
    rows = graph.node('MatMul', _areas(graph, size, height), rows)
    pixels = graph.node('Reshape', rows, graph.constant([0, 0, -1, 3]))
    planes = graph.node('Transpose', pixels, perm=[0, 3, 1, 2])
    columns = graph.node('Transpose', _areas(graph, size, width), perm=[1, 0])
    return graph.node('MatMul', planes, columns)


def _areas(graph: GraphBuilder, size: int, length: str) -> str:
    """
    Compute which share of each new pixel each old one has, along one axis.

    :param length: number of old pixels, int64
    :returns: float32, ``(min(length, size), length)``; its rows sum to 1
    """
    limit = graph.constant(np.array(size, np.int64))
    count = graph.node('Min', length, limit)
    scale = graph.node(
        'Div', graph.cast(length, TensorProto.DOUBLE), graph.cast(count, TensorProto.DOUBLE)
    )
    one = graph.scalar(1.0, TensorProto.DOUBLE)
    new = graph.node('Unsqueeze', _range(graph, count), graph.constant([1]))  # (count, 1)
    old = _range(graph, length)  # (length,)
    begin = graph.node('Max', graph.node('Mul', new, scale), old)
    end = graph.node(
        'Min',
        graph.node('Mul', graph.node('Add', new, one), scale),
        graph.node('Add', old, one),
    )
    zero = graph.scalar(0.0, TensorProto.DOUBLE)
    overlap = graph.node('Max', graph.node('Sub', end, begin), zero)
    return graph.cast(graph.node('Div', overlap, scale), TensorProto.FLOAT)


def _range(graph: GraphBuilder, count: str) -> str:
    """Count from 0, in double precision."""
    zero, one = (graph.constant(np.array(value, np.int64)) for value in (0, 1))
    return graph.cast(graph.node('Range', zero, count, one), TensorProto.DOUBLE)


def _enlarged(graph: GraphBuilder, preprocessing: Preprocessing, planes: str) -> str:
    """Scale up to the size of the network's input, if a side is smaller."""
    shape = graph.node('Shape', planes, start=0, end=2)
    sizes = graph.node(
        'Concat', shape, graph.constant([preprocessing.size, preprocessing.size]), axis=0
    )
    enlarged = graph.node(
        'Resize',
        planes,
        '',
        '',
        sizes,
        mode=preprocessing.interpolation,  # has the names of ONNX
        cubic_coeff_a=CUBIC_COEFFICIENT,
        coordinate_transformation_mode='half_pixel',
    )
    return graph.node('Clip', enlarged, graph.scalar(0.0), graph.scalar(255.0))
