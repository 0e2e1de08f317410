"""
Render the view of the camera of the Gazebo world, without Gazebo.

The boards of ``worlds/perception.sdf`` are projected through its pinhole camera, without lights.
``python test/integration/world_view.py FILE`` writes the view with the results of the package: the
picture in docs/simulation.md.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path
import sys
import xml.etree.ElementTree as ElementTree

import cv2
from nn_perception.capabilities.digits.digit_reader import DigitReader
from nn_perception.capabilities.digits.overlay import draw_digits
from nn_perception.capabilities.poses.overlay import draw_poses
from nn_perception.capabilities.poses.pose_estimator import PoseEstimator
import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
WORLD = REPOSITORY / 'worlds' / 'perception.sdf'
# Gazebo searches for these below GZ_SIM_RESOURCE_PATH.
SCHEME = 'model://'
CAMERA_TAGS = ('image/width', 'image/height', 'horizontal_fov')

# The view is drawn larger by this factor and then reduced, as smooth as textures with mipmaps.
SUPERSAMPLING = 3
SKY_BGR = (217, 204, 191)
GROUND_BGR = (107, 115, 115)


@dataclass(frozen=True)
class Camera:
    """
    A pinhole camera that looks along its x axis; z is up.

    :param width: of the image in px
    :param height: of the image in px
    :param fov: horizontal field of view in radians
    :param pose: camera to world, ``(4, 4)``
    """

    width: int
    height: int
    fov: float
    pose: np.ndarray

    @property
    def focal_px(self) -> float:
        """Focal length in px."""
        return self.width / 2 / math.tan(self.fov / 2)

    def project(self, points: np.ndarray) -> np.ndarray:
        """
        Project points to pixels.

        :param points: in the world in m, ``(N, 3)``, in front of the camera
        :returns: x and y in px, ``(N, 2)``
        """
        ahead, left, up = self.pose[:3, :3].T @ (points - self.pose[:3, 3]).T
        assert (ahead > 0).all()
        x = self.width / 2 - self.focal_px * left / ahead
        y = self.height / 2 - self.focal_px * up / ahead
        return np.stack([x, y], axis=1)


@dataclass(frozen=True)
class Board:
    """
    A thin box with a picture on its face towards -x.

    :param name: of its model
    :param picture: file of the picture
    :param pose: board to world, ``(4, 4)``
    :param size: depth, width and height in m
    """

    name: str
    picture: Path
    pose: np.ndarray
    size: tuple[float, float, float]

    def corners(self) -> np.ndarray:
        """
        Locate the corners of the picture.

        Gazebo maps a picture to a face of a box so that it is upright with z up; seen along +x, y
        points to the left.

        :returns: top left, top right, bottom right, bottom left in the world, ``(4, 3)``
        """
        depth, width, height = self.size
        left, top = width / 2, height / 2
        face = [(left, top), (-left, top), (-left, -top), (left, -top)]
        own = np.array([(-depth / 2, y, z, 1.0) for y, z in face])
        return (self.pose @ own.T)[:3].T


def pose_of(element: ElementTree.Element) -> np.ndarray:
    """Read the pose of an element: x y z in m, and roll pitch yaw in radians."""
    *place, roll, pitch, yaw = map(float, element.findtext('pose', '0 0 0 0 0 0').split())
    pose = np.eye(4)
    pose[:3, 3] = place
    for angle, (a, b) in ((yaw, (0, 1)), (pitch, (2, 0)), (roll, (1, 2))):
        turn = np.eye(4)
        turn[[a, b], [a, b]] = math.cos(angle)
        turn[a, b], turn[b, a] = -math.sin(angle), math.sin(angle)
        pose = pose @ turn
    return pose


def read_world(path: Path = WORLD) -> tuple[Camera, list[Board]]:
    """Read the camera and the boards of a world whose models have one link each."""
    cameras, boards = [], []
    for model in ElementTree.parse(path).getroot().iterfind('world/model'):
        pose = pose_of(model) @ pose_of(model.find('link'))
        for sensor in model.iterfind('link/sensor'):
            values = [float(sensor.findtext(f'camera/{tag}')) for tag in CAMERA_TAGS]
            width, height, fov = values
            cameras.append(Camera(int(width), int(height), fov, pose @ pose_of(sensor)))
        for visual in model.iterfind('link/visual'):
            uri = visual.findtext('material/pbr/metal/albedo_map')
            if uri:
                depth, width, height = map(float, visual.findtext('geometry/box/size').split())
                picture = REPOSITORY / uri.removeprefix(SCHEME)
                place = pose @ pose_of(visual)
                boards.append(Board(model.get('name'), picture, place, (depth, width, height)))
    (camera,) = cameras
    return camera, boards


def view(camera: Camera, boards: list[Board]) -> np.ndarray:
    """
    Render the view of the camera, which must be level, so that the horizon is in the middle.

    :returns: BGR, ``(height, width, 3)``
    """
    size = (SUPERSAMPLING * camera.width, SUPERSAMPLING * camera.height)
    image = np.full((size[1], size[0], 3), SKY_BGR, np.uint8)
    image[size[1] // 2 :] = GROUND_BGR
    far_first = sorted(boards, key=lambda b: -np.linalg.norm((b.pose - camera.pose)[:3, 3]))
    for board in far_first:
        picture = cv2.imread(str(board.picture))
        height, width = picture.shape[:2]
        edges = np.float32([(0, 0), (width, 0), (width, height), (0, height)])
        seen = np.float32(camera.project(board.corners())) * SUPERSAMPLING
        # The corners are at the edges of pixels; OpenCV counts from their centres.
        matrix = cv2.getPerspectiveTransform(edges - 0.5, seen - 0.5)
        cv2.warpPerspective(picture, matrix, size, dst=image, borderMode=cv2.BORDER_TRANSPARENT)
    return cv2.resize(image, (camera.width, camera.height), interpolation=cv2.INTER_AREA)


def with_results(image: np.ndarray) -> np.ndarray:
    """Draw the digits and the people that the package finds on an image."""
    reading = DigitReader.open().read(image)
    people = PoseEstimator.open().estimate(image)
    return draw_poses(draw_digits(image, reading), people)


if __name__ == '__main__':
    picture = with_results(view(*read_world()))
    cv2.imwrite(sys.argv[1], picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
