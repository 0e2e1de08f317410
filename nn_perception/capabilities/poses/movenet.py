"""Find people with MoveNet: in the whole picture, and each of them again in a crop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from nn_perception.capabilities.poses.decoding import decode_people
from nn_perception.capabilities.poses.people import (
    Floats,
    non_maximum_suppression,
    People,
    together,
)
from nn_perception.capabilities.poses.refinement import refine
from nn_perception.core.imaging.letterbox import letterbox
from nn_perception.core.imaging.preprocessing import Image
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.run_options import RunOptions
import numpy as np

# What the middle of a person must reach to be looked at, and a person to be looked at closely.
LEAST_CENTER = 0.02
REFINE_FROM = 0.14
MOST_CANDIDATES = 30
# Wider than the graph's own: a raised hand is far from where it is expected.
SPREAD = 0.9
# Keypoint similarity from which on two are one person; less when it was found in pictures of
# different sizes.
SAME_PERSON = 0.8
SAME_CANDIDATE = 0.6


@dataclass(frozen=True)
class Preset:
    """
    A choice between speed and accuracy.

    :param finder: name of the network that finds people in whole pictures
    :param long_sides_px: sizes that it sees the picture in
    :param refiner: name of the network that looks at each of them; empty for none
    """

    finder: str
    long_sides_px: tuple[int, ...]
    refiner: str = ''


PRESETS = {
    'fast': Preset('movenet_multipose', (384,)),
    'accurate': Preset('movenet_multipose', (512,), 'movenet_thunder'),
}


class MoveNetFinder:
    """
    The networks of a preset.

    :ivar preset: its choice between speed and accuracy
    :ivar finder: finds people
    :ivar refiner: looks at each of them; None where the preset has none
    """

    def __init__(self, preset: Preset, finder: LoadedModel, refiner: LoadedModel | None) -> None:
        """Join networks; :meth:`open` finds them."""
        self.preset = preset
        self.finder = finder
        self.refiner = refiner

    @classmethod
    def open(cls, preset: Preset, options: RunOptions) -> MoveNetFinder:
        """Load the networks, see :meth:`LoadedModel.open`."""
        refiner = LoadedModel.open(preset.refiner, options) if preset.refiner else None
        return cls(preset, LoadedModel.open(preset.finder, options), refiner)

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """Its networks, in the order in which they are run."""
        return (self.finder,) if self.refiner is None else (self.finder, self.refiner)

    def find(self, images_bgr: Sequence[Image], most: int) -> list[People]:
        """
        Find the people in each of some images; those of one shape go through in one batch.

        :param images_bgr: uint8, ``(H, W, 3)`` each, blue first
        :param most: how many of an image to look at closely
        :returns: of each image the people in its pixels, best first
        :raises RuntimeError: if a network cannot be run
        """
        in_sizes = [self._find_in_size(images_bgr, side) for side in self.preset.long_sides_px]
        return [
            self._refined(image, together(people), most)
            for image, *people in zip(images_bgr, *in_sizes, strict=True)
        ]

    def _refined(self, image_bgr: Image, people: People, most: int) -> People:
        """Look closely at the people of an image, score them, and tell them apart."""
        if self.refiner is not None:
            people = non_maximum_suppression(people, SAME_CANDIDATE)
            people = people.chosen(scores_of(people) >= REFINE_FROM).first(most)
            keypoints = refine(image_bgr, people, self.refiner)
            people = people._replace(keypoints=keypoints)
        people = people._replace(scores=scores_of(people))
        return non_maximum_suppression(people, SAME_PERSON)

    def _find_in_size(self, images_bgr: Sequence[Image], long_side: int) -> list[People]:
        """Find the people of each image seen in one size; they are in pixels of the image."""
        how = self.finder.checkpoint.preprocessing
        pictures = [letterbox(image, long_side, how) for image in images_bgr]
        found: list[People] = []
        for _, alike in groupby(pictures, key=lambda picture: picture[0].shape):
            batches, placements = zip(*alike, strict=True)
            batch = batches[0] if len(batches) == 1 else np.concatenate(batches)
            outputs = self.finder.outputs(batch)
            for index, placement in enumerate(placements):
                maps = [output[index] for output in outputs]
                people = decode_people(
                    maps, most=MOST_CANDIDATES, least_center=LEAST_CENTER, spread=SPREAD
                )
                found.append(people.in_image(placement))
        return found


def scores_of(people: People) -> Floats:
    """
    Score people by how sure the finder is of each, and by how much of it is seen.

    Of these the geometric mean; the first alone is high for a coat on a hook as well, the second
    for a piece of the person beside.

    :param people: with the scores of the finder, which are products of two
    :returns: ``(P,)``, in ``[0, 1]``
    """
    seen = people.keypoints[..., 2].mean(axis=1)
    return np.asarray(np.sqrt(np.sqrt(people.scores) * seen), np.float32)
