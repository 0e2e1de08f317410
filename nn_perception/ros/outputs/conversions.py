"""From pictures and results to ROS messages; those of teaching are in learning_conversions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builtin_interfaces.msg import Time
import cv2
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Point
from nn_perception.capabilities.poses.skeleton import LIMBS
from nn_perception.core.results import Digit, Person, Tag
from nn_perception_interfaces.msg import (
    HumanPose,
    HumanPoseArray,
    Keypoint,
)
import numpy as np
from rclpy.duration import Duration
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import ColorRGBA, Header, String
from vision_msgs.msg import (
    BoundingBox2D,
    Classification,
    Detection2D,
    Detection2DArray,
    LabelInfo,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
    VisionClass,
    VisionInfo,
)
from visualization_msgs.msg import Marker, MarkerArray

# Encoding that can be published -> OpenCV's conversion from BGR; None where there is none.
_FROM_BGR = {
    'bgr8': None,
    'rgb8': cv2.COLOR_BGR2RGB,
    'mono8': cv2.COLOR_BGR2GRAY,
    'bgra8': cv2.COLOR_BGR2BGRA,
    'rgba8': cv2.COLOR_BGR2RGBA,
}
PUBLISHED_ENCODINGS = tuple(_FROM_BGR)

# Sizes of what rviz draws of a person, in metres.
LIMB_M = 0.03
JOINT_M = 0.05
NAME_M = 0.15
# So long rviz shows a skeleton when no newer one comes.
MARKER_LIFETIME_S = 1.0

LEVELS = {
    'ok': DiagnosticStatus.OK,
    'warn': DiagnosticStatus.WARN,
    'error': DiagnosticStatus.ERROR,
}


def header(stamp: Time, frame_id: str) -> Header:
    """Build a header."""
    return Header(stamp=stamp, frame_id=frame_id)


def stamp_seconds(stamp: Time) -> float:
    """Read a stamp as seconds; 0.0 for one that nobody set."""
    return stamp.sec + stamp.nanosec * 1e-9


def image(image_bgr: np.ndarray, header: Header, encoding: str = 'bgr8') -> Image:
    """
    Build a raw image message.

    :param image_bgr: uint8 BGR, shape ``(H, W, 3)``
    :param header: goes into the message as it is
    :param encoding: one of :data:`PUBLISHED_ENCODINGS`
    """
    code = _FROM_BGR[encoding]
    pixels = image_bgr if code is None else cv2.cvtColor(image_bgr, code)
    msg = Image(header=header, encoding=encoding)
    msg.height, msg.width = pixels.shape[:2]
    msg.step = pixels[0].nbytes
    # The only quick way to fill it: an assignment goes through every byte or copies twice.
    msg.data.frombytes(np.ascontiguousarray(pixels).data)
    return msg


def compressed_image(image_bgr: np.ndarray, header: Header, jpeg_quality: int) -> CompressedImage:
    """
    Build a JPEG image message.

    :param image_bgr: uint8 BGR, shape ``(H, W, 3)``
    :param jpeg_quality: 1 to 100
    :raises ValueError: if the picture is larger than JPEG can hold
    """
    height, width = image_bgr.shape[:2]
    if max(height, width) > 65500:
        raise ValueError(f'JPEG holds at most 65500 pixels a side, got {width} x {height}')
    _, buffer = cv2.imencode('.jpg', image_bgr, (cv2.IMWRITE_JPEG_QUALITY, jpeg_quality))
    msg = CompressedImage(header=header, format='bgr8; jpeg compressed bgr8')
    msg.data.frombytes(buffer.data)
    return msg


def camera_info(header: Header, calibration: Mapping[str, object]) -> CameraInfo:
    """
    Build a CameraInfo.

    :param calibration: ``width``, ``height``, ``distortion_model``, ``d``, ``k``, ``r``,
        ``p`` as in the message; a camera that is not calibrated has ``k[0] == 0``
    """
    return CameraInfo(header=header, **calibration)


def classification(tags: Sequence[Tag], header: Header) -> Classification:
    """Build the result for one image, best tag first; ``class_id`` holds the label."""
    results = [ObjectHypothesis(class_id=tag.label, score=float(tag.score)) for tag in tags]
    return Classification(header=header, results=results)


def detections(digits: Sequence[Digit], header: Header) -> Detection2DArray:
    """Build the result for one image in the order given; ``class_id`` holds the digit."""
    return Detection2DArray(header=header, detections=[_detection(d, header) for d in digits])


def _detection(digit: Digit, header: Header) -> Detection2D:
    result = ObjectHypothesisWithPose(
        hypothesis=ObjectHypothesis(class_id=digit.label, score=float(digit.score))
    )
    return Detection2D(header=header, results=[result], bbox=_box(digit.bbox))


def _box(bbox: tuple[float, float, float, float]) -> BoundingBox2D:
    left, top, width, height = (float(value) for value in bbox)
    box = BoundingBox2D(size_x=width, size_y=height)
    box.center.position.x = left + width / 2
    box.center.position.y = top + height / 2
    return box


def human_poses(
    people: Sequence[Person], positions: Sequence[np.ndarray] | None, header: Header
) -> HumanPoseArray:
    """
    Build the result for one image in the order given.

    :param positions: of each person's joints in metres in the header's frame, ``(17, 3)``, NaN
        where unknown; None without depth
    """
    places = [None] * len(people) if positions is None else positions
    poses = [_human_pose(person, at) for person, at in zip(people, places, strict=True)]
    return HumanPoseArray(header=header, poses=poses)


def _human_pose(person: Person, positions: np.ndarray | None) -> HumanPose:
    return HumanPose(
        id=person.id,
        score=float(person.score),
        bbox=_box(person.bbox),
        keypoints=[Keypoint(x=j.x, y=j.y, score=j.score) for j in person.keypoints],
        positions=[] if positions is None else [_point(place) for place in positions],
    )


def _point(place: np.ndarray) -> Point:
    x, y, z = place.tolist()
    return Point(x=x, y=y, z=z)


def skeleton_markers(
    skeletons: Sequence[tuple[str, tuple[int, int, int], np.ndarray]], header: Header
) -> MarkerArray:
    """
    Build what rviz draws of the people in one image; all that was drawn before goes away.

    :param skeletons: id, colour (blue, green, red) and joints in metres, ``(17, 3)``, NaN where
        unknown, of each person
    """
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for number, (name, bgr, joints) in enumerate(skeletons):
        known = np.isfinite(joints).all(axis=1)
        if not known.any():
            continue
        ends = [end for limb in LIMBS if known[list(limb)].all() for end in limb]
        blue, green, red = (value / 255.0 for value in bgr)
        common = {
            'header': header,
            'id': number,
            'color': ColorRGBA(r=red, g=green, b=blue, a=1.0),
            'lifetime': Duration(seconds=MARKER_LIFETIME_S).to_msg(),
        }
        limbs = Marker(ns='limbs', type=Marker.LINE_LIST, **common)
        limbs.scale.x = LIMB_M
        limbs.points = [_point(joints[end]) for end in ends]
        spots = Marker(ns='joints', type=Marker.SPHERE_LIST, **common)
        spots.scale.x = spots.scale.y = spots.scale.z = JOINT_M
        spots.points = [_point(joint) for joint in joints[known]]
        label = Marker(ns='ids', type=Marker.TEXT_VIEW_FACING, text=name, **common)
        label.scale.z = NAME_M
        # Up is where y is least.
        label.pose.position = _point(joints[known][joints[known][:, 1].argmin()])
        label.pose.position.y -= 1.5 * NAME_M
        # A list of lines without any is an error to rviz.
        markers += [limbs, spots, label] if ends else [spots, label]
    return MarkerArray(markers=markers)


def text(lines: Sequence[str]) -> String:
    """Build a text of several lines."""
    return String(data='\n'.join(lines))


def label_info(labels: Sequence[str], threshold: float, header: Header) -> LabelInfo:
    """Build the table of a model's labels; ids are their places."""
    classes = [VisionClass(class_id=i, class_name=label) for i, label in enumerate(labels)]
    return LabelInfo(header=header, class_map=classes, threshold=float(threshold))


def vision_info(method: str, location: str, version: int, header: Header) -> VisionInfo:
    """Build the description of the model that makes the results."""
    return VisionInfo(
        header=header, method=method, database_location=location, database_version=version
    )


def diagnostics(
    name: str,
    hardware_id: str,
    level: str,
    message: str,
    values: Mapping[str, object],
    header: Header,
) -> DiagnosticArray:
    """
    Build the diagnostics of one node.

    :param level: ``'ok'``, ``'warn'`` or ``'error'``
    :param values: shown as text, in this order
    """
    status = DiagnosticStatus(
        level=LEVELS[level],
        name=name,
        hardware_id=hardware_id,
        message=message,
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )
    return DiagnosticArray(header=header, status=[status])
