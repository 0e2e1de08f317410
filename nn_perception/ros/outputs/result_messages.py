"""Results of the networks as ROS messages."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, PoseWithCovariance, Quaternion
from nn_perception.capabilities.messages import ResultMessages
from nn_perception_interfaces.msg import HumanPose, HumanPoseArray, Keypoint
from std_msgs.msg import Header, String
from vision_msgs.msg import (
    BoundingBox2D,
    Classification,
    Detection2D,
    Detection2DArray,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
    Point2D,
    Pose2D,
)

MESSAGE_TYPES = {
    'builtin_interfaces/msg/Time': Time,
    'geometry_msgs/msg/Point': Point,
    'geometry_msgs/msg/Pose': Pose,
    'geometry_msgs/msg/PoseWithCovariance': PoseWithCovariance,
    'geometry_msgs/msg/Quaternion': Quaternion,
    'nn_perception_interfaces/msg/HumanPose': HumanPose,
    'nn_perception_interfaces/msg/HumanPoseArray': HumanPoseArray,
    'nn_perception_interfaces/msg/Keypoint': Keypoint,
    'std_msgs/msg/Header': Header,
    'std_msgs/msg/String': String,
    'vision_msgs/msg/BoundingBox2D': BoundingBox2D,
    'vision_msgs/msg/Classification': Classification,
    'vision_msgs/msg/Detection2D': Detection2D,
    'vision_msgs/msg/Detection2DArray': Detection2DArray,
    'vision_msgs/msg/ObjectHypothesis': ObjectHypothesis,
    'vision_msgs/msg/ObjectHypothesisWithPose': ObjectHypothesisWithPose,
    'vision_msgs/msg/Point2D': Point2D,
    'vision_msgs/msg/Pose2D': Pose2D,
}

RESULT_MESSAGES = ResultMessages(MESSAGE_TYPES.__getitem__)
