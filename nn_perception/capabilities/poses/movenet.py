"""Detect people with MoveNet: in the whole image, and optionally each of them again in a crop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from nn_perception.capabilities.poses.decoding import decode_people
from nn_perception.capabilities.poses.people import (
    concatenate,
    Floats,
    non_maximum_suppression,
    People,
)
from nn_perception.capabilities.poses.refinement import refine
from nn_perception.core.imaging.letterbox import letterbox
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.run_options import RunOptions
import numpy as np

# Minimum score of a person's centre to be decoded, and of a person to be refined.
MIN_CENTRE_SCORE = 0.02
MIN_REFINED_SCORE = 0.14
MAX_CANDIDATES = 30
# Wider than in the published graph: a raised hand is far from its predicted place.
KEYPOINT_VARIANCE = 0.9
# Keypoint similarity above which two detections are one person; lower before the refinement.
DUPLICATE_SIMILARITY = 0.8
DUPLICATE_CANDIDATE_SIMILARITY = 0.6


@dataclass(frozen=True)
class Preset:
    """
    A trade-off between speed and accuracy.

    :param detector: name of the network that detects people in whole images
    :param long_sides_px: lengths of the longer side that images are scaled to for it
    :param refiner: name of the network that refines the keypoints of each person; empty: none
    """

    detector: str
    long_sides_px: tuple[int, ...]
    refiner: str = ''


PRESETS = {
    'fast': Preset('movenet_multipose', (384,)),
    'accurate': Preset('movenet_multipose', (512,), 'movenet_thunder'),
}


class MoveNetDetector:
    """
    Detects people with the networks of a preset.

    :ivar preset: the trade-off between speed and accuracy
    :ivar detector: detects people
    :ivar refiner: refines the keypoints of each person; None if the preset has none
    """

    def __init__(self, preset: Preset, detector: LoadedModel, refiner: LoadedModel | None) -> None:
        """Join networks; :meth:`open` finds them."""
        self.preset = preset
        self.detector = detector
        self.refiner = refiner

    @classmethod
    def open(cls, preset: Preset, options: RunOptions) -> MoveNetDetector:
        """Load the networks, see :meth:`LoadedModel.open`."""
        refiner = LoadedModel.open(preset.refiner, options) if preset.refiner else None
        return cls(preset, LoadedModel.open(preset.detector, options), refiner)

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """The networks, in the order in which they run."""
        return (self.detector,) if self.refiner is None else (self.detector, self.refiner)

    def detect(self, images_bgr: Sequence[Image], max_count: int) -> list[People]:
        """
        Detect the people in each image; images of one shape are run in one batch.

        :param images_bgr: uint8, ``(H, W, 3)`` each, blue first
        :param max_count: maximum number of people per image that are refined
        :returns: for each image the people in its pixels, best first
        :raises RuntimeError: if a network cannot be run
        """
        scales = [self._detect_at_scale(images_bgr, side) for side in self.preset.long_sides_px]
        return [
            self._refined(image, concatenate(people), max_count)
            for image, *people in zip(images_bgr, *scales, strict=True)
        ]

    def _refined(self, image_bgr: Image, people: People, max_count: int) -> People:
        """Refine the keypoints of an image's people, score them, and drop duplicates."""
        if self.refiner is not None:
            people = non_maximum_suppression(people, DUPLICATE_CANDIDATE_SIMILARITY)
            people = people.select(scores_of(people) >= MIN_REFINED_SCORE).first(max_count)
            keypoints = refine(image_bgr, people, self.refiner)
            people = people._replace(keypoints=keypoints)
        people = people._replace(scores=scores_of(people))
        return non_maximum_suppression(people, DUPLICATE_SIMILARITY)

    def _detect_at_scale(self, images_bgr: Sequence[Image], long_side: int) -> list[People]:
        """Detect the people of each image at one scale, in pixels of the image."""
        preprocessing = self.detector.checkpoint.image_preprocessing
        inputs = [letterbox(image, long_side, preprocessing) for image in images_bgr]
        found: list[People] = []
        for _, group in groupby(inputs, key=lambda pair: pair[0].shape):
            batches, placements = zip(*group, strict=True)
            batch = batches[0] if len(batches) == 1 else np.concatenate(batches)
            outputs = self.detector.outputs(batch)
            for index, placement in enumerate(placements):
                people = decode_people(
                    [output[index] for output in outputs],
                    max_count=MAX_CANDIDATES,
                    min_centre_score=MIN_CENTRE_SCORE,
                    variance=KEYPOINT_VARIANCE,
                )
                found.append(people.to_image(placement))
        return found


def scores_of(people: People) -> Floats:
    """
    Score people by the certainty of the detector and by how much of them is seen.

    The score is the geometric mean of both. The first alone is high for a coat on a hook as well,
    the second for a part of the next person.

    :param people: with the scores of the detector, which are products of two scores
    :returns: ``(P,)``, in ``[0, 1]``
    """
    seen = people.keypoints[..., 2].mean(axis=1)
    return np.asarray(np.sqrt(np.sqrt(people.scores) * seen), np.float32)
