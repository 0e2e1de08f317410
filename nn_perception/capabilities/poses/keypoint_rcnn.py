"""Find people with torchvision's Keypoint R-CNN, for those with a GPU and a network connection."""

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


class RcnnFinder:
    """
    Keypoint R-CNN.

    :ivar model: the network
    """

    def __init__(self, model: LoadedModel) -> None:
        """Take a network; :meth:`open` finds it."""
        self.model = model

    @classmethod
    def open(cls, options: RunOptions) -> RcnnFinder:
        """
        Load the network, see :meth:`LoadedModel.open`; it is downloaded the first time.

        :raises ValueError: if the engine is not one that can run it
        """
        if options.engine == 'onnxruntime':
            raise ValueError(
                f'{KEYPOINT_RCNN} is run by the engine torch only, not {options.engine}'
            )
        return cls(LoadedModel.open(KEYPOINT_RCNN, replace(options, engine='torch')))

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """The one network."""
        return (self.model,)

    def find(self, images_bgr: Sequence[Image], most: int) -> list[People]:
        """
        Find the people in each of some images, one after the other.

        :param images_bgr: uint8, ``(H, W, 3)`` each, blue first
        :param most: how many of an image at most
        :returns: of each image the people in its pixels, best first; the score is that of the box
            times the mean of the joints'
        :raises RuntimeError: if the network cannot be run
        """
        return [self._find(image, most) for image in images_bgr]

    def _find(self, image_bgr: Image, most: int) -> People:
        batch = to_batch([image_bgr], self.model.checkpoint.preprocessing)
        boxes, scores, joints, logits = (out[0] for out in self.model.outputs(batch))
        seen = sigmoid(logits)
        keypoints = np.concatenate([joints[..., :2], seen[..., None]], axis=2)
        people = People(keypoints, boxes, scores * seen.mean(axis=1))
        return people.chosen(np.argsort(-people.scores, kind='stable')).first(most)
