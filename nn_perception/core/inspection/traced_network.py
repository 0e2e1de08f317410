"""A network whose layers are known, and of which any can be computed and kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
import contextlib
from dataclasses import replace
from typing import Any

from nn_perception.core.inspection.operations import Operation, title_of
from nn_perception.core.inspection.records import INPUT, Layer
from nn_perception.core.inspection.stages import stages_of
from nn_perception.core.inspection.trace import Step, trace_steps
import torch
from torch import fx, nn, Tensor
from torch.fx.node import map_arg

PLACEHOLDER, OUTPUT = 'placeholder', 'output'
# Operations with exactly two inputs.
BINARY = ('add', 'subtract', 'multiply')
SCALES = {'alpha', 'out'}


class TracedNetwork:
    """
    A network whose layers are known.

    It may be used from several threads, unless its weights change meanwhile.

    :param network: not copied; its mode is kept, and computed is always as in inference
    :param example: an input, ``(1, ...)``
    :ivar layers: in the order in which they are computed; the first is the input
    :ivar operations: what each layer computes, all but the input
    :ivar outputs: names of the layers that the network returns
    :ivar probabilities: name of the layer that holds them; empty if the network does not classify
    :raises ValueError: if its control flow depends on values
    """

    def __init__(self, network: nn.Module, example: Tensor) -> None:
        self.network = network
        with inference_mode_of(network), torch.no_grad():
            made = network(example)
            classifies = isinstance(made, Tensor) and made.dim() == 2
            self._steps = trace_steps(network, add_softmax=classifies)
            self._modules = dict(network.named_modules())
            self._uses = _last_uses(self._steps)
            # Tensors that are no layers, as weights that the code uses by itself.
            self._others: set[str] = set()
            shapes = self._shapes(torch.cat([example, example]))
        self._layer_of = _layers_of(self._steps, shapes)
        self._node_of = {layer: node for node, layer in self._layer_of.items()}
        self.operations: dict[str, Operation] = {}
        self.layers = self._describe(shapes)
        self._by_name = {layer.name: layer for layer in self.layers}
        output = next(step.node for step in self._steps if step.node.op == OUTPUT)
        self.outputs = tuple(dict.fromkeys(self._inputs(output)))
        self.probabilities = self.layers[-1].name if classifies else ''

    @property
    def logits(self) -> str:
        """Name of the layer before the probabilities; empty if the network does not classify."""
        return self.layer(self.probabilities).inputs[0] if self.probabilities else ''

    def layer(self, name: str) -> Layer:
        """
        Return a layer.

        :raises ValueError: if there is none of this name
        """
        if name not in self._by_name:
            raise ValueError(f'There is no layer {name[:100]!r}.')
        return self._by_name[name]

    def follower(self, name: str) -> Layer | None:
        """Return the layer that alone gets the output of a layer; None if there is none."""
        found = [layer for layer in self.layers if name in layer.inputs]
        return found[0] if len(found) == 1 and found[0].inputs == (name,) else None

    def run(
        self, batch: Tensor, wanted: Collection[str], *, differentiable_from: str = ''
    ) -> dict[str, Tensor]:
        """
        Compute layers, and keep no others.

        :param batch: ``(N, ...)``
        :param wanted: names of layers
        :param differentiable_from: layer whose values are a leaf of the graph of gradients; empty:
            no gradients
        :returns: by name, ``(N, ...)``
        :raises ValueError: if there is no such layer
        """
        nodes = {self._node_of[self.layer(name).name]: name for name in wanted}
        leaf = self._node_of[self.layer(differentiable_from).name] if differentiable_from else ''
        kept: dict[str, Tensor] = {}
        if not nodes:
            return kept
        with inference_mode_of(self.network):
            for step, value in self._values(batch, leaf):
                if step.node.name in nodes:
                    kept[nodes.pop(step.node.name)] = value
                    if not nodes:
                        break
        return kept

    def _values(self, batch: Tensor, leaf: str = '') -> Iterator[tuple[Step, Any]]:
        """Compute step by step, and forget each value after its last use."""
        values: dict[str, Any] = {}
        with_gradients = False
        for step in self._steps:
            node = step.node
            if node.op == OUTPUT:
                return
            with torch.set_grad_enabled(with_gradients):
                value = batch if node.op == PLACEHOLDER else self._compute(step, values)
            if node.name == leaf:
                value = value.detach().requires_grad_()
                with_gradients = True
            values[node.name] = value
            yield step, value
            for name in self._uses[node.name]:
                del values[name]

    def _compute(self, step: Step, values: dict[str, Any]) -> Any:
        node = step.node
        arguments: Any = map_arg(node.args, lambda one: values[one.name])
        named: Any = map_arg(node.kwargs, lambda one: values[one.name])
        if step.operation is not None and step.operation.in_place:
            # Its input is a layer too, whose values must stay.
            arguments = (arguments[0].clone(), *arguments[1:])
        if node.op == 'call_module':
            return self._modules[str(node.target)](*arguments, **named)
        if node.op == 'call_function':
            return node.target(*arguments, **named)  # type: ignore[operator]
        if node.op == 'call_method':
            return getattr(arguments[0], str(node.target))(*arguments[1:], **named)
        return _attribute(self.network, str(node.target))

    def _shapes(self, batch: Tensor) -> dict[str, tuple[int, ...]]:
        """Return the shape of each tensor that comes from the input, without the batch."""
        shapes: dict[str, tuple[int, ...]] = {}
        dependent: set[str] = set()
        for step, value in self._values(batch):
            inputs = {one.name for one in step.node.all_input_nodes}
            if step.node.op != PLACEHOLDER and not inputs & dependent:
                if isinstance(value, Tensor):
                    self._others.add(step.node.name)
                continue
            dependent.add(step.node.name)
            if isinstance(value, Tensor) and value.shape[:1] == batch.shape[:1]:
                shapes[step.node.name] = tuple(value.shape[1:])
            elif isinstance(value, Tensor):
                self._others.add(step.node.name)
        return shapes

    def _inputs(self, node: fx.Node) -> list[str]:
        """Name the layers that a step gets its input from."""
        found: list[str] = []
        for one in node.all_input_nodes:
            layer = self._layer_of.get(one.name)
            found += [layer] if layer else self._inputs(one)
        return list(dict.fromkeys(found))

    def _describe(self, shapes: dict[str, tuple[int, ...]]) -> tuple[Layer, ...]:
        steps = [step for step in self._steps if step.node.name in self._layer_of]
        stages = stages_of([step.place for step in steps])
        layers = []
        for step, stage in zip(steps, stages, strict=True):
            name, shape = self._layer_of[step.node.name], shapes[step.node.name]
            if step.operation is None:
                layers.append(Layer(name, INPUT, (), shape, 0, INPUT, stage))
                continue
            inputs = tuple(self._inputs(step.node))
            operation = self._checked(step, step.operation, inputs)
            self.operations[name] = operation
            module = operation.module
            count = sum(one.numel() for one in module.parameters()) if module else 0
            title = title_of(operation, len(inputs))
            layers.append(Layer(name, operation.kind, inputs, shape, count, title, stage))
        return tuple(layers)

    def _checked(self, step: Step, operation: Operation, inputs: tuple[str, ...]) -> Operation:
        """Return the operation of a step; ``other`` if it gets more than layers."""
        more = any(one.name in self._others for one in step.node.all_input_nodes)
        binary = operation.kind in BINARY
        if more or (binary and (len(inputs) != 2 or set(operation.arguments) & SCALES)):
            return replace(operation, kind='other')
        return operation


@contextlib.contextmanager
def inference_mode_of(network: nn.Module) -> Iterator[None]:
    """Put all modules of a network into the mode of inference, and back afterwards."""
    training = [module for module in network.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _last_uses(steps: Sequence[Step]) -> dict[str, list[str]]:
    """List for each step the values that nobody needs after it."""
    uses: dict[str, list[str]] = {step.node.name: [] for step in steps}
    seen = set()
    for step in reversed(steps):
        for one in (step.node, *step.node.all_input_nodes):
            if one.name not in seen and step.node.op != OUTPUT:
                seen.add(one.name)
                uses[step.node.name].append(one.name)
    return uses


def _layers_of(steps: Sequence[Step], shapes: Collection[str]) -> dict[str, str]:
    """Name a layer for each step that is one."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for step in steps:
        is_input = step.node.op == PLACEHOLDER
        is_layer = step.operation is not None and step.operation.kind != 'identity'
        if step.node.name in shapes and (is_input or is_layer):
            wanted = INPUT if is_input else step.name
            name, number = wanted, 1
            while name in taken:
                number += 1
                name = f'{wanted}#{number}'
            taken.add(name)
            found[step.node.name] = name
    return found


def _attribute(network: nn.Module, path: str) -> Any:
    """Return a weight, or a buffer, that the code of the network uses by itself."""
    owner, _, name = path.rpartition('.')
    return getattr(network.get_submodule(owner), name)
