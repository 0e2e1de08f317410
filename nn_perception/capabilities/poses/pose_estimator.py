"""Estimate the poses of people in whole images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nn_perception.capabilities.poses.defaults import POSE_MAX_PEOPLE, POSE_MIN_SCORE, POSE_PRESETS
from nn_perception.capabilities.poses.keypoint_rcnn import KEYPOINT_RCNN, KeypointRcnnDetector
from nn_perception.capabilities.poses.movenet import MoveNetDetector, PRESETS
from nn_perception.capabilities.poses.people import People, to_persons
from nn_perception.core.imaging.preprocessing import check_image, Image
from nn_perception.core.inference.loaded_model import LoadedModel
from nn_perception.core.inference.run_options import DEFAULT_RUN_OPTIONS, RunOptions
from nn_perception.core.results import Person

WARM_UP_PX = 256


class PersonDetector(Protocol):
    """Detects people in images."""

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """The networks, in the order in which they run."""
        ...

    def detect(self, images_bgr: Sequence[Image], max_count: int) -> list[People]:
        """Detect about ``max_count`` people per image, best first, in pixels of the image."""
        ...


class PoseEstimator:
    """
    Finds people and their keypoints.

    :ivar preset: name of the trade-off between speed and accuracy
    :ivar detector: runs its networks
    """

    def __init__(self, preset: str, detector: PersonDetector) -> None:
        """Wrap a detector; :meth:`open` finds it."""
        self.preset = preset
        self.detector = detector

    @property
    def title(self) -> str:
        """The preset, its networks, and which training their weights come from."""
        networks = (model.checkpoint.title for model in self.detector.models)
        return f'{self.preset} ({", ".join(networks)})'

    @property
    def device(self) -> str:
        """The engine and the device of the networks, in one line."""
        return self.detector.models[0].description

    def warm_up(self) -> None:
        """
        Run each network once: the first run is slow, and no image should wait for it.

        :raises RuntimeError: if a network cannot be run
        """
        for model in self.detector.models:
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
        detector: PersonDetector
        if preset in PRESETS:
            detector = MoveNetDetector.open(PRESETS[preset], options)
        elif preset == KEYPOINT_RCNN:
            detector = KeypointRcnnDetector.open(options)
        else:
            raise ValueError(f'preset must be one of {", ".join(POSE_PRESETS)}, got {preset!r}')
        return cls(preset, detector)

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
        :param min_score: minimum score of a person, in ``[0, 1]``
        :param max_people: maximum number of people, at least 1
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
        Find the people in several images; images of one shape are run in one batch.

        See :meth:`estimate`.

        :returns: the people of each image
        """
        for image in images_bgr:
            check_image(image)
        if not 0.0 <= min_score <= 1.0:
            raise ValueError(f'min_score must be in [0, 1], got {min_score}')
        if max_people < 1:
            raise ValueError(f'max_people must be at least 1, got {max_people}')
        found = self.detector.detect(images_bgr, max_people)
        kept = [people.select(people.scores >= min_score).first(max_people) for people in found]
        return [
            to_persons(people, image.shape[1], image.shape[0])
            for people, image in zip(kept, images_bgr, strict=True)
        ]

    def close(self) -> None:
        """Free the networks' memory."""
        for model in self.detector.models:
            model.close()
