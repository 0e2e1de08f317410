"""
People as REP 155 ("ROS4HRI") has them, for programs that know nothing of this package.

Needs hri_msgs, an optional package: its messages are built here and not in ``conversions``, so
that everything else does without.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain

from nn_perception.capabilities.poses.skeleton import KEYPOINT_NAMES
from nn_perception.core.results import Keypoint, Person
from nn_perception.ros.outputs.qos import RESULT_QOS
from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import Header

try:
    from rclpy.event_handler import PublisherEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks

try:
    from hri_msgs.msg import (
        IdsList,
        NormalizedPointOfInterest2D,
        NormalizedRegionOfInterest2D,
        Skeleton2D,
    )
except ImportError:
    IdsList = None

BODIES = '/humans/bodies'


class HriBodies:
    """
    The topics below ``/humans/bodies``; without hri_msgs there are none.

    :param node: publishes them
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._bodies: dict[str, Body] = {}
        self._seen: dict[str, list[str]] = {}
        self._remembered: dict[str, Collection[str]] = {}
        self._tracked: Publisher | None = None
        if IdsList is not None:
            self._tracked = node.create_publisher(IdsList, f'{BODIES}/tracked', RESULT_QOS)

    def publish(
        self,
        camera: str,
        people: Sequence[Person],
        size: tuple[int, int],
        remembered: Collection[str],
        header: Header,
    ) -> None:
        """
        Publish who is in an image, and who is tracked by all the cameras.

        :param camera: that took it
        :param size: width and height of the image
        :param remembered: ids of those who may come back; the topics of others are taken down
        """
        if self._tracked is None:
            return
        self._seen[camera] = [person.id for person in people]
        self._remembered[camera] = remembered
        for name in self._bodies.keys() - set().union(*self._remembered.values()):
            self._bodies.pop(name).destroy()
        for person in people:
            if person.id not in self._bodies:
                self._bodies[person.id] = Body(self._node, person.id)
            self._bodies[person.id].publish(person, size, header)
        self._tracked.publish(IdsList(header=header, ids=[*chain(*self._seen.values())]))

    def clear(self) -> None:
        """Tell that nobody is seen any more."""
        header = Header(stamp=self._node.get_clock().now().to_msg())
        for camera in [*self._seen]:
            self.publish(camera, [], (1, 1), (), header)


class Body:
    """
    The topics of one person.

    :param node: publishes them
    :param name: the person's id
    """

    def __init__(self, node: Node, name: str) -> None:
        self._node = node

        def publisher(kind: type, topic: str) -> Publisher:
            # No events: they would be waited for in another thread when this is destroyed.
            silent = PublisherEventCallbacks(use_default_callbacks=False)
            return node.create_publisher(
                kind, f'{BODIES}/{name}/{topic}', RESULT_QOS, event_callbacks=silent
            )

        self._skeleton = publisher(Skeleton2D, 'skeleton2d')
        self._roi = publisher(NormalizedRegionOfInterest2D, 'roi')

    def publish(self, person: Person, size: tuple[int, int], header: Header) -> None:
        """Publish joints and box."""
        points = [_point(joint, size) for joint in openpose_joints(person)]
        self._skeleton.publish(Skeleton2D(header=header, skeleton=points))
        left, top, width, height = person.bbox
        self._roi.publish(
            NormalizedRegionOfInterest2D(
                header=header,
                xmin=_share(left, size[0]),
                ymin=_share(top, size[1]),
                xmax=_share(left + width, size[0]),
                ymax=_share(top + height, size[1]),
                c=float(person.score),
            )
        )

    def destroy(self) -> None:
        """Take the topics down."""
        for publisher in (self._skeleton, self._roi):
            self._node.destroy_publisher(publisher)


# The joints of Skeleton2D in its order; its neck is between the shoulders.
ORDER = (
    'nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist '
    'right_hip right_knee right_ankle left_hip left_knee left_ankle left_eye right_eye '
    'left_ear right_ear'
).split()


def openpose_joints(person: Person) -> list[Keypoint]:
    """
    Give the 18 joints of Skeleton2D in pixels.

    The neck is in the middle of the shoulders, as sure as the less sure one; not seen if one of
    them is not.
    """
    joints = dict(zip(KEYPOINT_NAMES, person.keypoints, strict=True))
    left, right = joints['left_shoulder'], joints['right_shoulder']
    joints['neck'] = Keypoint(
        (left.x + right.x) / 2, (left.y + right.y) / 2, min(left.score, right.score)
    )
    return [joints[name] for name in ORDER]


def _point(joint: Keypoint, size: tuple[int, int]) -> NormalizedPointOfInterest2D:
    seen = joint.score > 0.0
    return NormalizedPointOfInterest2D(
        x=_share(joint.x, size[0]) if seen else 0.0,
        y=_share(joint.y, size[1]) if seen else 0.0,
        c=float(joint.score),
    )


def _share(place: float, length: int) -> float:
    return float(min(max(place / length, 0.0), 1.0))
