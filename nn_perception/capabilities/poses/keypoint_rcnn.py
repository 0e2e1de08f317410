"""Find people with torchvision's Keypoint R-CNN, for those with a GPU and a network connection."""

from __future__ import annotations

from collections.abc import Sequence

from nn_perception.capabilities.poses.decoding import sigmoid
from nn_perception.capabilities.poses.people import People
from nn_perception.core.imaging.letterbox import to_batch
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.inference.loaded_model import Stage
import numpy as np

KEYPOINT_RCNN = 'keypointrcnn_resnet50_fpn'


class RcnnFinder:
    """
    Keypoint R-CNN.

    :ivar stage: the network
    """

    def __init__(self, stage: Stage) -> None:
        """Take a network; :meth:`open` finds it."""
        self.stage = stage

    @classmethod
    def open(cls, *, engine: str, device: str, threads: int) -> RcnnFinder:
        """
        Load the network, see :meth:`Stage.open`; it is downloaded the first time.

        :raises ValueError: if the engine is not one that can run it
        """
        if engine == 'onnxruntime':
            raise ValueError(f'{KEYPOINT_RCNN} is run by the engine torch only, not {engine}')
        return cls(Stage.open(KEYPOINT_RCNN, engine='torch', device=device, threads=threads))

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The one network."""
        return (self.stage,)

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
        batch = to_batch([image_bgr], self.stage.checkpoint.preprocessing)
        boxes, scores, joints, logits = (out[0] for out in self.stage.engine.outputs(batch))
        seen = sigmoid(logits)
        keypoints = np.concatenate([joints[..., :2], seen[..., None]], axis=2)
        people = People(keypoints, boxes, scores * seen.mean(axis=1))
        return people.chosen(np.argsort(-people.scores, kind='stable')).first(most)
