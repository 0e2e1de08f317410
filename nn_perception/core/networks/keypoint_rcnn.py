"""
Keypoint R-CNN of torchvision, as a module whose outputs are tensors.

He et al., "Mask R-CNN" (2017), with a ResNet-50 and a feature pyramid.
"""

from __future__ import annotations

import torch
from torch import nn, Tensor
import torchvision  # type: ignore[import-untyped, unused-ignore]

PERSON_AND_BACKGROUND = 2


class KeypointRcnn(nn.Module):
    """Detects people and 17 keypoints of each in one image of any size."""

    output_names = ('boxes', 'scores', 'keypoints', 'keypoint_scores')
    # Half precision is too coarse for the boxes of large images.
    needs_float32 = True

    def __init__(self) -> None:
        super().__init__()
        detection = torchvision.models.detection
        backbone = detection.backbone_utils.resnet_fpn_backbone(
            backbone_name='resnet50', weights=None, trainable_layers=0
        )
        self.detector: nn.Module = detection.KeypointRCNN(backbone, PERSON_AND_BACKGROUND)
        for module in self.modules():
            if isinstance(module, torchvision.ops.FrozenBatchNorm2d):
                module.eps = 0.0  # as the published weights were trained

    def forward(self, batch: Tensor) -> tuple[Tensor, ...]:
        """
        Detect the people in an image.

        :param batch: RGB from 0 to 1, ``(1, 3, H, W)``
        :returns: for each of P people: left, top, right and bottom in pixels, ``(1, P, 4)``;
            score, ``(1, P)``; x, y and 1 for each keypoint, ``(1, P, 17, 3)``; the logits of the
            keypoints, ``(1, P, 17)``
        :raises RuntimeError: if the batch holds more than one image
        """
        if len(batch) != 1:
            raise RuntimeError(f'expected one image, got {len(batch)}')
        with torch.no_grad():
            (found,) = self.detector(list(batch))
        names = ('boxes', 'scores', 'keypoints', 'keypoints_scores')
        return tuple(found[name][None] for name in names)
