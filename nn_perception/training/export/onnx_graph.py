"""Build the nodes of an ONNX graph one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import helper, numpy_helper, TensorProto


class GraphBuilder:
    """
    Nodes and constants of a graph; each value is known by its name.

    :ivar nodes: in the order in which they run
    :ivar constants: the constants
    :param prefix: start of the names, so that they differ from those of other graphs
    """

    def __init__(self, prefix: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._prefix = prefix

    def constant(self, values: NDArray[Any] | Sequence[int]) -> str:
        """Add a constant; whole numbers are int64."""
        array = np.asarray(values)
        name = f'{self._prefix}_constant_{len(self.constants)}'
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, operator: str, *inputs: str, output: str = '', **attributes: Any) -> str:
        """
        Add a node with one output.

        :param inputs: names of values; empty for an optional input that is not given
        :param output: name of the output; by default a new one
        :returns: the name of the output
        """
        output = output or f'{self._prefix}_{operator.lower()}_{len(self.nodes)}'
        self.nodes.append(helper.make_node(operator, list(inputs), [output], output, **attributes))
        return output

    def cast(self, value: str, kind: int) -> str:
        """Convert a value to a type, for example ``TensorProto.FLOAT``."""
        return self.node('Cast', value, to=kind)

    def top_values(self, value: str, count: int) -> str:
        """Keep the largest values along the last axis."""
        values = f'{self._prefix}_top_{len(self.nodes)}'
        node = helper.make_node(
            'TopK', [value, self.constant([count])], [values, f'{values}_at'], values
        )
        self.nodes.append(node)
        return values

    def scalar(self, value: float, kind: int = TensorProto.FLOAT) -> str:
        """Add a constant number."""
        return self.constant(np.array(value, helper.tensor_dtype_to_np_dtype(kind)))
