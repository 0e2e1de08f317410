"""Find people with MoveNet: in the whole picture, and each of them again in a crop."""

from __future__ import annotations

from dataclasses import dataclass

from nn_perception.vision.pose.decoding import decode_people
from nn_perception.vision.pose.letterbox import letterbox
from nn_perception.vision.pose.people import Floats, People, together, without_duplicates
from nn_perception.vision.pose.refining import refine
from nn_perception.vision.pose.stage import Stage
from nn_perception.vision.preprocess import Image
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

    def __init__(self, preset: Preset, finder: Stage, refiner: Stage | None) -> None:
        """Join networks; :meth:`open` finds them."""
        self.preset = preset
        self.finder = finder
        self.refiner = refiner

    @classmethod
    def open(cls, preset: Preset, *, engine: str, device: str, threads: int) -> MoveNetFinder:
        """Load the networks, see :meth:`Stage.open`."""
        finder = Stage.open(preset.finder, engine=engine, device=device, threads=threads)
        if not preset.refiner:
            return cls(preset, finder, None)
        refiner = Stage.open(preset.refiner, engine=engine, device=device, threads=threads)
        return cls(preset, finder, refiner)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Its networks, in the order in which they are run."""
        return (self.finder,) if self.refiner is None else (self.finder, self.refiner)

    def find(self, image_bgr: Image, most: int) -> People:
        """
        Find the people in an image.

        :param image_bgr: uint8, ``(H, W, 3)``, blue first
        :param most: how many to look at closely
        :returns: best first, in pixels of the image
        :raises RuntimeError: if a network cannot be run
        """
        sides = self.preset.long_sides_px
        people = together([self._find_in_size(image_bgr, side) for side in sides])
        if self.refiner is not None:
            people = without_duplicates(people, SAME_CANDIDATE)
            people = people.chosen(scores_of(people) >= REFINE_FROM).first(most)
            keypoints = refine(image_bgr, people, self.refiner.checkpoint, self.refiner.engine)
            people = people._replace(keypoints=keypoints)
        people = people._replace(scores=scores_of(people))
        return without_duplicates(people, SAME_PERSON)

    def _find_in_size(self, image_bgr: Image, long_side: int) -> People:
        """Find people in the picture seen in one size; they are in pixels of the image."""
        batch, placement = letterbox(image_bgr, long_side, self.finder.checkpoint.preprocessing)
        maps = [output[0] for output in self.finder.engine.outputs(batch)]
        people = decode_people(
            maps, most=MOST_CANDIDATES, least_center=LEAST_CENTER, spread=SPREAD
        )
        return people.in_image(placement)


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
