"""
Decode the output maps of MoveNet.

The decoders compute what those in the published TensorFlow graphs compute, except that they return
any number of people, and that the score of a keypoint is the person's own: the graph returns the
highest one that any of its people has in that cell.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
from nn_perception.capabilities.poses.people import People
from nn_perception.core.networks.movenet_heads import CELL_PX, KEYPOINTS
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Constants of the published graphs, lengths in cells. The centre of a person is the best cell of
# this neighbourhood. A keypoint is searched near where the cell of the centre predicts it, with
# Gaussian weights whose variance is this share of the shorter side of the map. Keypoint scores
# below the last constant do not count.
PEAK_CELLS = 5
PEAK_TOLERANCE = 1e-6
PUBLISHED_VARIANCE = 0.3
MIN_KEYPOINT_SCORE = 0.127
# For a single person, scores are divided by the distance from the predicted place plus this.
DISTANCE_OFFSET = 1.8


def decode_people(
    maps: Sequence[Floats],
    *,
    max_count: int,
    min_centre_score: float,
    variance: float = PUBLISHED_VARIANCE,
) -> People:
    """
    Decode the people in one image's maps.

    :param maps: of ``MULTI_POSE_HEADS``, ``(channels, H, W)`` each
    :param max_count: maximum number of people
    :param min_centre_score: minimum score of a person's centre, in ``[0, 1]``
    :param variance: how far from its predicted place a keypoint may be: variance of the Gaussian
        weights as a share of the shorter side of the map
    :returns: in pixels of the network's input, best centre first; scores as the graph computes
        them, that of the centre times the mean of the keypoints'
    """
    centre, heatmap, regression, offset, box_scale, box_offset = maps
    centres = _peaks(sigmoid(centre[0]), max_count, min_centre_score)
    limits = np.array(heatmap.shape[1:], np.float32)
    keypoints = np.zeros((len(centres), KEYPOINTS, 3), np.float32)
    boxes = np.zeros((len(centres), 4), np.float32)
    scores = np.zeros(len(centres), np.float32)
    keypoint_scores = sigmoid(heatmap) if centres else heatmap
    variance_cells = variance * min(heatmap.shape[1:])
    for person, (row, column, score) in enumerate(centres):
        cell = np.array((row, column), np.float32)
        size = np.maximum(box_scale[:, row, column], 0.0)
        upper_left = cell + box_offset[:, row, column] - size / 2
        start = np.clip(upper_left, 0.0, limits).astype(np.float32)
        end = np.clip(upper_left + size, 0.0, limits).astype(np.float32)
        predicted = cell + regression[:, row, column].reshape(KEYPOINTS, 2)
        keypoints[person] = _keypoints_in_box(
            keypoint_scores, offset, predicted, (start, end), variance_cells
        )
        boxes[person] = *start[::-1], *end[::-1]
        scores[person] = score * mean_score(keypoints[person, :, 2])
    keypoints[..., :2] *= CELL_PX
    return People(keypoints, boxes * CELL_PX, scores)


def decode_single(maps: Sequence[Floats]) -> Floats:
    """
    Decode the person in the centre of each image of a batch.

    There is always one; the scores tell whether anyone is there.

    :param maps: of ``SINGLE_POSE_HEADS``, ``(N, channels, H, W)`` each
    :returns: ``(N, 17, 3)``, x and y in pixels of the network's input, and score
    """
    centre, heatmap, regression, offset = maps
    count, _, height, width = heatmap.shape
    keypoint_scores = sigmoid(heatmap)
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)
    prior = 1.0 / (np.hypot(rows - height / 2, columns - width / 2) + DISTANCE_OFFSET)
    keypoints = np.empty((count, KEYPOINTS, 3), np.float32)
    every = np.arange(KEYPOINTS)
    for index in range(count):
        row, column = divmod(int(np.argmax(sigmoid(centre[index, 0]) * prior)), width)
        predicted = regression[index, :, row, column].reshape(KEYPOINTS, 2) + (row, column)
        down = (rows - predicted[:, 0])[..., None]  # (H, 17, 1)
        across = (columns[:, None] - predicted[:, 1])[None]  # (1, W, 17)
        distance = np.hypot(down.transpose(1, 0, 2), across.transpose(2, 0, 1))
        weighted = keypoint_scores[index] / (distance + DISTANCE_OFFSET)  # (17, H, W)
        best = weighted.reshape(KEYPOINTS, -1).argmax(axis=1)
        cells = np.divmod(best, width)
        scores = keypoint_scores[index, every, cells[0], cells[1]]
        keypoints[index] = _place_in_cells(offset[index], cells, scores)
    keypoints[..., :2] *= CELL_PX
    return keypoints


def mean_score(scores: Floats) -> float:
    """
    Average the scores of a person's keypoints, without those below the minimum.

    :param scores: ``(17,)``
    :returns: 0 if none reaches the minimum
    """
    counting = scores[scores > MIN_KEYPOINT_SCORE]
    return float(counting.mean()) if counting.size else 0.0


def sigmoid(logits: Floats) -> Floats:
    """Turn logits into scores in ``[0, 1]``, float32 of the same shape."""
    # Beyond -80 exp overflows float32; the score is 0 long before.
    exponentials = np.exp(-np.maximum(logits, -80.0))
    exponentials += 1.0
    return np.asarray(np.reciprocal(exponentials, out=exponentials), np.float32)


def _peaks(scores: Floats, max_count: int, min_score: float) -> list[tuple[int, int, float]]:
    """
    List the local maxima of a map as row, column and score, best first.

    :param scores: ``(H, W)``
    """
    kernel = np.ones((PEAK_CELLS, PEAK_CELLS), np.uint8)
    highest = cv2.dilate(scores, kernel)
    rows, columns = np.nonzero((scores >= highest - PEAK_TOLERANCE) & (scores >= min_score))
    found = scores[rows, columns]
    order = np.argsort(-found, kind='stable')[:max_count]
    return [(int(rows[i]), int(columns[i]), float(found[i])) for i in order]


def _keypoints_in_box(
    scores: Floats, offset: Floats, predicted: Floats, box: tuple[Floats, Floats], variance: float
) -> Floats:
    """
    Find a person's keypoints within its box, each near its predicted place.

    :param scores: of each keypoint in each cell, ``(17, H, W)``
    :param offset: of each keypoint within each cell, ``(34, H, W)``
    :param predicted: rows and columns, ``(17, 2)``
    :param box: first row and column; row and column after the last
    :param variance: of the Gaussian weights around the predicted places, in square cells
    :returns: x, y in cells and score, ``(17, 3)``; the score is 0 if the box has no cells
    """
    (top, left), (bottom, right) = np.ceil(box).astype(int).tolist()
    if bottom <= top or right <= left:
        return np.concatenate([predicted[:, ::-1], np.zeros((KEYPOINTS, 1), np.float32)], axis=1)
    rows = np.arange(top, bottom, dtype=np.float32)
    columns = np.arange(left, right, dtype=np.float32)
    row_weights = np.exp(-((rows - predicted[:, :1]) ** 2) / variance)  # (17, rows)
    column_weights = np.exp(-((columns - predicted[:, 1:]) ** 2) / variance)
    weighted = scores[:, top:bottom, left:right] * row_weights[:, :, None]
    weighted *= column_weights[:, None, :]
    flat = weighted.reshape(KEYPOINTS, -1)
    best = flat.argmax(axis=1)
    down, across = np.divmod(best, right - left)
    return _place_in_cells(offset, (down + top, across + left), flat[np.arange(KEYPOINTS), best])


def _place_in_cells(
    offset: Floats, cells: tuple[NDArray[np.intp], NDArray[np.intp]], scores: Floats
) -> Floats:
    """
    Place each keypoint within its cell.

    :param offset: of each keypoint within each cell, ``(34, H, W)``
    :param cells: row and column of each keypoint, ``(17,)``
    :param scores: ``(17,)``
    :returns: x, y in cells and score, ``(17, 3)``
    """
    rows, columns = cells
    every = np.arange(KEYPOINTS)
    x = columns + offset[2 * every + 1, rows, columns]
    y = rows + offset[2 * every, rows, columns]
    return np.stack([x, y, scores], axis=1).astype(np.float32)
