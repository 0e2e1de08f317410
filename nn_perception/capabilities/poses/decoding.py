"""
From the maps of MoveNet to people.

The decoders compute what those in the published TensorFlow graphs compute, except that there may
be any number of people, and that a keypoint's score is the person's own: the graph takes the best
that any of its people has at that place.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
from nn_perception.capabilities.poses.people import People
from nn_perception.core.networks.movenet_heads import CELL_PX, KEYPOINTS
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Constants of the published graphs, lengths in cells. A person's middle is the best cell of this
# neighbourhood; the joint of a person is searched near where the middle's cell expects it, with a
# Gaussian whose variance is this share of the map's short side; scores below the last say nothing.
PEAK_CELLS = 5
PEAK_TOLERANCE = 1e-6
PUBLISHED_SPREAD = 0.3
LEAST_KEYPOINT_SCORE = 0.127
# In a picture of one person nearness to the expected place counts as 1 / (distance + this).
NEARNESS = 1.8


def decode_people(
    maps: Sequence[Floats], *, most: int, least_center: float, spread: float = PUBLISHED_SPREAD
) -> People:
    """
    Find the people in one picture's maps.

    :param maps: of ``MULTI_POSE_HEADS``, ``(channels, H, W)`` each
    :param most: how many people at most
    :param least_center: what the middle of a person must reach, in ``[0, 1]``
    :param spread: how far from where it is expected a joint may be: variance of the Gaussian as a
        share of the map's short side
    :returns: in pixels of the network's input, best middle first; scores as the graph computes
        them, the middle's times the mean of the telling joints'
    """
    center, heatmap, regression, offset, box_scale, box_offset = maps
    middles = _peaks(sigmoid(center[0]), most, least_center)
    limits = np.array(heatmap.shape[1:], np.float32)
    keypoints = np.zeros((len(middles), KEYPOINTS, 3), np.float32)
    boxes = np.zeros((len(middles), 4), np.float32)
    scores = np.zeros(len(middles), np.float32)
    seen = sigmoid(heatmap) if middles else heatmap
    variance = spread * min(heatmap.shape[1:])
    for person, (row, column, score) in enumerate(middles):
        middle = np.array((row, column), np.float32)
        size = np.maximum(box_scale[:, row, column], 0.0)
        upper = middle + box_offset[:, row, column] - size / 2
        start = np.clip(upper, 0.0, limits).astype(np.float32)
        end = np.clip(upper + size, 0.0, limits).astype(np.float32)
        guess = middle + regression[:, row, column].reshape(KEYPOINTS, 2)
        keypoints[person] = _keypoints(seen, offset, guess, (start, end), variance)
        boxes[person] = *start[::-1], *end[::-1]
        scores[person] = score * mean_score(keypoints[person, :, 2])
    keypoints[..., :2] *= CELL_PX
    return People(keypoints, boxes * CELL_PX, scores)


def decode_single(maps: Sequence[Floats]) -> Floats:
    """
    Find the person in the middle of each picture of a batch.

    There is always one; the scores say whether anybody is there.

    :param maps: of ``SINGLE_POSE_HEADS``, ``(N, channels, H, W)`` each
    :returns: ``(N, 17, 3)``, x and y in pixels of the network's input, and score
    """
    center, heatmap, regression, offset = maps
    count, _, height, width = heatmap.shape
    seen = sigmoid(heatmap)
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)
    prior = 1.0 / (np.hypot(rows - height / 2, columns - width / 2) + NEARNESS)
    keypoints = np.empty((count, KEYPOINTS, 3), np.float32)
    every = np.arange(KEYPOINTS)
    for index in range(count):
        row, column = divmod(int(np.argmax(sigmoid(center[index, 0]) * prior)), width)
        guess = regression[index, :, row, column].reshape(KEYPOINTS, 2) + (row, column)
        down = (rows - guess[:, 0])[..., None]  # (H, 17, 1)
        across = (columns[:, None] - guess[:, 1])[None]  # (1, W, 17)
        distance = np.hypot(down.transpose(1, 0, 2), across.transpose(2, 0, 1))
        weighted = seen[index] / (distance + NEARNESS)  # (17, H, W)
        best = weighted.reshape(KEYPOINTS, -1).argmax(axis=1)
        at, along = np.divmod(best, width)
        keypoints[index] = _at(offset[index], every, at, along, seen[index, every, at, along])
    keypoints[..., :2] *= CELL_PX
    return keypoints


def mean_score(scores: Floats) -> float:
    """
    Average the scores of a person's keypoints, without those that say nothing.

    :param scores: ``(17,)``
    :returns: 0 if none says anything
    """
    telling = scores[scores > LEAST_KEYPOINT_SCORE]
    return float(telling.mean()) if telling.size else 0.0


def sigmoid(logits: Floats) -> Floats:
    """Turn logits into scores in ``[0, 1]``, float32 of the same shape."""
    # Beyond, exp overflows float32; the score is 0 long before.
    exponentials = np.exp(-np.maximum(logits, -80.0))
    exponentials += 1.0
    return np.asarray(np.reciprocal(exponentials, out=exponentials), np.float32)


def _peaks(center: Floats, most: int, least: float) -> list[tuple[int, int, float]]:
    """List cells that no near one exceeds, as row, column and score, best first."""
    kernel = np.ones((PEAK_CELLS, PEAK_CELLS), np.uint8)
    highest = cv2.dilate(center, kernel)
    rows, columns = np.nonzero((center >= highest - PEAK_TOLERANCE) & (center >= least))
    scores = center[rows, columns]
    order = np.argsort(-scores, kind='stable')[:most]
    return [(int(rows[i]), int(columns[i]), float(scores[i])) for i in order]


def _keypoints(
    seen: Floats, offset: Floats, guess: Floats, box: tuple[Floats, Floats], variance: float
) -> Floats:
    """
    Find a person's joints within its box, each near where it is expected.

    :param seen: score of each kind of joint in each cell, ``(17, H, W)``
    :param offset: of the joint in each cell, ``(34, H, W)``
    :param guess: expected rows and columns, ``(17, 2)``
    :param box: upper row and left column; row and column at which it has ended
    :param variance: how far from there they may be, in square cells
    :returns: x, y in cells and score, ``(17, 3)``; the score is 0 where the box has no cells
    """
    (top, left), (bottom, right) = np.ceil(box).astype(int).tolist()
    if bottom <= top or right <= left:
        nothing = np.zeros((KEYPOINTS, 1), np.float32)
        return np.concatenate([guess[:, ::-1], nothing], axis=1)
    rows = np.arange(top, bottom, dtype=np.float32)
    columns = np.arange(left, right, dtype=np.float32)
    near_rows = np.exp(-((rows - guess[:, :1]) ** 2) / variance)  # (17, rows)
    near_columns = np.exp(-((columns - guess[:, 1:]) ** 2) / variance)
    weighted = seen[:, top:bottom, left:right] * near_rows[:, :, None]
    weighted *= near_columns[:, None, :]
    flat = weighted.reshape(KEYPOINTS, -1)
    best = flat.argmax(axis=1)
    every = np.arange(KEYPOINTS)
    at, along = np.divmod(best, right - left)
    return _at(offset, every, at + top, along + left, flat[every, best])


def _at(
    offset: Floats,
    every: NDArray[np.intp],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    scores: Floats,
) -> Floats:
    """Place each joint within its cell: x, y in cells and score, ``(17, 3)``."""
    x = columns + offset[2 * every + 1, rows, columns]
    y = rows + offset[2 * every, rows, columns]
    return np.stack([x, y, scores], axis=1).astype(np.float32)
