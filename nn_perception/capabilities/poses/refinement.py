"""Refine the keypoints of each person in a crop around the person."""

from __future__ import annotations

from nn_perception.capabilities.poses.decoding import decode_single
from nn_perception.capabilities.poses.people import Floats, People
from nn_perception.core.imaging.letterbox import crop_square, to_batch
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.inference.loaded_model import LoadedModel
import numpy as np

# The crop is larger by this factor than the person's box and keypoints of at least this score.
CROP_SCALE = 1.1
MIN_KEYPOINT_SCORE = 0.2
MIN_CROP_PX = 16
# Larger batches only take more memory.
BATCH_SIZE = 4


def refine(image_bgr: Image, people: People, model: LoadedModel) -> Floats:
    """
    Estimate the keypoints of people again, in a square crop around each of them.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    :param people: in pixels of the image
    :param model: a network for one person in the centre of an image
    :returns: keypoints in pixels of the image, float32, ``(P, 17, 3)``
    """
    keypoints = np.empty_like(people.keypoints)
    preprocessing = model.checkpoint.image_preprocessing
    crops = [
        crop_square(image_bgr, *_crop(box, points), preprocessing.size)
        for box, points in zip(people.boxes, people.keypoints, strict=True)
    ]
    for start in range(0, len(crops), BATCH_SIZE):
        group = crops[start : start + BATCH_SIZE]
        batch = to_batch([crop for crop, _ in group], preprocessing)
        found = decode_single(model.outputs(batch))
        for index, (_, placement) in enumerate(group):
            found[index, :, :2] = placement.to_image(found[index, :, :2])
        keypoints[start : start + len(group)] = found
    return keypoints


def _crop(box: Floats, keypoints: Floats) -> tuple[int, int, int]:
    """
    Choose the square around a person.

    :param box: left, top, right and bottom, ``(4,)``
    :param keypoints: x, y and score, ``(17, 3)``
    :returns: left, top and side in whole pixels of the image
    """
    seen = keypoints[keypoints[:, 2] >= MIN_KEYPOINT_SCORE, :2]
    corners = np.concatenate([box.reshape(2, 2), seen])
    start, end = corners.min(axis=0), corners.max(axis=0)
    side = max(MIN_CROP_PX, round(float((end - start).max()) * CROP_SCALE))
    left, top = np.round((start + end - side) / 2).astype(int).tolist()
    return left, top, side
