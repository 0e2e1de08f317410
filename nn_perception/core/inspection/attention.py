"""
Class activation maps: where a classifier looked.

Where the head is linear and gets averages over the picture, the map is exact: its mean, plus the
bias, is the logit (Zhou et al., "Learning Deep Features for Discriminative Localization", 2016).
Elsewhere it is Grad-CAM (Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization", 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.core.inspection.operations import SAME_VALUES
from nn_perception.core.inspection.traced_network import TracedNetwork
import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor
from torch.nn import functional

LEVELS = 255


@dataclass(frozen=True)
class AttentionSource:
    """
    What a class activation map is computed from.

    :param layer: name of the layer whose maps are weighted, ``(C, H, W)``
    :param weights: of each label and channel, ``(L, C)``; None: by Grad-CAM
    """

    layer: str
    weights: Tensor | None


def attention_source(traced: TracedNetwork) -> AttentionSource | None:
    """Find what the map is computed from; None if there are no maps, or it does not classify."""
    if not traced.probabilities:
        return None
    found = _averaged(traced)
    if found is not None:
        return found
    name, known = traced.logits, True
    while inputs := traced.layer(name).inputs:
        averages = traced.operations[name].averages_picture
        # What else moves axes, so that the last two need not be rows and columns before it.
        known = averages or (known and traced.layer(name).kind != 'other')
        name = inputs[0]
        layer = traced.layer(name)
        certain = known and (averages or layer.kind != 'other')
        if certain and _is_map(traced, name) and layer.inputs:
            return AttentionSource(name, None)
    return None


def attention_of(source: AttentionSource, maps: Tensor, logits: Tensor, label: int) -> Tensor:
    """
    Compute the class activation map of one input.

    :param maps: of the source's layer, ``(1, C, H, W)``; without weights, a leaf of the graph
    :param logits: ``(1, L)``
    :returns: ``(H, W)``, also below 0, where something speaks against the label
    """
    if source.weights is not None:
        weights = source.weights[label]
    else:
        (gradient,) = torch.autograd.grad(logits[0, label], [maps])
        weights = gradient[0].mean((1, 2))
    return torch.einsum('c,chw->hw', weights, maps.detach()[0])


def as_picture(attention: Tensor, height: int, width: int) -> NDArray[np.uint8]:
    """
    Scale a map up to a picture; what speaks against the label is 0, the largest value 255.

    :param attention: ``(H, W)``
    """
    positive = torch.nan_to_num(attention.detach().float(), 0.0, 0.0, 0.0).clamp_min(0.0)
    large = functional.interpolate(
        positive[None, None], (height, width), mode='bilinear', align_corners=False
    )[0, 0]
    largest = float(large.max())
    if largest > 0.0:
        large = large / largest
    picture: NDArray[np.uint8] = (large * LEVELS).round().to(torch.uint8).numpy()
    return picture


def _averaged(traced: TracedNetwork) -> AttentionSource | None:
    """Find the average over the picture before a linear head, or before the output itself."""
    name, weights = traced.logits, None
    module = traced.operations[name].module
    if isinstance(module, nn.Linear):
        weights = module.weight.detach()
        (name,) = traced.layer(name).inputs
    while traced.layer(name).kind in (*SAME_VALUES, 'slice'):
        (name,) = traced.layer(name).inputs
    operation = traced.operations.get(name)
    if operation is None or not operation.averages_picture:
        return None
    (source,) = traced.layer(name).inputs
    channels = traced.layer(source).shape[0]
    if not _is_map(traced, source) or (weights is not None and weights.shape[1] != channels):
        return None
    return AttentionSource(source, torch.eye(channels) if weights is None else weights)


def _is_map(traced: TracedNetwork, name: str) -> bool:
    shape = traced.layer(name).shape
    return len(shape) == 3 and shape[1] * shape[2] > 1
