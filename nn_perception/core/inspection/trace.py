"""
Trace the computation of a network into steps.

The trace is symbolic (:mod:`torch.fx`): functions count as modules do. Control flow that depends
on values cannot be traced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nn_perception.core.inspection.operations import (
    LEAVES,
    Operation,
    operation_of_function,
    operation_of_module,
)
from nn_perception.core.inspection.records import INPUT
import torch
from torch import fx, nn

# Attributes of tensors, and checks; they compute no values.
NO_VALUES = ('getattr', 'size', 'dim', '_assert')


@dataclass(frozen=True)
class Step:
    """
    A step of the computation.

    :param node: of the trace
    :param scope: qualified name of the module, or of the module whose code it is in; empty for
        the network's own code
    :param operation: None if it is none, as for the input and for weights
    """

    node: fx.Node
    scope: str
    operation: Operation | None

    @property
    def name(self) -> str:
        """Name of a layer for this step; that of another may be the same."""
        if self.node.op == 'call_module':
            return str(self.node.target)
        function = _name_of(self.node).strip('_')
        return f'{self.scope}.{function}' if self.scope else function

    @property
    def place(self) -> tuple[str, bool]:
        """Its scope, and whether it is a module; see :func:`.stages.stages_of`."""
        if self.node.op == 'placeholder':
            return INPUT, False
        return self.scope, self.node.op == 'call_module'


class _Tracer(fx.Tracer):
    """Records whose code each node is in."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes: dict[str, str] = {}
        self._stack = ['']

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, LEAVES) or super().is_leaf_module(m, module_qualified_name)

    def call_module(self, m: nn.Module, *arguments: Any, **named: Any) -> Any:
        self._stack.append(self.path_of_module(m))
        try:
            return super().call_module(m, *arguments, **named)
        finally:
            self._stack.pop()

    def create_node(self, *arguments: Any, **named: Any) -> fx.Node:
        node = super().create_node(*arguments, **named)
        self.scopes[node.name] = self._stack[-1]
        return node


def trace_steps(network: nn.Module, *, add_softmax: bool) -> tuple[Step, ...]:
    """
    Trace a network; its mode must be that of inference.

    :param add_softmax: whether a softmax of the output is added as a last step, unless there is
        one
    :raises ValueError: if its control flow depends on values
    """
    tracer = _Tracer()
    try:
        graph = tracer.trace(network)
    except (fx.proxy.TraceError, TypeError, RuntimeError, AttributeError, IndexError) as error:
        raise ValueError(
            f'{type(network).__name__} cannot be looked into: it decides from values what it '
            f'computes ({error})'
        ) from error
    modules = dict(network.named_modules())
    if add_softmax:
        _add_softmax(graph, modules)
    return tuple(
        Step(node, tracer.scopes.get(node.name, ''), _operation(node, modules))
        for node in graph.nodes
    )


def _add_softmax(graph: fx.Graph, modules: dict[str, nn.Module]) -> None:
    output = next(node for node in graph.nodes if node.op == 'output')
    logits = output.args[0]
    if isinstance(logits, fx.Node):
        last = _operation(logits, modules)
        if last is None or last.kind != 'softmax':
            with graph.inserting_before(output):
                graph.call_function(torch.softmax, (logits, 1))


def _operation(node: fx.Node, modules: dict[str, nn.Module]) -> Operation | None:
    if node.op == 'call_module':
        return operation_of_module(modules[str(node.target)])
    if node.op in ('call_function', 'call_method') and _name_of(node) not in NO_VALUES:
        return operation_of_function(_name_of(node), node.args[1:], node.kwargs)
    return None


def _name_of(node: fx.Node) -> str:
    """Name a function or a method."""
    return node.target if isinstance(node.target, str) else node.target.__name__
