"""
People on the topics of REP 155 (ROS4HRI), for programs that do not know this package.

They need hri_msgs, an optional package, so its messages are built in this module only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain

from nn_perception.capabilities.poses.skeleton import KEYPOINT_NAMES
from nn_perception.core.frame import Frame
from nn_perception.core.results import Keypoint, Person
from nn_perception.ros.outputs.headers import current_header
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
_USUAL_NAME = 'pose_estimator'


class HriBodies:
    """
    The topics below ``/humans/bodies``; there are none without hri_msgs.

    :param node: node that publishes them
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._prefix = id_prefix(node.get_namespace(), node.get_name())
        self._bodies: dict[str, HriBody] = {}
        self._visible: dict[str, list[str]] = {}
        self._tracked_ids: dict[str, Collection[str]] = {}
        self._tracked: Publisher | None = None
        if IdsList is not None:
            self._tracked = node.create_publisher(IdsList, f'{BODIES}/tracked', RESULT_QOS)

    def publish(
        self, frame: Frame, people: Sequence[Person], tracked_ids: Collection[str]
    ) -> None:
        """
        Publish the people in an image, and the ids that all cameras see.

        :param frame: the image, with its header; its source is the camera
        :param people: in pixels of the image
        :param tracked_ids: ids of the camera's tracks, also of people out of sight; the topics of
            all other people are removed
        """
        if self._tracked is None:
            return
        self._tracked_ids[frame.source] = tracked_ids
        for name in self._bodies.keys() - set().union(*self._tracked_ids.values()):
            self._bodies.pop(name).destroy()
        for person in people:
            if person.id not in self._bodies:
                self._bodies[person.id] = HriBody(self._node, self._prefix + person.id)
            self._bodies[person.id].publish(person, frame.size, frame.header)
        self._publish_visible(frame.source, [person.id for person in people], frame.header)

    def clear(self) -> None:
        """Publish that no one is visible, and remove the topics of all people."""
        for body in self._bodies.values():
            body.destroy()
        self._bodies.clear()
        self._tracked_ids.clear()
        for camera in [*self._visible]:
            self._publish_visible(camera, [], current_header(self._node))

    def _publish_visible(self, camera: str, ids: list[str], header: Header) -> None:
        self._visible[camera] = ids
        if self._tracked is not None:
            ids = [self._prefix + one for one in chain(*self._visible.values())]
            self._tracked.publish(IdsList(header=header, ids=ids))


def id_prefix(namespace: str, name: str) -> str:
    """
    Give what the ids of a node's people begin with, because all robots share ``/humans``.

    REP 155 wants letters, digits and ``_``, a letter first. Two underscores separate, so that the
    namespaces ``/a_b`` and ``/a/b`` differ.

    :param namespace: of the node
    :param name: of the node; left out if it is the usual one
    """
    parts = [part for part in namespace.split('/') if part]
    parts += [name] if name != _USUAL_NAME else []
    prefix = ''.join(f'{part}__' for part in parts)
    return prefix if not prefix or prefix[0].isalpha() else f'r{prefix}'


class HriBody:
    """
    The topics of one person.

    :param node: node that publishes them
    :param name: id of the person
    """

    def __init__(self, node: Node, name: str) -> None:
        self._node = node

        def publisher(kind: type, topic: str) -> Publisher:
            # With events, destroying the publisher would wait for them in another thread.
            silent = PublisherEventCallbacks(use_default_callbacks=False)
            return node.create_publisher(
                kind, f'{BODIES}/{name}/{topic}', RESULT_QOS, event_callbacks=silent
            )

        self._skeleton = publisher(Skeleton2D, 'skeleton2d')
        self._roi = publisher(NormalizedRegionOfInterest2D, 'roi')

    def publish(self, person: Person, size: tuple[int, int], header: Header) -> None:
        """Publish joints and bounding box."""
        points = [_point(joint, size) for joint in openpose_joints(person)]
        self._skeleton.publish(Skeleton2D(header=header, skeleton=points))
        left, top, width, height = person.bbox
        self._roi.publish(
            NormalizedRegionOfInterest2D(
                header=header,
                xmin=_fraction(left, size[0]),
                ymin=_fraction(top, size[1]),
                xmax=_fraction(left + width, size[0]),
                ymax=_fraction(top + height, size[1]),
                c=float(person.score),
            )
        )

    def destroy(self) -> None:
        """Remove the topics."""
        for publisher in (self._skeleton, self._roi):
            self._node.destroy_publisher(publisher)


# Joints in the order of Skeleton2D; its neck is between the shoulders.
ORDER = (
    'nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist '
    'right_hip right_knee right_ankle left_hip left_knee left_ankle left_eye right_eye '
    'left_ear right_ear'
).split()


def openpose_joints(person: Person) -> list[Keypoint]:
    """
    Give the 18 joints of Skeleton2D, in pixels.

    The neck is midway between the shoulders and has the lower of their scores, so it is not seen
    if one shoulder is not.
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
        x=_fraction(joint.x, size[0]) if seen else 0.0,
        y=_fraction(joint.y, size[1]) if seen else 0.0,
        c=float(joint.score),
    )


def _fraction(position: float, length: int) -> float:
    return float(min(max(position / length, 0.0), 1.0))
