"""People in a stream of frames: tracking, smoothing, and removal of uncertain keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nn_perception.capabilities.poses.defaults import (
    POSE_MAX_PEOPLE,
    POSE_MIN_JOINT_SCORE,
    POSE_MIN_SCORE,
)
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.poses.tracker import TRACKED_SCORE_SHARE, Tracker
from nn_perception.core.frame import Frame
from nn_perception.core.results import Person


@dataclass(frozen=True)
class PoseOptions:
    """
    Which people and keypoints are found, and how people are tracked.

    :param min_score: minimum score of a new person, in ``[0, 1]``; a tracked person may have less
    :param min_joint_score: keypoints below this score count as not seen
    :param max_people: maximum number of people per frame
    :param max_age_s: lost-track timeout: a person who is hidden for longer gets a new id
    :param smoothing: whether the keypoints are smoothed
    """

    min_score: float = POSE_MIN_SCORE
    min_joint_score: float = POSE_MIN_JOINT_SCORE
    max_people: int = POSE_MAX_PEOPLE
    max_age_s: float = 1.0
    smoothing: bool = False


class PosePipeline:
    """
    Find and track the people in the frames of any number of sources, see
    :class:`~nn_perception.capabilities.pipeline.Pipeline`.

    Ids are persistent and start with the name of the source: ``front_p1`` for ``front``, ``p1``
    without a name.

    :ivar options: which people are found; may be replaced at any time
    :ivar estimator: the networks
    """

    def __init__(self, estimator: PoseEstimator, options: PoseOptions | None = None) -> None:
        self.estimator = estimator
        self.options = options or PoseOptions()
        self._trackers: dict[str, Tracker] = {}

    @property
    def title(self) -> str:
        """The preset, its networks and their versions."""
        return self.estimator.title

    @property
    def device(self) -> str:
        """The engine and the device of the networks, in one line."""
        return self.estimator.device

    def infer(self, frames: Sequence[Frame]) -> list[list[Person]]:
        """
        Find the people in frames, including those whose scores suffice only if they are tracked.

        :raises ValueError: if an image has another shape or type, or no pixels
        :raises RuntimeError: if a network cannot be run
        """
        options = self.options
        return self.estimator.estimate_all(
            [frame.image_bgr for frame in frames],
            min_score=TRACKED_SCORE_SHARE * options.min_score,
            max_people=options.max_people,
        )

    def update(self, frame: Frame, raw: Sequence[Person]) -> list[Person]:
        """
        Track the people of a source, and remove keypoints that are not seen.

        :param raw: best first
        :returns: with ids, best first
        """
        options, tracker = self.options, self.tracker(frame.source)
        tracker.start_score = options.min_score
        tracker.max_age_s = options.max_age_s
        tracker.smoothing = options.smoothing
        tracked = tracker.update(raw, frame.stamp_s)
        return [person.without_uncertain_keypoints(options.min_joint_score) for person in tracked]

    def process(self, frames: Sequence[Frame]) -> list[list[Person]]:
        """Find and track people, see :meth:`infer` and :meth:`update`."""
        raws = self.infer(frames)
        return [self.update(frame, raw) for frame, raw in zip(frames, raws, strict=True)]

    def tracker(self, source: str) -> Tracker:
        """Return the tracker of a source."""
        if source not in self._trackers:
            self._trackers[source] = Tracker(prefix=f'{source}_p' if source else 'p')
        return self._trackers[source]

    def forget(self, source: str) -> None:
        """Forget the people of a source."""
        self._trackers.pop(source, None)

    def warm_up(self) -> None:
        """Run each network once, see :meth:`PoseEstimator.warm_up`."""
        self.estimator.warm_up()

    def close(self) -> None:
        """Free the networks' memory."""
        self.estimator.close()
