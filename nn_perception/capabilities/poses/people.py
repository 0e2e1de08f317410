"""People as arrays, while they are being detected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nn_perception.capabilities.poses.skeleton import keypoint_similarity
from nn_perception.core.imaging.letterbox import Placement
from nn_perception.core.results import Box, Keypoint, Person
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# The share of its box that a body covers; only the scale of the similarity depends on it.
BODY_SHARE = 0.5
# Two detections are parts of one person from this similarity on, measured over the keypoints that
# both see with this score; there must be at least so many of those.
PART_SIMILARITY = 0.65
MIN_COMMON_KEYPOINTS = 3
MIN_KEYPOINT_SCORE = 0.2


class People(NamedTuple):
    """
    People in pixels of an image, or of a network's input.

    :ivar keypoints: x, y and score, float32, ``(P, 17, 3)``
    :ivar boxes: left, top, right and bottom, float32, ``(P, 4)``
    :ivar scores: float32, ``(P,)``
    """

    keypoints: Floats
    boxes: Floats
    scores: Floats

    def select(self, which: Sequence[int] | NDArray[np.intp] | NDArray[np.bool_]) -> People:
        """Return some of them, in the order given."""
        index = np.asarray(which) if len(which) else np.zeros(0, np.intp)
        return People(*(values[index] for values in self))

    def first(self, max_count: int) -> People:
        """Return the first ones."""
        return People(*(values[:max_count] for values in self))

    def to_image(self, placement: Placement) -> People:
        """Map people from pixels of a network's input to those of the image."""
        keypoints, boxes = self.keypoints.copy(), self.boxes
        keypoints[..., :2] = placement.to_image(keypoints[..., :2])
        corners = placement.to_image(boxes.reshape(-1, 2, 2))
        return People(keypoints, corners.reshape(-1, 4).astype(np.float32), self.scores)


def concatenate(groups: Sequence[People]) -> People:
    """Concatenate groups of people."""
    return People(*(np.concatenate(values) for values in zip(*groups, strict=True)))


def non_maximum_suppression(people: People, max_similarity: float) -> People:
    """
    Drop people who were detected more than once, and merge the parts of one person.

    A large person is sometimes detected as an upper and a lower half, which agree only on the
    keypoints that both see. Such parts are merged; each keypoint comes from the part that sees it
    better.

    :param max_similarity: keypoint similarity to a better detection, weighted with its scores,
        above which a person is a duplicate
    :returns: best first
    """
    keypoints, boxes = people.keypoints.copy(), people.boxes.copy()
    kept: list[int] = []
    for index in np.argsort(-people.scores, kind='stable').tolist():
        own, others = keypoints[index], keypoints[kept]
        sizes = np.maximum(boxes[kept, 2:] - boxes[kept, :2], 1.0)
        areas = BODY_SHARE * sizes.prod(axis=1)
        both = np.minimum(own[:, 2], others[..., 2])  # (kept, 17)
        whole = keypoint_similarity(own[:, :2], others[..., :2], areas, others[..., 2])
        common = keypoint_similarity(own[:, :2], others[..., :2], areas, both)
        common[(both >= MIN_KEYPOINT_SCORE).sum(axis=1) < MIN_COMMON_KEYPOINTS] = 0.0
        if (whole > max_similarity).any():
            continue
        if (common > PART_SIMILARITY).any():
            _merge(keypoints, boxes, kept[int(common.argmax())], index)
            continue
        kept.append(index)
    return People(keypoints, boxes, people.scores).select(kept)


def _merge(keypoints: Floats, boxes: Floats, better: int, other: int) -> None:
    """Merge one part into a better one, in place."""
    which = keypoints[other, :, 2] > keypoints[better, :, 2]
    keypoints[better, which] = keypoints[other, which]
    boxes[better, :2] = np.minimum(boxes[better, :2], boxes[other, :2])
    boxes[better, 2:] = np.maximum(boxes[better, 2:], boxes[other, 2:])


def to_persons(people: People, width: int, height: int) -> list[Person]:
    """
    Convert people to results.

    :param people: in pixels of the image
    :param width: of the image, to which boxes are clipped
    :param height: of the image
    """
    limits = np.array((width, height, width, height), np.float32)
    boxes = np.clip(people.boxes, 0.0, limits)
    return [
        Person(
            score=float(score),
            bbox=Box(
                float(box[0]),
                float(box[1]),
                float(box[2] - box[0]),
                float(box[3] - box[1]),
            ),
            keypoints=tuple(Keypoint(*(float(value) for value in point)) for point in points),
        )
        for points, box, score in zip(people.keypoints, boxes, people.scores, strict=True)
    ]
