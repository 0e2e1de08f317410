"""The requests about the layers of a run: statistics and maps of its tensors, and looks."""

from __future__ import annotations

from collections.abc import Iterator

from nn_perception.core.inspection.gradients import gradients_of
from nn_perception.core.inspection.quantization import quantized
from nn_perception.core.inspection.statistics import statistics_of
from nn_perception.core.inspection.traced_network import TracedNetwork
from nn_perception.training.inspection.methods import text_of
from nn_perception.training.inspection.server import Method
from nn_perception.training.inspection.wire import Message
from nn_perception.training.runs.data.samples import RunData
from nn_perception.training.runs.learning.learner import LastBatch
from nn_perception.training.runs.plain_records import to_message
from nn_perception.training.runs.predictions import check_index
from nn_perception.training.runs.process.training import Training
from nn_perception.training.runs.records import (
    ACTIVATIONS,
    GRADIENTS,
    LayerStatistics,
    WEIGHT_GRADIENTS,
    WEIGHTS,
)
import torch
from torch import nn, Tensor

TENSORS = (ACTIVATIONS, GRADIENTS, WEIGHTS, WEIGHT_GRADIENTS)
WEIGHT = 'weight'


class LayerMethods:
    """
    The requests about the layers of a run.

    Activations and their gradients are computed with the weights of now, as in inference;
    gradients of weights are those of the last step.
    """

    def __init__(self, training: Training, data: RunData) -> None:
        self._training = training
        self._data = data
        self._traced: dict[int, TracedNetwork] = {}
        self._generation = -1

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {'statistics': self._statistics, 'maps': self._maps}

    def traced(self, network: nn.Module) -> TracedNetwork:
        """Return the layers of a network of the learner, which a reset replaces."""
        if self._generation != self._training.generation:
            self._generation = self._training.generation
            self._traced.clear()
        if id(network) not in self._traced:
            example = self._training.learner.inputs(self._data.test.images[:1])
            self._traced[id(network)] = TracedNetwork(network, example)
        return self._traced[id(network)]

    def _statistics(self, _: Message) -> Message:
        learner = self._training.learner
        traced, batch = self.traced(learner.trained), learner.last_batch()
        _ensure_gradients(learner.trained, batch)
        values, gradients = _values_and_gradients(traced, batch)
        found = []
        for layer in traced.layers:
            tensors = {ACTIVATIONS: values[layer.name]}
            if layer.name in gradients:
                tensors[GRADIENTS] = gradients[layer.name]
            for name, weight in _weights(traced, layer.name):
                tensors[name] = weight
                assert weight.grad is not None
                tensors[f'{name}.grad'] = weight.grad
            statistics = {name: statistics_of(tensor) for name, tensor in tensors.items()}
            found.append(LayerStatistics(layer.name, statistics))
        return to_message(found)

    def _maps(self, request: Message) -> Message:
        layer, tensor = text_of(request.values, 'layer'), text_of(request.values, 'tensor')
        if tensor not in TENSORS:
            raise ValueError(f'The maps of a layer are {", ".join(TENSORS)}.')
        learner = self._training.learner
        if tensor in (WEIGHTS, WEIGHT_GRADIENTS):
            return to_message(quantized(layer, self._weight(layer, tensor)))
        index = request.values.get('test_index')
        if type(index) is not int:
            raise ValueError('test_index must be a whole number.')
        check_index(index, len(self._data.test))
        inputs = learner.inputs(self._data.test.images[index : index + 1])
        traced = self.traced(learner.network)
        if tensor == ACTIVATIONS:
            return to_message(quantized(layer, traced.run(inputs, [layer])[layer][0]))
        truth = torch.from_numpy(self._data.test.labels[index : index + 1])
        return to_message(quantized(layer, gradients_of(traced, inputs, truth, [layer])[layer][0]))

    def _weight(self, layer: str, tensor: str) -> Tensor:
        learner = self._training.learner
        traced = self.traced(learner.trained)
        weight = dict(_weights(traced, traced.layer(layer).name)).get(WEIGHT)
        if weight is None:
            raise ValueError(f'The layer {layer} has no weights.')
        if tensor == WEIGHTS:
            return weight
        _ensure_gradients(learner.trained, learner.last_batch())
        assert weight.grad is not None
        return weight.grad


def _weights(traced: TracedNetwork, layer: str) -> Iterator[tuple[str, nn.Parameter]]:
    operation = traced.operations.get(layer)
    if operation is not None and operation.module is not None:
        yield from operation.module.named_parameters()


def _values_and_gradients(
    traced: TracedNetwork, batch: LastBatch
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the values of all layers, and the gradients of the loss with respect to them."""
    names = [layer.name for layer in traced.layers]
    values = traced.run(batch.inputs, names, differentiable_from=names[0])
    with torch.enable_grad():
        loss = batch.loss(values[traced.logits].float(), batch.labels)
    # The probabilities come after the logits, from which the loss is computed.
    inner = [name for name in names if name != traced.probabilities]
    found = torch.autograd.grad(loss, [values[name] for name in inner], allow_unused=True)
    gradients = {
        name: torch.zeros_like(values[name]) if gradient is None else gradient
        for name, gradient in zip(inner, found, strict=True)
    }
    return values, gradients


def _ensure_gradients(network: nn.Module, batch: LastBatch) -> None:
    """Compute the gradients of the weights where no step has been done, as a step would."""
    parameters = list(network.parameters())
    if all(parameter.grad is not None for parameter in parameters):
        return
    buffers = {name: values.clone() for name, values in network.named_buffers()}
    network.train()
    torch.manual_seed(batch.seed)
    loss = batch.loss(network(batch.inputs), batch.labels)
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.zeros_like(parameter) if gradient is None else gradient
    with torch.no_grad():
        for name, values in network.named_buffers():
            values.copy_(buffers[name])
