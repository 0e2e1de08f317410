"""Qualities of service of what the nodes publish."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

RESULT_QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
# Pictures for somebody who watches. Fast DDS keeps a buffer for each sample of the history, as
# large as the largest picture that was ever in it: ten of 1920 x 1080 would be 62 MB.
OVERLAY_QOS = QoSProfile(depth=2, reliability=ReliabilityPolicy.RELIABLE)
LATCHED_QOS = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
