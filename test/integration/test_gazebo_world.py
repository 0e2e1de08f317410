"""What the package finds in the image of the camera of the Gazebo world."""

from __future__ import annotations

import cv2
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
from nn_perception.capabilities.tagging.tagger import Tagger
from nn_perception.core.results import Digit
import numpy as np
import pytest
from world_view import Board, Camera, read_world, view


@pytest.fixture(scope='module')
def world() -> tuple[Camera, dict[str, Board]]:
    camera, boards = read_world()
    return camera, {board.name: board for board in boards}


@pytest.fixture(scope='module')
def images(world: tuple[Camera, dict[str, Board]]) -> list[np.ndarray]:
    """Return the picture in two lights: what Gazebo's come to is not known here."""
    camera, boards = world
    picture = view(camera, list(boards.values()))
    return [picture, cv2.convertScaleAbs(picture, alpha=0.6)]


def outline(world: tuple[Camera, dict[str, Board]], name: str) -> np.ndarray:
    """Return the edges of a board in the image: left, top, right, bottom in px."""
    camera, boards = world
    corners = camera.project(boards[name].corners())
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def test_every_board_is_fully_visible(
    world: tuple[Camera, dict[str, Board]],
) -> None:
    camera, boards = world
    boxes = [outline(world, name) for name in boards]
    for box in boxes:
        assert (box >= 0).all() and (box <= [camera.width, camera.height] * 2).all()
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            # They do not overlap along at least one axis.
            assert (one[:2] >= other[2:]).any() or (other[:2] >= one[2:]).any()


def test_pictures_are_upright_and_not_mirrored(
    world: tuple[Camera, dict[str, Board]],
) -> None:
    camera, boards = world
    for board in boards.values():
        top_left, top_right, bottom_right, bottom_left = camera.project(board.corners())
        assert top_left[0] < top_right[0] and bottom_left[0] < bottom_right[0]
        assert top_left[1] < bottom_left[1] and top_right[1] < bottom_right[1]


def test_the_digits_on_the_board_are_read(
    world: tuple[Camera, dict[str, Board]], images: list[np.ndarray]
) -> None:
    left, top, right, bottom = outline(world, 'digits')

    def on_the_board(digit: Digit) -> bool:
        x, y, width, height = digit.bbox
        return left < x < x + width < right and top < y < y + height < bottom

    reader = DigitReader.open()
    for image in images:
        # Folds of the skier's clothes can look like digits.
        lines = [
            ''.join(d.label for d in row if on_the_board(d)) for row in reader.read(image).rows
        ]
        assert [line for line in lines if line] == ['47110815', '314159', '202668']


def test_the_person_is_found(
    world: tuple[Camera, dict[str, Board]], images: list[np.ndarray]
) -> None:
    left, top, right, bottom = outline(world, 'person')
    estimator = PoseEstimator.open()
    for image in images:
        (person,) = estimator.estimate(image)
        assert person.score > 0.6
        seen = [joint for joint in person.keypoints if joint.score > 0.2]
        assert len(seen) >= 14
        assert all(left < joint.x < right and top < joint.y < bottom for joint in seen)


def test_the_largest_photograph_gives_the_tag(images: list[np.ndarray]) -> None:
    tagger = Tagger.open()
    assert [tagger.tag(image, top_k=1)[0].label for image in images] == ['ski', 'ski']
