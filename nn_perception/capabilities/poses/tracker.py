"""Track people, so that each keeps an id from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
import math

from nn_perception.capabilities.poses.one_euro_filter import OneEuroFilter
from nn_perception.capabilities.poses.skeleton import keypoint_array, keypoint_similarity
from nn_perception.core.results import Box, Keypoint, Person
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_KEYPOINT_SCORE = 0.2
# A tracked person needs this share of the score that a new one needs.
TRACKED_SCORE_SHARE = 0.6
# People move farther between frames than annotators disagree, and farther the longer they were not
# seen: the area that scales the keypoint similarity is enlarged by this factor, and per second.
ASSOCIATION_GATE = 4.0
ASSOCIATION_GATE_PER_S = 8.0
# Weight of the keypoint similarity; the rest is the overlap of the boxes.
KEYPOINT_WEIGHT = 0.6
# A detection that is less similar to a track is another person.
MIN_SIMILARITY = 0.25
# The velocity is averaged over this span. It predicts positions for a limited time: people who
# disappear behind something often stop or turn there.
VELOCITY_TIME_CONSTANT_S = 0.3
MAX_PREDICTION_S = 0.4
# A new person whose box overlaps that of a tracked one by this IoU is a duplicate.
DUPLICATE_IOU = 0.7


@dataclass
class Track:
    """
    A tracked person.

    :ivar person: as last seen, with its id
    :ivar stamp_s: time when last seen
    :ivar velocity: of the box's centre, x and y in pixels per second
    :ivar smoother: smooths the keypoints; None if smoothing is off
    """

    person: Person
    stamp_s: float
    velocity: Floats = field(default_factory=lambda: np.zeros(2))
    smoother: OneEuroFilter | None = None

    def predict(self, stamp_s: float) -> tuple[Floats, Floats]:
        """
        Predict the pose at a later time.

        :returns: x, y and score of the keypoints, ``(17, 3)``; left, top, width and height
        """
        elapsed_s = min(stamp_s - self.stamp_s, MAX_PREDICTION_S)
        keypoints, box = keypoint_array(self.person), np.array(self.person.bbox)
        keypoints[:, :2] += self.velocity * elapsed_s
        box[:2] += self.velocity * elapsed_s
        return keypoints, box


class Tracker:
    """
    Track people by their keypoints and boxes.

    An id starts with a letter and is never reused. A person who was not seen for longer than
    ``max_age_s`` gets a new one. A new person needs a score of ``start_score``; a tracked person
    may have any score.

    :param max_age_s: lost-track timeout
    :param start_score: minimum score of a new person, in ``[0, 1]``
    :param smoothing: whether keypoints are smoothed, see
        :class:`~nn_perception.capabilities.poses.one_euro_filter.OneEuroFilter`; all three may
        change at any time
    :param prefix: start of each id, with a letter first
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
        self._id_count = 0

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all tracks, including people who are hidden at present."""
        return frozenset(track.person.id for track in self._tracks)

    def update(self, people: Sequence[Person], stamp_s: float) -> list[Person]:
        """
        Associate the people of a new frame with the tracks.

        Call it also for frames without people. All tracks are dropped if time jumps back, as it
        does when a recording is repeated.

        :param people: best first
        :param stamp_s: when the frame was captured, in seconds
        :returns: the tracked people with their ids, in the same order
        """
        if stamp_s < self._latest_s:
            self._tracks.clear()
        self._latest_s = stamp_s
        self._tracks = [t for t in self._tracks if stamp_s - t.stamp_s <= self.max_age_s]
        matches = self._match(people, stamp_s)
        found: list[Person] = []
        for index, person in enumerate(people):
            if index in matches:
                found.append(self._update_track(matches[index], person, stamp_s))
            elif person.score >= self.start_score and not _is_duplicate(person, found):
                found.append(self._start_track(person, stamp_s))
        return found

    def _match(self, people: Sequence[Person], stamp_s: float) -> dict[int, Track]:
        """
        Match people with tracks, the most similar pairs first.

        Tracks seen in the previous frame are matched before the others, so that a person who comes
        near a hidden one does not take over an id.

        :returns: the track of each matched person, by its index
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
            while open_pairs.max() >= MIN_SIMILARITY:
                track, person = np.unravel_index(int(open_pairs.argmax()), open_pairs.shape)
                matches[int(person)] = self._tracks[track]
                open_pairs[track], open_pairs[:, person] = -1.0, -1.0
        return matches

    def _start_track(self, person: Person, stamp_s: float) -> Person:
        self._id_count += 1
        person = replace(person, id=f'{self._prefix}{self._id_count}')
        track = Track(person, stamp_s)
        self._tracks.append(track)
        return self._smoothed(track, person, 0.0)

    def _update_track(self, track: Track, person: Person, stamp_s: float) -> Person:
        person = replace(person, id=track.person.id)
        elapsed_s = stamp_s - track.stamp_s
        if elapsed_s > 0.0:
            moved = _centre(person.bbox) - _centre(track.person.bbox)
            weight = -math.expm1(-elapsed_s / VELOCITY_TIME_CONSTANT_S)
            track.velocity = track.velocity + weight * (moved / elapsed_s - track.velocity)
        track.person, track.stamp_s = person, stamp_s
        return self._smoothed(track, person, elapsed_s)

    def _smoothed(self, track: Track, person: Person, elapsed_s: float) -> Person:
        if not self.smoothing:
            track.smoother = None
            return person
        track.smoother = track.smoother or OneEuroFilter()
        keypoints = keypoint_array(person)
        size_px = max(person.bbox[2:])
        seen = keypoints[:, 2] >= MIN_KEYPOINT_SCORE
        keypoints[:, :2] = track.smoother.update(keypoints[:, :2], seen, elapsed_s, size_px)
        return replace(
            person, keypoints=tuple(Keypoint(*(float(v) for v in point)) for point in keypoints)
        )


