"""
Messages of results, for any set of message classes.

Nodes use the classes of ROS; bags are written with those of rosbags. Topics and QoS are not
handled here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nn_perception.core.results import Box, Digit, Person, Tag
import numpy as np
from numpy.typing import NDArray

HEADER = 'std_msgs/msg/Header'
TIME = 'builtin_interfaces/msg/Time'
STRING = 'std_msgs/msg/String'
POINT = 'geometry_msgs/msg/Point'
AUDIO_CHUNK = 'nn_perception_interfaces/msg/AudioChunk'
CLASSIFICATION = 'vision_msgs/msg/Classification'
DETECTION = 'vision_msgs/msg/Detection2D'
DETECTIONS = 'vision_msgs/msg/Detection2DArray'
KEYPOINT = 'nn_perception_interfaces/msg/Keypoint'
HUMAN_POSE = 'nn_perception_interfaces/msg/HumanPose'
HUMAN_POSES = 'nn_perception_interfaces/msg/HumanPoseArray'


class ResultMessages:
    """
    Builds the messages of results.

    :param types: returns the class of a message type by its full name, such as
        ``vision_msgs/msg/Classification``; classes take their fields as keyword arguments
    """

    def __init__(self, types: Callable[[str], Callable[..., Any]]) -> None:
        self._types = types
        self._no_pose = self._unset_pose()

    def header(self, stamp: tuple[int, int], frame_id: str) -> Any:
        """
        Build a std_msgs/Header.

        :param stamp: seconds and nanoseconds
        """
        time = self._new(TIME, sec=stamp[0], nanosec=stamp[1])
        return self._new(HEADER, stamp=time, frame_id=frame_id)

    def classification(self, tags: Sequence[Tag], header: Any) -> Any:
        """Build a vision_msgs/Classification: the tags of one image, best first."""
        results = [self._hypothesis(tag.label, tag.score) for tag in tags]
        return self._new(CLASSIFICATION, header=header, results=results)

    def detections(self, digits: Sequence[Digit], header: Any) -> Any:
        """Build a vision_msgs/Detection2DArray: the digits of one image, in the order given."""
        found = [self._detection(digit, header) for digit in digits]
        return self._new(DETECTIONS, header=header, detections=found)

    def text(self, lines: Sequence[str]) -> Any:
        """Build a std_msgs/String of lines of text."""
        return self._new(STRING, data='\n'.join(lines))

    def human_poses(
        self,
        people: Sequence[Person],
        header: Any,
        positions: Sequence[NDArray[np.floating]] | None = None,
    ) -> Any:
        """
        Build a nn_perception_interfaces/HumanPoseArray: the people of one image.

        :param positions: of the keypoints of each person, in metres in the frame of the header,
            ``(17, 3)``, NaN where unknown; None without depth
        """
        all_positions = [None] * len(people) if positions is None else positions
        poses = [self._human_pose(*pair) for pair in zip(people, all_positions, strict=True)]
        return self._new(HUMAN_POSES, header=header, poses=poses)

    def point(self, position: NDArray[np.floating]) -> Any:
        """
        Build a geometry_msgs/Point.

        :param position: ``(3,)``
        """
        x, y, z = position.tolist()
        return self._new(POINT, x=x, y=y, z=z)

    def _detection(self, digit: Digit, header: Any) -> Any:
        result = self._new(
            'vision_msgs/msg/ObjectHypothesisWithPose',
            hypothesis=self._hypothesis(digit.label, digit.score),
            pose=self._no_pose,
        )
        bbox = self._box(digit.bbox)
        return self._new(DETECTION, header=header, results=[result], bbox=bbox, id='')

    def _human_pose(self, person: Person, positions: NDArray[np.floating] | None) -> Any:
        return self._new(
            HUMAN_POSE,
            id=person.id,
            score=float(person.score),
            bbox=self._box(person.bbox),
            keypoints=[
                self._new(KEYPOINT, x=point.x, y=point.y, score=point.score)
                for point in person.keypoints
            ],
            positions=[]
            if positions is None
            else [self.point(position) for position in positions],
        )

    def _hypothesis(self, label: str, score: float) -> Any:
        return self._new('vision_msgs/msg/ObjectHypothesis', class_id=label, score=float(score))

    def _box(self, bbox: Box) -> Any:
        left, top, width, height = (float(value) for value in bbox)
        centre = self._new('vision_msgs/msg/Point2D', x=left + width / 2, y=top + height / 2)
        pose = self._new('vision_msgs/msg/Pose2D', position=centre, theta=0.0)
        return self._new('vision_msgs/msg/BoundingBox2D', center=pose, size_x=width, size_y=height)

    def _unset_pose(self) -> Any:
        """Build the geometry_msgs/PoseWithCovariance of detections, which have no pose."""
        pose = self._new(
            'geometry_msgs/msg/Pose',
            position=self._new(POINT, x=0.0, y=0.0, z=0.0),
            orientation=self._new('geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0),
        )
        return self._new(
            'geometry_msgs/msg/PoseWithCovariance', pose=pose, covariance=np.zeros(36)
        )

    def _new(self, name: str, **fields: Any) -> Any:
        return self._types(name)(**fields)
