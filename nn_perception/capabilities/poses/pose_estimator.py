"""Find the people in whole images, with the joints of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nn_perception.capabilities.poses.defaults import POSE_MAX_PEOPLE, POSE_MIN_SCORE, POSE_PRESETS
from nn_perception.capabilities.poses.keypoint_rcnn import KEYPOINT_RCNN, RcnnFinder
from nn_perception.capabilities.poses.movenet import MoveNetFinder, PRESETS
from nn_perception.capabilities.poses.people import as_persons, People
from nn_perception.core.imaging.preprocessing import check_image, Image
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions
from nn_perception.core.results import Person

WARM_UP_PX = 256


class Finder(Protocol):
    """What finds people in an image."""

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """Its networks, in the order in which they are run."""
        ...

    def find(self, images_bgr: Sequence[Image], most: int) -> list[People]:
        """Find about so many people in each image, best first, in pixels of the image."""


class PoseEstimator:
    """
    Finds people and their joints.

    :ivar preset: name of the choice between speed and accuracy
    :ivar finder: its networks
    """

    def __init__(self, preset: str, finder: Finder) -> None:
        """Take networks; :meth:`open` finds them."""
        self.preset = preset
        self.finder = finder

    @property
    def title(self) -> str:
        """The preset, its networks, and which training their weights come from."""
        networks = (f'{s.checkpoint.network} {s.checkpoint.version}' for s in self.finder.models)
        return f'{self.preset} ({", ".join(networks)})'

    @property
    def device(self) -> str:
        """What runs the networks where, in one line."""
        return self.finder.models[0].description

    def warm_up(self) -> None:
        """
        Run each network once: the first run takes long, and no image should wait for it.

        :raises RuntimeError: if a network cannot be run
        """
        for model in self.finder.models:
            model.warm_up(WARM_UP_PX)

    @classmethod
    def open(
        cls, preset: str = 'fast', options: RunOptions = DEFAULT_RUN_OPTIONS
    ) -> PoseEstimator:
        """
        Load the networks of a preset.

        :param preset: ``fast``, ``accurate``, or ``keypointrcnn_resnet50_fpn``, which torchvision
            downloads the first time
        :param options: how the networks are run
        :raises OSError: if a file cannot be read or weights are unavailable
        :raises ValueError: if an argument or a checkpoint is not usable
        :raises RuntimeError: if a network cannot be loaded
        """
        finder: Finder
        if preset in PRESETS:
            finder = MoveNetFinder.open(PRESETS[preset], options)
        elif preset == KEYPOINT_RCNN:
            finder = RcnnFinder.open(options)
        else:
            raise ValueError(f'preset must be one of {", ".join(POSE_PRESETS)}, got {preset!r}')
        return cls(preset, finder)

    def estimate(
        self,
        image_bgr: Image,
        *,
        min_score: float = POSE_MIN_SCORE,
        max_people: int = POSE_MAX_PEOPLE,
    ) -> list[Person]:
        """
        Find the people in an image.

        :param image_bgr: uint8, ``(H, W, 3)``, blue first
        :param min_score: leave out people below this score, in ``[0, 1]``
        :param max_people: how many people at most, at least 1
        :returns: best first
        :raises ValueError: if the image has another shape or type, or no pixels, or an argument is
            out of range
        :raises RuntimeError: if a network cannot be run
        """
        return self.estimate_all([image_bgr], min_score=min_score, max_people=max_people)[0]

    def estimate_all(
        self,
        images_bgr: Sequence[Image],
        *,
        min_score: float = POSE_MIN_SCORE,
        max_people: int = POSE_MAX_PEOPLE,
    ) -> list[list[Person]]:
        """
        Find the people in several images, those of one shape in one batch; see :meth:`estimate`.

        :returns: those of each image
        """
        for image in images_bgr:
            check_image(image)
        if not 0.0 <= min_score <= 1.0:
            raise ValueError(f'min_score must be in [0, 1], got {min_score}')
        if max_people < 1:
            raise ValueError(f'max_people must be at least 1, got {max_people}')
        found = self.finder.find(images_bgr, max_people)
        chosen = [people.chosen(people.scores >= min_score).first(max_people) for people in found]
        return [
            as_persons(people, image.shape[1], image.shape[0])
            for people, image in zip(chosen, images_bgr, strict=True)
        ]

    def close(self) -> None:
        """Free the networks' memory."""
        for model in self.finder.models:
            model.close()