def box_iou(box: Floats, boxes: Floats) -> Floats:
    """
    Compute the intersection over union (IoU) of a box with others.

    :param box: left, top, width and height
    :param boxes: ``(P, 4)``, the same
    :returns: ``(P,)``, 0 to 1
    """
    start = np.maximum(boxes[:, :2], box[:2])
    end = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    intersection = np.maximum(end - start, 0.0).prod(axis=1)
    union = boxes[:, 2:].prod(axis=1) + box[2:].prod() - intersection
    iou: Floats = intersection / np.maximum(union, 1e-9)
    return iou


def _similarities(track: Track, people: Sequence[Person], stamp_s: float) -> Floats:
    """Compare a track with the people of a new frame: ``(P,)``, 0 to 1."""
    if not people:
        return np.zeros(0)
    predicted, box = track.predict(stamp_s)
    keypoints = np.array([keypoint_array(person) for person in people])
    boxes = np.array([person.bbox for person in people])
    both = np.minimum(predicted[:, 2], keypoints[..., 2])
    weights = np.where(both >= MIN_KEYPOINT_SCORE, both, 0.0)
    gate = ASSOCIATION_GATE + ASSOCIATION_GATE_PER_S * (stamp_s - track.stamp_s)
    areas = gate * np.maximum(boxes[:, 2:].prod(axis=1), box[2:].prod())
    oks = keypoint_similarity(predicted[:, :2], keypoints[..., :2], areas, weights)
    iou = box_iou(box, boxes)
    # Without a keypoint that is seen in both frames, only the boxes can be compared.
    comparable = weights.any(axis=1)
    similarity: Floats = np.where(
        comparable, KEYPOINT_WEIGHT * oks + (1.0 - KEYPOINT_WEIGHT) * iou, iou
    )
    return similarity


def _is_duplicate(person: Person, others: Sequence[Person]) -> bool:
    """Tell whether a person overlaps one of the others."""
    boxes = np.array([other.bbox for other in others]).reshape(-1, 4)
    return bool((box_iou(np.array(person.bbox), boxes) >= DUPLICATE_IOU).any())


def _centre(bbox: Box) -> Floats:
    left, top, width, height = bbox
    return np.array((left + width / 2, top + height / 2))
