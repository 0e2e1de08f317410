"""
Detect people with torchvision's Keypoint R-CNN.

torchvision downloads the weights; without a GPU it takes seconds per image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nn_perception.capabilities.poses.decoding import sigmoid
from nn_perception.capabilities.poses.people import People
from nn_perception.core.imaging.letterbox import to_batch
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.run_options import RunOptions
import numpy as np

KEYPOINT_RCNN = 'keypointrcnn_resnet50_fpn'


class KeypointRcnnDetector:
    """
    Detects people with Keypoint R-CNN.

    :ivar model: the network
    """

    def __init__(self, model: LoadedModel) -> None:
        """Wrap a network; :meth:`open` finds it."""
        self.model = model

    @classmethod
    def open(cls, options: RunOptions) -> KeypointRcnnDetector:
        """
        Load the network, see :meth:`LoadedModel.open`; downloads it the first time.

        :raises ValueError: if the engine cannot run it
        """
        if options.engine == 'onnxruntime':
            raise ValueError(f'{KEYPOINT_RCNN} needs the engine torch, got {options.engine}')
        return cls(LoadedModel.open(KEYPOINT_RCNN, replace(options, engine='torch')))

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """The network."""
        return (self.model,)

    def detect(self, images_bgr: Sequence[Image], max_count: int) -> list[People]:
        """
        Detect the people in each image, one image after the other.

        :param images_bgr: uint8, ``(H, W, 3)`` each, blue first
        :param max_count: maximum number of people per image
        :returns: for each image the people in its pixels, best first; the score is that of the box
            times the mean of the keypoints'
        :raises RuntimeError: if the network cannot be run
        """
        return [self._detect(image, max_count) for image in images_bgr]

    def _detect(self, image_bgr: Image, max_count: int) -> People:
        batch = to_batch([image_bgr], self.model.checkpoint.image_preprocessing)
        boxes, box_scores, points, logits = (out[0] for out in self.model.outputs(batch))
        scores = sigmoid(logits)
        keypoints = np.concatenate([points[..., :2], scores[..., None]], axis=2)
        people = People(keypoints, boxes, box_scores * scores.mean(axis=1))
        return people.select(np.argsort(-people.scores, kind='stable')).first(max_count)
