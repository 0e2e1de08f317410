"""Augmentation of digits: pens, paper, cameras and imprecise cropping."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """
    Strength of the augmentation; each amount is drawn for every image.

    :param rotation_deg: maximum rotation
    :param shear: maximum horizontal shear
    :param scale: each axis is scaled by a factor of 1 - scale to 1 + scale
    :param shift_px: maximum shift
    :param elastic_px: maximum standard deviation of the elastic distortion
    :param paper: share of the images that also get another stroke width, blur, contrast and
        grain, and pieces of lines and neighbours
    """

    rotation_deg: float
    shear: float
    scale: float
    shift_px: float
    elastic_px: float
    paper: float


# Handwriting already varies by itself; print and clutter do not.
MILD = Augmentation(
    rotation_deg=10.0, shear=0.15, scale=0.12, shift_px=1.5, elastic_px=1.0, paper=0.2
)
SLIGHT = Augmentation(
    rotation_deg=8.0, shear=0.1, scale=0.08, shift_px=1.0, elastic_px=0.6, paper=0.1
)
STRONG = Augmentation(
    rotation_deg=13.0, shear=0.25, scale=0.15, shift_px=2.0, elastic_px=0.8, paper=0.5
)


def augment(images: Tensor, how: Augmentation, generator: Generator) -> Tensor:
    """
    Augment a batch.

    :param images: float32, ``(N, 1, 28, 28)``, 0 (background) to 1 (ink)
    :param how: strength
    :returns: images of the same shape, type and range
    """
    images = _distorted(images, how, generator)
    chosen = torch.rand(len(images), generator=generator) < how.paper
    if chosen.any():
        images[chosen] = _on_paper(images[chosen], generator)
    return images


def _uniform(count: int, low: float, high: float, generator: Generator) -> Tensor:
    return torch.rand(count, generator=generator) * (high - low) + low


def _distorted(images: Tensor, how: Augmentation, generator: Generator) -> Tensor:
    """
    Rotate, shear, scale, shift and distort the images, with one interpolation.

    The elastic distortion displaces each pixel by smoothed noise (P. Simard et al., Best Practices
    for Convolutional Neural Networks, 2003).
    """
    count, _, height, width = images.shape
    angle = torch.deg2rad(_uniform(count, -how.rotation_deg, how.rotation_deg, generator))
    shear = _uniform(count, -how.shear, how.shear, generator)
    across, down = (_uniform(count, 1 - how.scale, 1 + how.scale, generator) for _ in range(2))
    shift = how.shift_px * 2.0 / width
    right, below = (_uniform(count, -shift, shift, generator) for _ in range(2))
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = torch.stack(
        [
            torch.stack([cos / across, (shear * cos - sin) / across, right], dim=1),
            torch.stack([sin / down, (shear * sin + cos) / down, below], dim=1),
        ],
        dim=1,
    )  # (N, 2, 3)
    grid = functional.affine_grid(rows, [count, 1, height, width], align_corners=False)
    coarse = torch.randn(count, 2, 5, 5, generator=generator)
    bend = functional.interpolate(coarse, (height, width), mode='bicubic', align_corners=True)
    amount = _uniform(count, 0.0, how.elastic_px * 2.0 / width, generator)
    grid = grid + (bend * amount[:, None, None, None]).permute(0, 2, 3, 1)
    return functional.grid_sample(images, grid, align_corners=False)


def _on_paper(images: Tensor, generator: Generator) -> Tensor:
    images = _pen_width(images, generator)
    images = _with_line_pieces(images, generator)
    images = _with_neighbour(images, generator)
    images = _blurred(images, generator)
    count = len(images)
    gain = _uniform(count, 0.55, 1.5, generator)[:, None, None, None]
    grain = torch.randn(images.shape, generator=generator)
    amount = _uniform(count, 0.0, 0.08, generator)[:, None, None, None]
    return (images * gain + grain * amount * (images > 0.02)).clamp(0.0, 1.0)


def _pen_width(images: Tensor, generator: Generator) -> Tensor:
    """Thicken or thin the strokes by up to a pixel on each side."""
    wide = functional.max_pool2d(images, 3, stride=1, padding=1)
    thin = -functional.max_pool2d(-images, 3, stride=1, padding=1)
    amount = _uniform(len(images), -0.7, 1.0, generator)[:, None, None, None]
    other = torch.where(amount > 0, wide, thin)
    return images + amount.abs() * (other - images)


def _blurred(images: Tensor, generator: Generator) -> Tensor:
    kernel = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
    soft = functional.conv2d(images, kernel.view(1, 1, 1, 5), padding=(0, 2))
    soft = functional.conv2d(soft, kernel.view(1, 1, 5, 1), padding=(2, 0))
    amount = (_uniform(len(images), -0.5, 1.0, generator).clamp(min=0.0))[:, None, None, None]
    return images + amount * (soft - images)


def _with_line_pieces(images: Tensor, generator: Generator) -> Tensor:
    """Draw a piece of a grid line near an edge of every fifth image."""
    count, _, height, width = images.shape
    along = torch.arange(width).view(1, 1, width)
    beside = torch.arange(height).view(1, height, 1)
    at = _uniform(count, 1.0, 6.0, generator)[:, None, None]
    at = torch.where(torch.rand(count, 1, 1, generator=generator) < 0.5, at, height - at)
    lean = _uniform(count, -0.08, 0.08, generator)[:, None, None]
    thickness = _uniform(count, 0.4, 1.3, generator)[:, None, None]
    start = _uniform(count, 0.0, width * 0.6, generator)[:, None, None]
    length = _uniform(count, width * 0.2, width * 0.9, generator)[:, None, None]
    line = (1.0 + thickness - (beside - at - lean * along).abs()).clamp(0.0, 1.0)
    line = line * ((along >= start) & (along < start + length))
    flipped = torch.rand(count, 1, 1, generator=generator) < 0.5
    line = torch.where(flipped, line.transpose(1, 2), line)
    drawn = torch.rand(count, 1, 1, generator=generator) < 0.2
    return torch.maximum(images, (line * drawn)[:, None])


def _with_neighbour(images: Tensor, generator: Generator) -> Tensor:
    """Let another digit intrude into every tenth image from one side."""
    count = len(images)
    others = images[torch.randperm(count, generator=generator)]
    away = int(torch.randint(19, 23, (1,), generator=generator))
    sides = [
        functional.pad(others, pad)[..., rows, columns]
        for pad, rows, columns in (
            ((away, 0, 0, 0), slice(None), slice(0, 28)),
            ((0, away, 0, 0), slice(None), slice(away, None)),
            ((0, 0, away, 0), slice(0, 28), slice(None)),
            ((0, 0, 0, away), slice(away, None), slice(None)),
        )
    ]
    side = torch.randint(0, 4, (count,), generator=generator)
    beside = torch.stack(sides)[side, torch.arange(count)]
    drawn = torch.rand(count, 1, 1, 1, generator=generator) < 0.1
    return torch.maximum(images, beside * drawn)
