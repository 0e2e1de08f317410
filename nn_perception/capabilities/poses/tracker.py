"""Give people the same id from picture to picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
import math

from nn_perception.capabilities.poses.one_euro_filter import OneEuroFilter
from nn_perception.capabilities.poses.skeleton import joints_of, keypoint_similarity
from nn_perception.core.results import Box, Keypoint, Person
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEEN = 0.2
# Somebody who is followed is looked for down to this share of the score that somebody new needs.
FOLLOWED_SHARE = 0.6
# From frame to frame people move farther than annotators disagree, and farther the longer they
# were not seen: the area that scales the similarity is widened by this, and by that a second.
WIDER = 4.0
WIDER_PER_S = 8.0
# Share of the similarity that the joints have; the rest is the boxes' overlap.
JOINTS_SHARE = 0.6
# Below, a person is somebody else.
LEAST_SIMILARITY = 0.25
# The speed is averaged over this span. Somebody who is not seen goes on for that long at most:
# people who disappear behind something often stop or turn there.
SPEED_SPAN_S = 0.3
COAST_S = 0.4
# A new person must not stand where a known one is seen.
SAME_PLACE = 0.7


@dataclass
class Track:
    """
    Somebody who was seen.

    :ivar person: as last seen, with the id
    :ivar stamp_s: when
    :ivar speed: of the box's middle, x and y in pixels a second
    """

    person: Person
    stamp_s: float
    speed: Floats = field(default_factory=lambda: np.zeros(2))
    smoother: OneEuroFilter | None = None

    def expected(self, stamp_s: float) -> tuple[Floats, Floats]:
        """
        Move the last pose on to a later time.

        :returns: x, y and score of the keypoints, ``(17, 3)``; left, top, width and height
        """
        elapsed_s = min(stamp_s - self.stamp_s, COAST_S)
        keypoints, box = joints_of(self.person), np.array(self.person.bbox)
        keypoints[:, :2] += self.speed * elapsed_s
        box[:2] += self.speed * elapsed_s
        return keypoints, box


class Tracker:
    """
    Follow people by their joints and boxes.

    An id begins with a letter and is never given a second time. A person who was not seen for
    ``max_age_s`` gets a new one. Somebody new is only believed with a score of ``start_score``;
    who is followed already may have any.

    :param max_age_s: how long somebody may be hidden
    :param start_score: the least score of somebody new, in ``[0, 1]``
    :param smoothing: whether the joints are smoothed, see
        :class:`~nn_perception.capabilities.poses.one_euro_filter.OneEuroFilter`; all three may be
        changed later
    :param prefix: begins each id, with a letter
    :raises ValueError: if a value is out of range
    """

    def __init__(
        self,
        *,
        max_age_s: float = 1.0,
        start_score: float = 0.0,
        smoothing: bool = False,
        prefix: str = 'p',
    ) -> None:
        if not 0.0 <= max_age_s < math.inf:
            raise ValueError(f'max_age_s must be 0 or more, got {max_age_s}')
        if not 0.0 <= start_score <= 1.0:
            raise ValueError(f'start_score must be in [0, 1], got {start_score}')
        self.max_age_s = max_age_s
        self.start_score = start_score
        self.smoothing = smoothing
        self._tracks: list[Track] = []
        self._latest_s = -math.inf
        self._prefix = prefix
        self._given = 0

    @property
    def ids(self) -> frozenset[str]:
        """Those who were seen lately, also if they are hidden at present."""
        return frozenset(track.person.id for track in self._tracks)

    def update(self, people: Sequence[Person], stamp_s: float) -> list[Person]:
        """
        Take the people of a new picture in, also when there are none.

        When time jumps back, as it does when a recording is repeated, everybody is forgotten.

        :param people: best first
        :param stamp_s: when the picture was captured, in seconds
        :returns: those that are followed, with their ids, in the same order
        """
        if stamp_s < self._latest_s:
            self._tracks.clear()
        self._latest_s = stamp_s
        self._tracks = [t for t in self._tracks if stamp_s - t.stamp_s <= self.max_age_s]
        matches = self._match(people, stamp_s)
        found: list[Person] = []
        for index, person in enumerate(people):
            if index in matches:
                found.append(self._follow(matches[index], person, stamp_s))
            elif person.score >= self.start_score and not _stands_in(person, found):
                found.append(self._begin(person, stamp_s))
        return found

    def _match(self, people: Sequence[Person], stamp_s: float) -> dict[int, Track]:
        """
        Pair people and tracks, the most similar first.

        Tracks that were seen a moment ago choose before those that were not: who comes near
        somebody hidden does not take over an id.
        """
        similarities = np.array([_similarities(track, people, stamp_s) for track in self._tracks])
        matches: dict[int, Track] = {}
        if not similarities.size:
            return matches
        newest_s = max(track.stamp_s for track in self._tracks)
        hidden = np.array([track.stamp_s < newest_s for track in self._tracks])
        for group in (~hidden, hidden):
            open_pairs = np.where(group[:, None], similarities, -1.0)
            open_pairs[:, list(matches)] = -1.0
            while open_pairs.max() >= LEAST_SIMILARITY:
                track, person = np.unravel_index(int(open_pairs.argmax()), open_pairs.shape)
                matches[int(person)] = self._tracks[track]
                open_pairs[track], open_pairs[:, person] = -1.0, -1.0
        return matches

    def _begin(self, person: Person, stamp_s: float) -> Person:
        self._given += 1
        person = replace(person, id=f'{self._prefix}{self._given}')
        track = Track(person, stamp_s)
        self._tracks.append(track)
        return self._smooth(track, person, 0.0)

    def _follow(self, track: Track, person: Person, stamp_s: float) -> Person:
        person = replace(person, id=track.person.id)
        elapsed_s = stamp_s - track.stamp_s
        if elapsed_s > 0.0:
            moved = _middle(person.bbox) - _middle(track.person.bbox)
            weight = -math.expm1(-elapsed_s / SPEED_SPAN_S)
            track.speed = track.speed + weight * (moved / elapsed_s - track.speed)
        track.person, track.stamp_s = person, stamp_s
        return self._smooth(track, person, elapsed_s)

    def _smooth(self, track: Track, person: Person, elapsed_s: float) -> Person:
        if not self.smoothing:
            track.smoother = None
            return person
        track.smoother = track.smoother or OneEuroFilter()
        joints = joints_of(person)
        length_px = max(person.bbox[2:])
        seen = joints[:, 2] >= SEEN
        joints[:, :2] = track.smoother.update(joints[:, :2], seen, elapsed_s, length_px)
        return replace(
            person, keypoints=tuple(Keypoint(*(float(v) for v in joint)) for joint in joints)
        )


def box_iou(box: Floats, boxes: Floats) -> Floats:
    """
    Measure how much boxes overlap: the common area as a share of the joint one.

    :param box: left, top, width and height
    :param boxes: ``(P, 4)``, the same
    :returns: ``(P,)``, 0 to 1
    """
    start = np.maximum(boxes[:, :2], box[:2])
    end = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    common = np.maximum(end - start, 0.0).prod(axis=1)
    joint = boxes[:, 2:].prod(axis=1) + box[2:].prod() - common
    share: Floats = common / np.maximum(joint, 1e-9)
    return share


def _similarities(track: Track, people: Sequence[Person], stamp_s: float) -> Floats:
    """Compare somebody who was seen with the people of a new picture: ``(P,)``, 0 to 1."""
    if not people:
        return np.zeros(0)
    expected, box = track.expected(stamp_s)
    joints = np.array([joints_of(person) for person in people])
    boxes = np.array([person.bbox for person in people])
    both = np.minimum(expected[:, 2], joints[..., 2])
    weights = np.where(both >= SEEN, both, 0.0)
    wider = WIDER + WIDER_PER_S * (stamp_s - track.stamp_s)
    areas = wider * np.maximum(boxes[:, 2:].prod(axis=1), box[2:].prod())
    alike = keypoint_similarity(expected[:, :2], joints[..., :2], areas, weights)
    overlap = box_iou(box, boxes)
    # Where no joint is seen in both pictures the boxes have to do.
    comparable = weights.any(axis=1)
    similarity: Floats = np.where(
        comparable, JOINTS_SHARE * alike + (1.0 - JOINTS_SHARE) * overlap, overlap
    )
    return similarity


def _stands_in(person: Person, others: Sequence[Person]) -> bool:
    """Tell whether somebody stands where somebody else does."""
    boxes = np.array([other.bbox for other in others]).reshape(-1, 4)
    return bool((box_iou(np.array(person.bbox), boxes) >= SAME_PLACE).any())


def _middle(bbox: Box) -> Floats:
    left, top, width, height = bbox
    return np.array((left + width / 2, top + height / 2))
