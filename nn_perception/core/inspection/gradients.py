"""Gradients of the loss with respect to the output of each layer."""

from __future__ import annotations

from collections.abc import Collection

from nn_perception.core.inspection.traced_network import TracedNetwork
import torch
from torch import Tensor
from torch.nn import functional


def gradients_of(
    traced: TracedNetwork, batch: Tensor, targets: Tensor, wanted: Collection[str]
) -> dict[str, Tensor]:
    """
    Compute gradients of the cross entropy, averaged over the batch, in the mode of inference.

    The gradients that the weights hold stay as they are.

    :param batch: ``(N, ...)``
    :param targets: indices of the labels, int64, ``(N,)``
    :param wanted: names of layers
    :returns: by name, of the shape of the layer's output; 0 for what does not change the loss
    :raises ValueError: if there is no such layer or label, or the network does not classify
    """
    if not traced.probabilities:
        raise ValueError('The network has no gradients here: it does not classify.')
    labels = traced.layer(traced.logits).shape[-1]
    if len(targets) != len(batch) or not bool(((targets >= 0) & (targets < labels)).all()):
        raise ValueError(f'A target is a number from 0 to {labels - 1}, one for each input.')
    first = traced.layers[0].name
    values = traced.run(
        batch, {*wanted, traced.logits, traced.probabilities}, differentiable_from=first
    )
    inner = [name for name in dict.fromkeys(wanted) if name != traced.probabilities]
    with torch.enable_grad():
        loss = functional.cross_entropy(values[traced.logits], targets)
        # The logits are differentiated in any case: autograd rejects an empty list.
        leaves = [values[name] for name in (*inner, traced.logits)]
        *found, _ = torch.autograd.grad(loss, leaves, allow_unused=True)
    result = {
        name: torch.zeros_like(values[name]) if gradient is None else gradient.detach()
        for name, gradient in zip(inner, found, strict=True)
    }
    if traced.probabilities in wanted:
        result[traced.probabilities] = _of_probabilities(values[traced.probabilities], targets)
    return result


def _of_probabilities(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Differentiate the mean of ``-log(probability of the target)``."""
    probabilities = probabilities.detach()
    result = torch.zeros_like(probabilities)
    rows = torch.arange(len(targets))
    result[rows, targets] = -1.0 / (probabilities[rows, targets] * len(targets))
    return result
