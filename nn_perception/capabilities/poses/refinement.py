"""Look at each person again, closely: the joints from a crop of its own."""

from __future__ import annotations

from nn_perception.capabilities.poses.decoding import decode_single
from nn_perception.capabilities.poses.people import Floats, People
from nn_perception.core.imaging.letterbox import crop_square, to_batch
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.inference.loaded_model import LoadedModel
import numpy as np

# The square around a person's box and joints that were seen, larger than both by this.
MARGIN = 1.1
SEEN = 0.2
SMALLEST_SQUARE_PX = 16
# People in one run of the network: more at once only take more memory.
BATCH = 4


def refine(image_bgr: Image, people: People, model: LoadedModel) -> Floats:
    """
    Find people's joints anew, each in a square around the person.

    :param image_bgr: uint8, ``(H, W, 3)``, blue first
    :param people: in pixels of the image
    :param model: a network for one person in the middle of a picture
    :returns: keypoints in pixels of the image, float32, ``(P, 17, 3)``
    """
    keypoints = np.empty_like(people.keypoints)
    preprocessing = model.checkpoint.preprocessing
    squares = [
        crop_square(image_bgr, *_square(box, joints), preprocessing.size)
        for box, joints in zip(people.boxes, people.keypoints, strict=True)
    ]
    for start in range(0, len(squares), BATCH):
        group = squares[start : start + BATCH]
        batch = to_batch([square for square, _ in group], preprocessing)
        found = decode_single(model.outputs(batch))
        for index, (_, placement) in enumerate(group):
            found[index, :, :2] = placement.to_image(found[index, :, :2])
        keypoints[start : start + len(group)] = found
    return keypoints


def _square(box: Floats, joints: Floats) -> tuple[int, int, int]:
    """
    Choose the square to look at.

    :returns: left, top and side in whole pixels of the image
    """
    places = np.concatenate([box.reshape(2, 2), joints[joints[:, 2] >= SEEN, :2]])
    start, end = places.min(axis=0), places.max(axis=0)
    side = max(SMALLEST_SQUARE_PX, round(float((end - start).max()) * MARGIN))
    left, top = np.round((start + end - side) / 2).astype(int).tolist()
    return left, top, side
