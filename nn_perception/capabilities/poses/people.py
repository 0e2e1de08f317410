"""People as arrays, while they are being found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nn_perception.capabilities.poses.skeleton import keypoint_similarity
from nn_perception.core.imaging.letterbox import Placement
from nn_perception.core.results import Box, Keypoint, Person
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# The part of its box that a body covers; only the scale of the similarity depends on it.
COVERED = 0.5
# Two are parts of one person from this similarity on, over the joints that both see: so many at
# least with this score.
PARTS_ALIKE = 0.65
LEAST_COMMON = 3
SEEN = 0.2


class People(NamedTuple):
    """
    People in pixels of an image, or of a network's input.

    The fields are float32: ``keypoints`` is ``(P, 17, 3)``, x, y and score; ``boxes`` is
    ``(P, 4)``, left, top, right and bottom; ``scores`` is ``(P,)``.
    """

    keypoints: Floats
    boxes: Floats
    scores: Floats

    def chosen(self, which: Sequence[int] | NDArray[np.intp] | NDArray[np.bool_]) -> People:
        """Keep some of them, in the order given."""
        index = np.asarray(which) if len(which) else np.zeros(0, np.intp)
        return People(*(values[index] for values in self))

    def first(self, most: int) -> People:
        """Keep the first ones."""
        return People(*(values[:most] for values in self))

    def in_image(self, placement: Placement) -> People:
        """Map people from a network's input to the image."""
        keypoints, boxes = self.keypoints.copy(), self.boxes
        keypoints[..., :2] = placement.to_image(keypoints[..., :2])
        corners = placement.to_image(boxes.reshape(-1, 2, 2))
        return People(keypoints, corners.reshape(-1, 4).astype(np.float32), self.scores)


def together(groups: Sequence[People]) -> People:
    """Join groups of people into one."""
    return People(*(np.concatenate(values) for values in zip(*groups, strict=True)))


def non_maximum_suppression(people: People, most_alike: float) -> People:
    """
    Make one of those that are one person found more than once.

    Who is like a better one goes. Somebody large is sometimes found as an upper and a lower half,
    which agree only on the joints that both see: such parts are joined, each joint from the part
    that sees it better.

    :param most_alike: keypoint similarity, weighted with the better one's scores, above which two
        are one
    :returns: best first
    """
    keypoints, boxes = people.keypoints.copy(), people.boxes.copy()
    kept: list[int] = []
    for index in np.argsort(-people.scores, kind='stable').tolist():
        own, others = keypoints[index], keypoints[kept]
        sizes = np.maximum(boxes[kept, 2:] - boxes[kept, :2], 1.0)
        areas = COVERED * sizes.prod(axis=1)
        both = np.minimum(own[:, 2], others[..., 2])  # (kept, 17)
        whole = keypoint_similarity(own[:, :2], others[..., :2], areas, others[..., 2])
        common = keypoint_similarity(own[:, :2], others[..., :2], areas, both)
        common[(both >= SEEN).sum(axis=1) < LEAST_COMMON] = 0.0
        if (whole > most_alike).any():
            continue
        if (common > PARTS_ALIKE).any():
            _join(keypoints, boxes, kept[int(common.argmax())], index)
            continue
        kept.append(index)
    return People(keypoints, boxes, people.scores).chosen(kept)


def _join(keypoints: Floats, boxes: Floats, better: int, other: int) -> None:
    """Put what another part sees better into the better part, in place."""
    which = keypoints[other, :, 2] > keypoints[better, :, 2]
    keypoints[better, which] = keypoints[other, which]
    boxes[better, :2] = np.minimum(boxes[better, :2], boxes[other, :2])
    boxes[better, 2:] = np.maximum(boxes[better, 2:], boxes[other, 2:])


def as_persons(people: People, width: int, height: int) -> list[Person]:
    """
    Make results of people.

    :param width: of the image; boxes end at its edges
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
            keypoints=tuple(Keypoint(*(float(value) for value in joint)) for joint in joints),
        )
        for joints, box, score in zip(people.keypoints, boxes, people.scores, strict=True)
    ]
