"""Values of layers in 8 bits, for pictures of them."""

from __future__ import annotations

import math

from nn_perception.core.inspection.records import Maps
import torch
from torch import Tensor

LEVELS = 255


def quantized(layer: str, values: Tensor) -> Maps:
    """
    Write values in 8 bits.

    :param layer: name of the layer
    :param values: of any shape; those that are no finite numbers become 0
    """
    values = values.detach()
    low, high = _finite_range(values)
    if high == low:
        flat = torch.zeros(values.shape, dtype=torch.uint8)
        return Maps(layer, flat.numpy(), low, high)
    # In float64 where the difference is no float32.
    wide = values.double() if math.isinf(_float32(high - low)) else values.float()
    scaled = (wide - low).mul_(LEVELS / (high - low)).add_(0.5)
    if not bool(torch.isfinite(scaled.sum())):
        scaled = torch.where(torch.isfinite(values), scaled, 0.0)
    bytes_ = scaled.clamp_(0, LEVELS).to(torch.uint8).contiguous()
    return Maps(layer, bytes_.cpu().numpy(), low, high)


def _finite_range(values: Tensor) -> tuple[float, float]:
    """Return the smallest and the largest finite value; 0 if there are none."""
    if values.numel() == 0:
        return 0.0, 0.0
    low, high = (float(one) for one in values.aminmax())
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    finite = values[torch.isfinite(values)]
    if finite.numel() == 0:
        return 0.0, 0.0
    low, high = (float(one) for one in finite.aminmax())
    return low, high


def _float32(value: float) -> float:
    return float(torch.tensor(value, dtype=torch.float64).float())
