"""A tagger with its preprocessing, in the part of Python that TorchScript compiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nn_perception.capabilities.tagging.fine_tuned_head import FineTunedHead
from nn_perception.capabilities.tagging.out_of_distribution import NEIGHBOURS
from nn_perception.core.inference.checkpoint import Checkpoint
from nn_perception.training.export.onnx_preprocessing import LUMA
import numpy as np
import torch
from torch import nn, Tensor
from torch.nn import functional


class ScriptedTagger(nn.Module):
    """
    A classifier with its preprocessing, written in what TorchScript understands.

    :param checkpoint: its preprocessing
    :param network: traced; computes logits, or the embedding for the head
    :param head: classifies the embeddings of a fine-tuned model; None: the network does it
    """

    if TYPE_CHECKING:  # the compiler cannot read annotations that are text
        luma: Tensor
        factor: Tensor
        offset: Tensor
        weight: Tensor
        bias: Tensor
        references: Tensor

    def __init__(
        self, checkpoint: Checkpoint, network: nn.Module, head: FineTunedHead | None
    ) -> None:
        super().__init__()
        preprocessing = checkpoint.image_preprocessing
        self.network = network
        self.size: int = preprocessing.size
        self.crop: float = preprocessing.crop
        self.stretch: bool = preprocessing.stretch
        self.mode: str = 'bicubic' if preprocessing.interpolation == 'cubic' else 'bilinear'
        self.grey: bool = preprocessing.channels == 1
        self.register_buffer('luma', torch.tensor(LUMA).reshape(1, 3, 1, 1))
        std = torch.tensor(preprocessing.std, dtype=torch.float64).reshape(1, -1, 1, 1)
        mean = torch.tensor(preprocessing.mean, dtype=torch.float64).reshape(1, -1, 1, 1)
        self.register_buffer('factor', (1.0 / std).float())
        self.register_buffer('offset', (-mean / std).float())
        unknown = head.out_of_distribution if head else None
        self.has_head: bool = head is not None
        self.has_unknown: bool = unknown is not None
        empty = np.zeros((0, 0), np.float32)
        self.register_buffer('weight', torch.from_numpy(head.weight if head else empty))
        self.register_buffer('bias', torch.from_numpy(head.bias if head else empty))
        references = unknown.references if unknown else empty
        self.register_buffer('references', torch.from_numpy(references.copy()))
        self.threshold: float = unknown.threshold if unknown else 0.0
        self.scale: float = unknown.scale if unknown else 1.0
        self.nearest: int = min(NEIGHBOURS, len(references))

    def forward(self, images: Tensor) -> Tensor:
        """
        Compute the probabilities of the labels.

        :param images: uint8, ``(N, H, W, 3)``, red first
        :returns: float32, ``(N, L)``
        """
        outputs = self.network(self.preprocessed(images))
        if not self.has_head:
            return functional.softmax(outputs, dim=1)
        scores = functional.softmax(functional.linear(outputs, self.weight, self.bias), dim=1)
        if not self.has_unknown:
            return scores
        embedding = outputs[:, : self.references.shape[1]]
        unit = functional.normalize(embedding, dim=1)
        cosines = torch.topk(unit @ self.references.t(), self.nearest, dim=1)[0]
        distance = 1.0 - cosines.mean(1, keepdim=True)
        unknown = torch.sigmoid((distance - self.threshold) / self.scale)
        return torch.cat([(1.0 - unknown) * scores, unknown], 1)

    def preprocessed(self, images: Tensor) -> Tensor:
        """Compute the input of the network as the preprocessing of the checkpoint does."""
        height, width = images.shape[1], images.shape[2]
        rows = self.cropped(height if self.stretch else min(height, width))
        columns = self.cropped(width if self.stretch else min(height, width))
        top, left = (height - rows) // 2, (width - columns) // 2
        part = images[:, top : top + rows, left : left + columns].permute(0, 3, 1, 2).float()
        planes = self.areas(rows, part) @ part @ self.areas(columns, part).t()
        if planes.shape[2] != self.size or planes.shape[3] != self.size:
            size = [self.size, self.size]
            planes = functional.interpolate(planes, size, mode=self.mode, align_corners=False)
            planes = planes.clamp(0.0, 255.0)
        if self.grey:
            planes = (planes * self.luma).sum(1, keepdim=True)
        return planes * self.factor + self.offset

    def cropped(self, side: int) -> int:
        """Compute the side of the crop; halves are rounded to the even number."""
        return max(1, int(torch.round(torch.tensor(side * self.crop, dtype=torch.float64))))

    def areas(self, length: int, like: Tensor) -> Tensor:
        """
        Compute which share of each new pixel each old one has, along one axis.

        :returns: float32, ``(min(length, size), length)``, on the device of ``like``
        """
        count = min(length, self.size)
        scale = float(length) / float(count)
        new = torch.arange(count, device=like.device, dtype=torch.float64).unsqueeze(1)
        old = torch.arange(length, device=like.device, dtype=torch.float64)
        end = torch.minimum((new + 1.0) * scale, old + 1.0)
        overlap = (end - torch.maximum(new * scale, old)).clamp(min=0.0)
        return (overlap / scale).float()
